"""The files of a run.

config.yaml        resolved; reruns as it is
environment.json   versions, device, threads, git commit, command line; what the data was
metrics.jsonl      one record per logged step and per epoch
model.pth          weights after the last epoch
best.pth           weights of the best epoch by validation, where there is a validation split
result.json        final figures and how the run ended
plots/             pictures
"""

import json
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from fcnet import checkpoint, config
from fcnet.data import Splits, border
from fcnet.errors import CheckpointError, ConfigError, naming
from fcnet.metrics import EpochRecord, StepRecord
from fcnet.schema import Config

ROOT = Path("checkpoints")

CONFIG, ENVIRONMENT, METRICS, RESULT = "config.yaml", "environment.json", "metrics.jsonl", "result.json"
MODEL, BEST, PLOTS = "model.pth", "best.pth", "plots"
FILES = frozenset({CONFIG, ENVIRONMENT, METRICS, RESULT, MODEL, BEST, PLOTS})


def is_run(path: Path) -> bool:
    """Whether a folder is a run directory."""
    return (path / CONFIG).is_file()


def check_free(out: Path, overwrite: bool) -> None:
    """Raise ConfigError if a run may not be written to ``out``: only what is nothing but a run is replaced."""
    if not (out.exists() or out.is_symlink()):
        return
    if not overwrite:
        raise ConfigError(f"--out {out}: exists already; choose another folder, or give --overwrite to replace the run")
    if out.is_symlink() or not all((out / name).is_file() for name in (CONFIG, ENVIRONMENT, METRICS)):
        raise ConfigError(f"--overwrite {out}: is no run directory; choose another folder")
    if Path.cwd().is_relative_to(out.resolve()):
        raise ConfigError(f"--overwrite {out}: is the folder that the command runs in, or above it; run from elsewhere")
    others = sorted({path.name for path in out.iterdir()} - FILES)
    if others:
        raise ConfigError(
            f"--overwrite {out}: holds {others[0]}, which is not of a run; move it, or choose another folder"
        )


def create(out: Path | None, name: str, overwrite: bool) -> Path:
    """Take a new run directory: ``out``, or the first free one of ``checkpoints/NAME``, ``NAME-2``, ...

    Raises:
        ConfigError: ``out`` exists and is not to be replaced.
    """
    if out is not None:
        check_free(out, overwrite)
        if out.exists():
            shutil.rmtree(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.mkdir()
        return out
    ROOT.mkdir(exist_ok=True)
    number = 1
    while True:
        path = ROOT / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()  # fails where another process has just taken it
            return path
        except FileExistsError:
            number += 1


def newest() -> Path:
    """The run below ``checkpoints/`` that was started last. Raises ConfigError where there is none."""
    runs = [path for path in ROOT.glob("*") if is_run(path)]
    if not runs:
        raise ConfigError(f"{ROOT}: holds no run yet; name one, or train with fcnet train --config configs/digits.yaml")
    return max(runs, key=lambda path: ((path / CONFIG).stat().st_mtime_ns, path.name))


def write_start(path: Path, settings: Config, splits: Splits, device: torch.device) -> None:
    """Write what is known before the first step."""
    checkpoint.write_bytes(path / CONFIG, config.dump(settings).encode(errors="backslashreplace"))
    _write_json(path / ENVIRONMENT, environment(splits, device))
    (path / METRICS).touch()


def environment(splits: Splits, device: torch.device) -> dict[str, Any]:
    """What a run stands on: enough to rerun it, and to tell why another machine's figures differ."""
    facts = {
        name: {
            "images": str(split.origin),
            "n": len(split),
            "sha256": split.sha256,
            "border": round(border(split.images.cpu()), 4),
        }
        for name, split in splits.items()
    }
    packages = ("fcnet", "torch", "torchvision", "numpy", "pillow")
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in packages},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({platform.machine()})",
        "threads": torch.get_num_threads(),
        "git_commit": _git_commit(),
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data": facts,
    }


def _version(package: str) -> str | None:
    """Version of an installed package; None where it is not installed as one (a checkout on the path)."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Commit of the repository that the run was started in, with ``+`` behind it where files are changed."""
    try:
        commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"])
        commit, changes = (subprocess.run(c, capture_output=True, text=True, timeout=10) for c in commands)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return commit.stdout.strip() + ("+" if changes.stdout else "") if commit.returncode == 0 else None


def append(path: Path, record: StepRecord | EpochRecord) -> None:
    """Add a record to the metrics."""
    kind = "step" if isinstance(record, StepRecord) else "epoch"
    with naming(path / METRICS), (path / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind} | asdict(record), allow_nan=False) + "\n")


def write_result(path: Path, ended: str, last: EpochRecord | None, best: EpochRecord | None, seconds: float) -> None:
    """Write the final figures; ``ended`` is "finished", or why not."""
    result: dict[str, Any] = {"ended": ended, "seconds": round(seconds, 3)}
    if last is not None:
        result |= {"epoch": last.epoch} | _figures(last)
    if best is not None:
        result["best"] = {"epoch": best.epoch} | _figures(best)
    _write_json(path / RESULT, result)


def _figures(record: EpochRecord) -> dict[str, Any]:
    return {name: metrics.to_dict() for name, metrics in record.figures().items()}


def _write_json(path: Path, values: Any) -> None:
    checkpoint.write_bytes(
        path,
        (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace"),
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a run. Raises CheckpointError where it is missing or damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise CheckpointError(f"{path}: is missing; the run was moved or cut short: train it again") from None
    except (ValueError, TypeError):
        raise CheckpointError(f"{path}: is damaged; the run was changed or cut short: train it again") from None


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The records of a run, in order. Raises CheckpointError with the line where one is damaged."""
    file = path / METRICS
    if not file.is_file():
        raise CheckpointError(f"{file}: is missing; give a run directory that fcnet train has written")
    records = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            records.append(dict(json.loads(line)))
        except (ValueError, TypeError):
            raise CheckpointError(f"{file}:{number}: is damaged; remove the line") from None
    return records
