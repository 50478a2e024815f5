"""``metrics.jsonl``: one record per line, appended during training.

The log is for people and figures; a training resumes from its checkpoints, not from the log. So a damaged line is left
out with a warning, and has no other effect.
"""

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import IO, Any

from fcnet.errors import CheckpointError
from fcnet.rundir.directory import METRICS
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.system.text import few
from fcnet.training.records import EpochRecord, StageRecord, StepRecord

KINDS = (StepRecord.kind, StageRecord.kind, EpochRecord.kind)  # of the records that are kept

MOST_BYTES = 1 << 30  # largest log that is read: seven million lines

SPLITS = ("train", "validation", "test")
_NUMBERS = {"loss", "n"}  # in the metrics of every split


@dataclass(frozen=True)
class Found:
    """The contents of a log.

    Attributes:
        records: in order.
        lines: the text of each record, with its line end.
        damaged: numbers of the lines that are not records, from 1.
    """

    records: list[dict[str, Any]]
    lines: list[bytes]
    damaged: list[int]


class MetricsLog:
    """The sink that writes the metrics of a run.

    Args:
        run: the run directory.
    """

    def __init__(self, run: Path) -> None:
        self._run = run

    def write(self, record: Any) -> None:
        """Append a record, if it is of a kind that is kept."""
        if record.kind in KINDS:
            append(self._run, record)

    def close(self) -> None:
        """Do nothing: each record is written at once."""


def append(run: Path, record: StepRecord | StageRecord | EpochRecord) -> None:
    """Append a record."""
    with _opened(run) as file:
        file.write(json.dumps({"kind": record.kind} | record.to_dict(), allow_nan=False) + "\n")


def size(run: Path) -> int:
    """Sync the log to disk, and return its size in bytes."""
    with _opened(run) as file:
        os.fsync(file.fileno())
        return file.seek(0, os.SEEK_END)


@contextmanager
def _opened(run: Path) -> Iterator[IO[str]]:
    """Open the log for appending; refuse to follow a link."""
    path = run / METRICS
    with naming(path), open(path, "a", encoding="utf-8", opener=files.following_no_link) as file:
        yield file


def left(run: Path) -> int:
    """Return the size of the log in bytes; 0 if it does not exist."""
    path = run / METRICS
    return path.stat().st_size if path.is_file() else 0


def cut(run: Path, known: int, step: tuple[int, int], epoch: int) -> str:
    """Remove what was written after a checkpoint.

    Args:
        run: the run directory.
        known: size in bytes when the checkpoint was written.
        step: epoch and step after which it was written.
        epoch: the last one that was evaluated before it; 0 if there was none.

    Returns:
        A warning about lines that are lost; "" if none are.

    Raises:
        CheckpointError: the log is larger than any that fcnet reads.
    """
    path = run / METRICS
    if left(run) >= known and (not known or _byte(path, known - 1) == b"\n"):
        with _opened(run) as file:
            os.truncate(file.fileno(), known)
        return ""
    # Lines are lost or were changed: the records themselves say which were written before the checkpoint.
    found = _read(path) if path.is_file() else Found([], [], [])
    kept = [line for record, line in zip(found.records, found.lines, strict=True) if _is_before(record, step, epoch)]
    files.write_bytes(path, b"".join(kept))
    return f"{path}: lines from before the checkpoint are lost or damaged; the run continues without them"


def _byte(path: Path, place: int) -> bytes:
    with path.open("rb") as file:
        file.seek(place)
        return file.read(1)


def _is_before(record: dict[str, Any], step: tuple[int, int], epoch: int) -> bool:
    if record["kind"] == "step":
        return (record["epoch"], record["step"]) <= step
    return bool(record["epoch"] <= (epoch if record["kind"] == "epoch" else step[0]))


def read(run: Path) -> tuple[list[dict[str, Any]], str]:
    """Return the records of a run, in order, and a warning about damaged lines ("" if there are none).

    Raises:
        CheckpointError: there is no log, or it is larger than any that fcnet reads.
    """
    path = run / METRICS
    if not (path.is_file() or path.is_symlink()):
        raise CheckpointError(f"{path}: is missing; give a run directory that fcnet train has written")
    found = _read(path)
    if not found.damaged:
        return found.records, ""
    what = "line is" if len(found.damaged) == 1 else "lines are"
    return found.records, f"{path}:{few(found.damaged, 3)}: {len(found.damaged)} {what} damaged and ignored"


def _read(path: Path) -> Found:
    try:
        text = files.read_bytes(path, MOST_BYTES)
    except files.NotReadable as error:
        raise CheckpointError(f"{path}: {error}; it is not a log written by fcnet: restore it from a copy") from None
    found = Found([], [], [])
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        record = _record(line)
        if record is None:
            found.damaged.append(number)
        else:
            found.records.append(record)
            found.lines.append(line)
    return found


def _record(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None if it is not a record."""
    try:
        values = _renamed(json.loads(line))
        return values if line.endswith(b"\n") and _is_record(values) else None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    """Return a record with today's names: fcnet 0.1 called a stage's facts figures, and terms parts."""
    if values["kind"] == StageRecord.kind and "figures" in values:
        values["facts"] = values.pop("figures")
    for split in (values.get(name) for name in SPLITS):
        if isinstance(split, dict) and "parts" in split:
            split["terms"] = split.pop("parts")
    return values


def _is_record(values: dict[str, Any]) -> bool:
    """Return whether a record has all that its readers use. May raise if it has not."""
    own = {name: value for name, value in values.items() if name != "kind"}
    if not _is_count(own["epoch"]):
        return False
    if values["kind"] == "step":
        accuracy = own.pop("accuracy", 0.0)
        StepRecord(**own, accuracy=accuracy)
        return _is_count(own["step"]) and _is_count(own["steps"]) and _are_finite(own.values(), accuracy)
    if values["kind"] == "epoch":
        return own.keys() - {"stage"} == {"epoch", "seconds", *SPLITS} and (
            _are_finite([own["seconds"]])
            and own["train"] is not None
            and all(_are_metrics(own[split]) for split in SPLITS if own[split] is not None)
        )
    return values["kind"] == "stage" and _is_stage(own["facts"])


def _are_metrics(metrics: dict[str, Any]) -> bool:
    terms = metrics.get("terms", {})
    known = metrics.keys() - {"terms", "accuracy"} == _NUMBERS
    return known and _are_finite([*terms.values(), *(metrics[name] for name in metrics if name != "terms")])


def _is_stage(facts: dict[str, Any]) -> bool:
    path = facts.get("path", [])
    numbers = [value for point in path for value in (point["ridge"], point["accuracy"], point["squared_error"] or 0)]
    chosen = [facts["ridge"]] if path else []
    return isinstance(facts["stage"], str) and _are_finite([*numbers, *chosen])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _are_finite(values: Any, *more: Any) -> bool:
    return all(isinstance(value, Real) and math.isfinite(value) for value in (*values, *more))
