"""What the logs of a run share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnet.rundir.log import KINDS, SPLITS
from fcnet.training.records import EpochRecord, StepRecord

Plain = Mapping[str, Any]  # a record as in metrics.jsonl

METRICS = ("loss", "accuracy")


class RunLog:
    """A sink that writes the records of a run to files in its directory.

    Args:
        run: the run directory.
        epochs: of the training in all.
    """

    def __init__(self, run: Path, epochs: int) -> None:
        self.run, self.epochs = run, epochs
        self._last: tuple[int, int, int, float] | None = None  # epoch, step, steps and rate of the last logged step

    def begin(self, records: Sequence[Plain] = ()) -> None:
        """Write the files anew: with the records of a training that is resumed, or none.

        Raises:
            OSError: they cannot be written.
        """
        raise NotImplementedError

    def add(self, record: Plain) -> None:
        """Append a record."""
        raise NotImplementedError

    def end(self) -> None:
        """Make durable what was written: the training has ended, or was stopped."""

    def write(self, record: Any) -> None:
        """Append a record, if it is of a kind that is kept."""
        if record.kind in KINDS:
            plain = {"kind": record.kind} | record.to_dict()
            self.look(plain)
            self.add(plain)
        elif record.kind == "end":
            self.end()

    def close(self) -> None:
        """Do nothing: ``end`` has closed the files."""

    def look(self, record: Plain) -> None:
        """Remember the learning rate of a logged step: the last step of an epoch is always logged."""
        if record["kind"] == StepRecord.kind:
            self._last = record["epoch"], record["step"], record["steps"], record["lr"]

    def last_step(self, epoch: int) -> tuple[int, int, float] | None:
        """Return step, steps and learning rate of the last logged step of an epoch; None without any."""
        if self._last is None or self._last[0] != epoch:
            return None
        return self._last[1:]


def metrics_of(record: Plain) -> dict[str, float]:
    """Return the metrics of a record of an epoch, such as ``test_accuracy``; absent ones are left out."""
    assert record["kind"] == EpochRecord.kind
    found = {split: record[split] for split in SPLITS if record[split] is not None}
    return {f"{split}_{name}": metrics[name] for split, metrics in found.items() for name in METRICS if name in metrics}
