"""metrics.csv: a row per epoch, with the same columns for every run."""

import os
from collections.abc import Sequence
from pathlib import Path

from fcnet.rundir.log import SPLITS
from fcnet.rundir.logs.base import METRICS, Plain, RunLog, metrics_of
from fcnet.rundir.own_files import TABLE
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.system.text import csv_text
from fcnet.training.records import EpochRecord

COLUMNS = ("epoch", "stage", "lr", *(f"{split}_{name}" for split in SPLITS for name in METRICS), "seconds")


class Table(RunLog):
    """Writes metrics.csv."""

    @property
    def path(self) -> Path:
        """Return the file."""
        return self.run / TABLE

    def begin(self, records: Sequence[Plain] = ()) -> None:
        """Write the file anew, with a row for each epoch."""
        text = csv_text(COLUMNS, []) + "\n"
        for record in records:
            self.look(record)
            text += self._row(record)
        files.write_bytes(self.path, text.encode())

    def add(self, record: Plain) -> None:
        """Append the row of an epoch; ignore other records."""
        if row := self._row(record):
            with naming(self.path), open(self.path, "a", encoding="utf-8", opener=files.following_no_link) as file:
                file.write(row)

    def end(self) -> None:
        """Sync the file to disk."""
        with naming(self.path), open(self.path, "a", opener=files.following_no_link) as file:
            os.fsync(file.fileno())

    def _row(self, record: Plain) -> str:
        """Return the line of an epoch; "" for other records."""
        if record["kind"] != EpochRecord.kind:
            return ""
        last = self.last_step(record["epoch"])
        values = {**record, **metrics_of(record), "lr": None if last is None else last[2]}
        return csv_text([values.get(column) for column in COLUMNS], []) + "\n"
