"""log.txt: a line for each logged step, solved problem and epoch, to follow and to search; KEY=VALUE behind a time."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fcnet.rundir.log import MOST_BYTES
from fcnet.rundir.logs.base import Plain, RunLog, metrics_of
from fcnet.rundir.own_files import LINES
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.training.records import EpochRecord, StageRecord, StepRecord

NO_TIME = "-"  # of a line whose time is lost, as in the logs of RFC 5424

_DIGITS = 6  # of a number; metrics.jsonl has all
_PLAIN = re.compile(r"[^\s\"=]+")  # a value that needs no quotes
_EPOCHS = re.compile(r"^epoch=(\d+)/\d+")  # more of them may be asked for when a run is resumed


class Lines(RunLog):
    """Writes log.txt."""

    @property
    def path(self) -> Path:
        """Return the file."""
        return self.run / LINES

    def begin(self, records: Sequence[Plain] = ()) -> None:
        """Write the file anew; a line that was there keeps its time."""
        times = _times(self.path) if records else {}
        text = ""
        for record in records:
            self.look(record)
            line = self._line(record)
            text += f"{times.get(_key(line), NO_TIME)} {line}\n"
        files.write_bytes(self.path, text.encode())

    def add(self, record: Plain) -> None:
        """Append the line of a record."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with naming(self.path), open(self.path, "a", encoding="utf-8", opener=files.following_no_link) as file:
            file.write(f"{now} {self._line(record)}\n")

    def end(self) -> None:
        """Sync the file to disk."""
        with naming(self.path), open(self.path, "a", opener=files.following_no_link) as file:
            os.fsync(file.fileno())

    def _line(self, record: Plain) -> str:
        """Return what a record says, without the time."""
        values: dict[str, Any] = {"epoch": f"{record['epoch']}/{self.epochs}"}
        match record["kind"]:
            case StepRecord.kind:
                values["step"] = f"{record['step']}/{record['steps']}"
                values |= {key: record.get(key) for key in ("lr", "loss", "loss_mean", "accuracy", "images_per_s")}
            case StageRecord.kind:
                values |= {key: one for key, one in record["facts"].items() if not isinstance(one, list | dict)}
            case EpochRecord.kind:
                values["stage"] = record.get("stage")
                if (last := self.last_step(record["epoch"])) is not None:
                    values |= {"step": f"{last[0]}/{last[1]}", "lr": last[2]}
                values |= metrics_of(record) | {"seconds": record["seconds"]}
        return in_words(values)


def in_words(values: Mapping[str, Any]) -> str:
    """Return ``KEY=VALUE`` for each value that there is; in quotes, as in JSON, if it has spaces or signs."""
    return " ".join(f"{key}={_word(value)}" for key, value in values.items() if value is not None)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _times(path: Path) -> dict[str, str]:
    """Return the time of each line of a log; none if it cannot be read."""
    try:
        lines = files.read_bytes(path, MOST_BYTES).decode(errors="replace").splitlines()
    except (OSError, files.NotReadable):
        return {}
    pairs = (line.partition(" ") for line in lines)
    return {_key(text): time for time, _, text in pairs}


def _key(line: str) -> str:
    """Return a line without its time and without the number of epochs, which may have grown."""
    return _EPOCHS.sub(r"epoch=\1", line)
