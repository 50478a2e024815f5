"""A run's files besides its log: write and read config, environment and result."""

import functools
import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch

from fcnet import schema
from fcnet.data import looks
from fcnet.data.dataset import ImageFolder
from fcnet.data.photos import style
from fcnet.data.splits import Splits
from fcnet.errors import CheckpointError
from fcnet.rundir.directory import CONFIG, ENVIRONMENT, METRICS, RESULT, SKIPPED
from fcnet.schema import Config
from fcnet.system import files
from fcnet.system.text import now
from fcnet.training.records import EpochRecord

# What is known of images, while they are in memory: a process may train many nets on them.
_IMAGES: "WeakKeyDictionary[Splits, tuple[dict[str, Any], dict[str, Any] | None]]" = WeakKeyDictionary()


def write_start(
    path: Path,
    name: str,
    settings: Config,
    splits: Splits,
    device: torch.device,
    together: Sequence[str] = (),
) -> None:
    """Write all files that are known before the first step.

    Args:
        path: the run directory.
        name: of the config.
        settings: the config.
        splits: the images.
        device: where to compute.
        together: the other runs that are trained together with this one.
    """
    write_config(path, settings)
    group = {"together": list(together)} if together else {}
    _write_json(path / ENVIRONMENT, {"name": name} | environment(splits, device) | group)
    (path / METRICS).touch()
    skipped = [f"{name}: {problem}\n" for name, split in splits.items() for problem in split.skipped]
    if skipped:
        files.write_bytes(path / SKIPPED, "".join(skipped).encode(errors="backslashreplace"))


def write_config(path: Path, settings: Config) -> None:
    """Write the resolved config."""
    files.write_bytes(path / CONFIG, schema.dump(settings).encode(errors="backslashreplace"))


def write_resumed(path: Path, splits: Splits, device: torch.device, epoch: int, step: int) -> None:
    """Add to the environment that a run is resumed, on which machine, and after which step."""
    try:
        facts = read_json(path / ENVIRONMENT)
    except CheckpointError:  # informational only; not worth failing for
        facts = environment(splits, device) | {"started": None}
    before = facts.get("resumed")
    session = {"epoch": epoch, "step": step} | machine(device)
    facts["resumed"] = [*(before if isinstance(before, list) else []), session]
    _write_json(path / ENVIRONMENT, facts)


def write_step(path: Path, step: str) -> None:
    """Add to the environment how steps are computed; layer by layer, in each phase."""
    facts = read_json(path / ENVIRONMENT)
    steps = facts.get("steps")
    known = steps if isinstance(steps, list) else []
    if step not in known:
        _write_json(path / ENVIRONMENT, facts | {"steps": [*known, step]})


def environment(splits: Splits, device: torch.device) -> dict[str, Any]:
    """Return what is needed to rerun a run, and to find out why another machine's metrics differ."""
    if splits not in _IMAGES:
        _IMAGES[splits] = {name: _facts(split) for name, split in splits.items()}, _style(splits.train)
    facts, style = _IMAGES[splits]
    return machine(device) | {"data": facts, "style": style}


def _facts(split: ImageFolder) -> dict[str, Any]:
    """Return what the images of a split are."""
    return {
        "images": str(split.origin),
        "n": len(split),
        "sha256": split.sha256,
        "labels": split.fingerprint()["labels"],
        "names": _hash_of(split.names),
        "border": round(looks.border(split.pieces()), 4),
    }


def _hash_of(names: Sequence[str]) -> str:
    """Return a fingerprint of file names, in order."""
    return hashlib.sha256("\0".join(names).encode(errors="backslashreplace")).hexdigest()


def _style(images: ImageFolder) -> dict[str, Any] | None:
    """Return how the training images show their digits, for photos to be shown alike; None if not as strokes."""
    found = style.measured(images.some(style.LOOKED_AT).numpy())
    return None if found is None else found.plain()


def machine(device: torch.device) -> dict[str, Any]:
    """Describe the machine, and how this process runs."""
    packages = ("fcnet", "torch", "torchvision", "numpy", "pillow")
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in packages},
        "platform": platform.platform(),
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "git_commit": _commit_of_process(str(Path.cwd())),
        "command": sys.argv,
        "folder": str(Path.cwd()),
        "started": now(),
    }


def device_name(device: torch.device) -> str:
    """Return the GPU's name, or the CPU's architecture and the instruction set that torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"


def _version(package: str) -> str | None:
    """Return the version of an installed package; None if it is not installed (a checkout on the path)."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Return the commit of the repository that the run was started in, followed by ``+`` if files are changed."""
    try:
        commands = (["git", "rev-parse", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"])
        commit, changes = (subprocess.run(c, capture_output=True, timeout=10) for c in commands)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Bytes: the names of changed files may not be UTF-8.
    return commit.stdout.decode().strip() + "+" * bool(changes.stdout) if commit.returncode == 0 else None


@functools.cache
def _commit_of_process(folder: str) -> str | None:  # noqa: ARG001
    """Return the commit, as it was when the process first asked in a folder: it has the code of that time."""
    return _git_commit()


def write_result(
    path: Path,
    ended: str,
    last: EpochRecord | None,
    best: EpochRecord | None,
    seconds: float,
    more: dict[str, Any] | None = None,
) -> None:
    """Write the final metrics; ``ended`` is "finished" or why the run ended early.

    ``more`` are further entries, and among them those of ``best``, the best epoch by validation.
    """
    result: dict[str, Any] = {"ended": ended, "seconds": round(seconds, 3)} | (more or {})
    if last is not None:
        result |= {"epoch": last.epoch} | last.to_plain()["metrics"]
    if best is not None:
        result["best"] = {"epoch": best.epoch} | best.to_plain()["metrics"] | result.get("best", {})
    _write_json(path / RESULT, result)


def _write_json(path: Path, values: Any) -> None:
    files.write_bytes(
        path,
        (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="backslashreplace"),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a run. Raises CheckpointError if it is missing or damaged."""
    try:
        return files.read_json(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: is missing; the run was moved or interrupted: train it again") from None
    except ValueError:
        raise CheckpointError(f"{path}: is damaged; the run was changed or interrupted: train it again") from None
