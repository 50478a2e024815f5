"""Checkpoints: the whole state of a training, from which it resumes as if it had never stopped.

    RUN/ckpt/epoch-3-step-200.pt      the state after 200 steps of the third epoch
    RUN/ckpt/epoch-3-step-200.json    its size and SHA-256; without this file, the checkpoint is not valid

Each file is written to a temporary one, synced and moved into place, the JSON after the state; only then are older
checkpoints removed. So whenever the process or the machine dies, the newest state with a JSON is complete, and the one
before it still exists.
"""

import hashlib
import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

from fcnet.errors import CheckpointError
from fcnet.rundir import find, tensor_files
from fcnet.system import files

FOLDER = find.CHECKPOINTS  # in the run directory

# Raise when the state changes its form.
SCHEMA = 2  # 1 was of fcnet 0.1

KEPT = 2  # checkpoints: the newest, and the one before in case the newest gets corrupted on disk

_NAME = re.compile(r"epoch-([0-9]{1,18})-step-([0-9]{1,18})")


def is_name(path: Path) -> bool:
    """Return whether a file has the name of a checkpoint, or of the JSON beside one."""
    return path.suffix in (".pt", ".json") and _NAME.fullmatch(path.stem) is not None


def is_partial(path: Path) -> bool:
    """Return whether a file has the name of a checkpoint that was being written (``files.write_bytes``)."""
    match = files.PARTIAL.fullmatch(path.name)
    return match is not None and is_name(Path(match["name"]))


def is_sealed(path: Path) -> bool:
    """Return whether a file is a checkpoint with its JSON beside it, or that JSON."""
    try:
        seal = files.read_json(path.with_suffix(".json"))
        return is_name(path) and seal.keys() == {"schema", "bytes", "sha256"} and path.with_suffix(".pt").is_file()
    except (OSError, ValueError):
        return False


class _Damaged(Exception):
    """A checkpoint that is not what was written."""


class Checkpointer:
    """The checkpoints of one run.

    Args:
        run: the run directory.
    """

    def __init__(self, run: Path) -> None:
        self.folder = run / FOLDER
        self._whole: list[str] = []  # names of intact ones, the oldest first

    def save(self, state: dict[str, Any], epoch: int, step: int) -> None:
        """Write a state, of tensors, numbers, strings, lists and dicts, and remove all checkpoints but ``KEPT``."""
        name = _name(epoch, step)
        data = tensor_files.encode(state)
        seal = {"schema": SCHEMA, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{name}.json").unlink(missing_ok=True)  # of a damaged one, which is replaced
        files.write_bytes(self.folder / f"{name}.pt", data)
        files.write_bytes(self.folder / f"{name}.json", (json.dumps(seal) + "\n").encode())
        self._whole = [*(other for other in self._whole if other != name), name][-KEPT:]
        self._remove_others()

    def trust(self, path: Path) -> None:
        """Keep a checkpoint that was read until ``KEPT`` newer ones exist."""
        self._whole = [path.stem]

    def newest(self, metrics: int | None = None) -> tuple[Path, dict[str, Any], list[str]] | None:
        """Return the newest intact checkpoint.

        Args:
            metrics: size of the metrics in bytes; a checkpoint that expects no more is preferred, since it loses none.

        Returns:
            Its file, its state, and the problems of newer ones; None if there is no checkpoint at all.

        Raises:
            CheckpointError: all are damaged, or the newest intact one has another schema.
        """
        problems: list[str] = []
        without_metrics: tuple[Path, dict[str, Any], list[str]] | None = None
        for name in self._names():
            path = self.folder / f"{name}.pt"
            try:
                state = _read(path)
                known = state.get("metrics_bytes", 0)
                if metrics is not None and isinstance(known, int) and known > metrics:
                    without_metrics = without_metrics or (path, state, list(problems))
                    raise _Damaged(f"expects {known} bytes of metrics.jsonl, of which {metrics} are left")
            except _Damaged as error:
                problems.append(f"{path}: {error}")
                continue
            return path, state, problems
        if without_metrics is not None:  # better lose lines of the log than the state
            return without_metrics
        # A single file without its JSON is an interrupted first save. If there are more, their JSONs were lost.
        unsealed = sorted(path for path in self.folder.glob("*.pt") if _NAME.fullmatch(path.stem))
        if problems or len(unsealed) > 1:
            problems = problems or [f"{path}: its {path.stem}.json is missing" for path in unsealed]
            last = f"{self.folder}: no checkpoint is intact; restore one from a copy, or start a new run"
            raise CheckpointError(*problems, last)
        return None

    def places(self) -> list[tuple[int, int]]:
        """Return epoch and step of each completed checkpoint, the newest first."""
        matches = [_NAME.fullmatch(path.stem) for path in self.folder.glob("*.json")]
        return sorted(((int(match[1]), int(match[2])) for match in matches if match), reverse=True)

    def at(self, place: tuple[int, int]) -> tuple[Path, dict[str, Any]] | None:
        """Return file and state of the checkpoint of an epoch and step; None if it is damaged or there is none."""
        path = self.folder / f"{_name(*place)}.pt"
        try:
            return path, _read(path)
        except _Damaged:
            return None

    def _names(self) -> list[str]:
        """Return the names of completed checkpoints, the newest first."""
        return [_name(*place) for place in self.places()]

    def _remove_others(self) -> None:
        """Remove older, damaged and unfinished checkpoints."""
        own = [path for path in self.folder.iterdir() if is_name(path) or is_partial(path)]
        for path in sorted(own, key=lambda path: path.suffix != ".json"):  # never leave a JSON without its state
            if is_partial(path) or path.stem not in self._whole:
                path.unlink(missing_ok=True)


def _name(epoch: int, step: int) -> str:
    return f"epoch-{epoch}-step-{step}"


def _read(path: Path) -> dict[str, Any]:
    """Read a state, and check its size and hash."""
    try:
        seal = files.read_json(path.with_suffix(".json"))
        schema, size, sha256 = int(seal["schema"]), int(seal["bytes"]), str(seal["sha256"])
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        raise _Damaged(f"is damaged ({path.with_suffix('.json').name} is not readable)") from None
    if schema != SCHEMA:
        raise CheckpointError(
            f"{path}: has schema {schema}, and this fcnet reads {SCHEMA}; resume with the version of fcnet that wrote"
            " it (see environment.json)"
        )
    if not path.is_file():  # opening a pipe would block for ever
        raise _Damaged("is missing or not a file")
    try:
        found = path.stat().st_size
        if found != size:
            raise _Damaged(f"is damaged (has {found} bytes, but {size} were written)")
        data = files.read_bytes(path, tensor_files.most_bytes())
    except OSError as error:
        raise _Damaged(f"cannot be read ({error.strerror or error})") from None
    except files.NotReadable as error:
        raise _Damaged(f"{error}, too many for this machine's memory") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _Damaged("is damaged (its SHA-256 differs from the recorded one)")
    state = tensor_files.decode(BytesIO(data), path)
    if not isinstance(state, dict) or not tensor_files.is_plain(state):
        raise CheckpointError(f"{path}: is not a training state; start a new run without --resume")
    return state
