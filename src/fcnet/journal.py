"""What a run writes down: config, environment, metrics, result; and how they are read again."""

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import torch

from fcnet import config, files
from fcnet.data import Splits, border
from fcnet.errors import CheckpointError, naming
from fcnet.metrics import EpochRecord, StageRecord, StepRecord
from fcnet.rundir import CONFIG, ENVIRONMENT, METRICS, RESULT, SKIPPED
from fcnet.schema import Config


def write_start(path: Path, name: str, settings: Config, splits: Splits, device: torch.device) -> None:
    """Write what is known before the first step; ``name`` is the config's."""
    write_config(path, settings)
    _write_json(path / ENVIRONMENT, {"name": name} | environment(splits, device))
    (path / METRICS).touch()
    skipped = [f"{name}: {problem}\n" for name, split in splits.items() for problem in split.skipped]
    if skipped:
        files.write_bytes(path / SKIPPED, "".join(skipped).encode(errors="backslashreplace"))


def write_config(path: Path, settings: Config) -> None:
    """Write the resolved config."""
    files.write_bytes(path / CONFIG, config.dump(settings).encode(errors="backslashreplace"))


def write_resumed(path: Path, splits: Splits, device: torch.device, epoch: int, step: int) -> None:
    """Add to the environment that a run goes on, where, and after which step."""
    try:
        facts = read_json(path / ENVIRONMENT)
    except CheckpointError:  # it only tells: no reason not to go on
        facts = environment(splits, device) | {"started": None}
    before = facts.get("resumed")
    sitting = {"epoch": epoch, "step": step} | machine(device)
    facts["resumed"] = [*(before if isinstance(before, list) else []), sitting]
    _write_json(path / ENVIRONMENT, facts)


def environment(splits: Splits, device: torch.device) -> dict[str, Any]:
    """What a run stands on: enough to rerun it, and to tell why another machine's figures differ."""
    facts = {
        name: {
            "images": str(split.origin),
            "n": len(split),
            "sha256": split.sha256,
            "border": round(border(split.pieces()), 4),
        }
        for name, split in splits.items()
    }
    return machine(device) | {"data": facts}


def machine(device: torch.device) -> dict[str, Any]:
    """Where and how the present process runs."""
    packages = ("fcnet", "torch", "torchvision", "numpy", "pillow")
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in packages},
        "platform": platform.platform(),
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "git_commit": _git_commit(),
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def device_name(device: torch.device) -> str:
    """What computes: the GPU's name, or the CPU's kind and the instructions that torch uses of it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"


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


KINDS = {StepRecord: "step", StageRecord: "stage", EpochRecord: "epoch"}


def append(path: Path, record: StepRecord | StageRecord | EpochRecord) -> None:
    """Add a record to the metrics."""
    kind = KINDS[type(record)]
    with naming(path / METRICS), _metrics(path, "a") as file:
        file.write(json.dumps({"kind": kind} | record.to_dict(), allow_nan=False) + "\n")


def metrics_size(path: Path) -> int:
    """Bytes of the metrics so far, which are on the disk when this returns."""
    with naming(path / METRICS), _metrics(path, "a") as file:
        os.fsync(file.fileno())
        return file.seek(0, os.SEEK_END)


def _metrics(path: Path, mode: str) -> IO[str]:
    """The open metrics; never a file elsewhere that a link leads to."""
    return open(path / METRICS, mode, encoding="utf-8", opener=files.following_no_link)


def metrics_left(path: Path) -> int:
    """Bytes of the metrics that are there."""
    file = path / METRICS
    return file.stat().st_size if file.is_file() else 0


def cut_metrics(path: Path, size: int) -> None:
    """Take away what was written after a checkpoint. Raises CheckpointError where there is less than it knew."""
    file = path / METRICS
    found = file.read_bytes()[:size] if file.is_file() else b""
    if len(found) < size or (size and not found.endswith(b"\n")):
        raise CheckpointError(
            f"{file}: its first {size} bytes, which the checkpoint goes with, are not there or not the same; restore it"
            " from a copy, or start a new run"
        )
    os.truncate(file, size)


def write_result(
    path: Path,
    ended: str,
    last: EpochRecord | None,
    best: EpochRecord | None,
    seconds: float,
    more: dict[str, Any] | None = None,
) -> None:
    """Write the final figures; ``ended`` is "finished", or why not, and ``more`` what is to be said of it."""
    result: dict[str, Any] = {"ended": ended, "seconds": round(seconds, 3)} | (more or {})
    if last is not None:
        result |= {"epoch": last.epoch} | last.to_plain()["figures"]
    if best is not None:
        result["best"] = {"epoch": best.epoch} | best.to_plain()["figures"]
    _write_json(path / RESULT, result)


def _write_json(path: Path, values: Any) -> None:
    files.write_bytes(
        path,
        (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace"),
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a run. Raises CheckpointError where it is missing or damaged."""
    try:
        return files.read_json(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: is missing; the run was moved or cut short: train it again") from None
    except ValueError:
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
        except (ValueError, TypeError, RecursionError):
            raise CheckpointError(f"{file}:{number}: is damaged; remove the line") from None
    return records
