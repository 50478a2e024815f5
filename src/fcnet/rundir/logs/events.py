"""tensorboard/: files of events for TensorBoard, with curves over epochs and steps, and the config.

TensorBoard is in the extra ``tensorboard``, and is imported late.
"""

import importlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fcnet.rundir.log import SPLITS
from fcnet.rundir.logs.base import METRICS, Plain, RunLog
from fcnet.rundir.own_files import EVENTS, is_events
from fcnet.system import extras
from fcnet.system.files import naming
from fcnet.training.records import EpochRecord, StepRecord

_STEP = ("loss", "loss_mean", "accuracy", "lr", "images_per_s")  # of a logged step

Curve = tuple[str, int, float]  # tag, place on the axis, value


def check() -> None:
    """Raise ConfigError if TensorBoard is not installed."""
    with extras.needed("log: tensorboard", "tensorboard"):
        _library()


def _library() -> Any:
    """Return the module that writes events; its functions are not typed."""
    return importlib.import_module("torch.utils.tensorboard")


class Events(RunLog):
    """Writes a file of events.

    Args:
        run: the run directory.
        epochs: of the training in all.
        config: the resolved config, as YAML.
        settings: the same by dotted keys, for TensorBoard's table of settings.
    """

    def __init__(self, run: Path, epochs: int, config: str, settings: Plain) -> None:
        super().__init__(run, epochs)
        self._config, self._settings = config, settings
        self._writer: Any = None

    @property
    def folder(self) -> Path:
        """Return the folder of the files."""
        return self.run / EVENTS

    def begin(self, records: Sequence[Plain] = ()) -> None:
        """Replace the files of an earlier training by one with the records; what was there keeps its time."""
        library = _library()
        with naming(self.folder):
            self.folder.mkdir(exist_ok=True)
        before = [path for path in sorted(self.folder.iterdir()) if is_events(path)]
        times = _times(before) if records else {}
        for path in before:
            path.unlink()
        self._writer = library.FileWriter(str(self.folder))
        self._writer.add_summary(library.summary.text("config", f"```yaml\n{self._config}```"), 0)
        tags = {f"{metric}/{split}": 0.0 for metric in METRICS for split in SPLITS}
        for part in library.summary.hparams(dict(self._settings), tags):
            self._writer.add_summary(part, 0)
        for record in records:
            self.look(record)
            self._append(record, times)
        self._writer.flush()

    def add(self, record: Plain) -> None:
        """Append the curves' points of a record; after an epoch, all is in the file."""
        self._append(record, {})
        if record["kind"] == EpochRecord.kind:
            self._writer.flush()

    def end(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def _append(self, record: Plain, times: dict[tuple[str, int], float]) -> None:
        summary = _library().summary
        for tag, place, value in self._points(record):
            when = times.get((tag, place), time.time())
            self._writer.add_summary(summary.scalar(tag, value), place, walltime=when)

    def _points(self, record: Plain) -> Iterator[Curve]:
        """Yield the points of a record: over steps counted through all epochs, or over epochs."""
        epoch = record["epoch"]
        if record["kind"] == StepRecord.kind:
            place = (epoch - 1) * record["steps"] + record["step"]
            yield from ((f"step/{name}", place, record[name]) for name in _STEP if name in record)
        elif record["kind"] == EpochRecord.kind:
            for split, metrics in ((split, record[split]) for split in SPLITS if record[split] is not None):
                values = {name: metrics[name] for name in METRICS if name in metrics} | metrics.get("terms", {})
                yield from ((f"{name}/{split}", epoch, value) for name, value in values.items())
            yield "seconds", epoch, record["seconds"]
            if (last := self.last_step(epoch)) is not None:
                yield "lr", epoch, last[2]


def _times(paths: Sequence[Path]) -> dict[tuple[str, int], float]:
    """Return when each point in files of events was written, by tag and place; as far as they can be read."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found: dict[tuple[str, int], float] = {}
    for path in paths:
        try:
            for event in EventFileLoader(str(path)).Load():
                found |= {(value.tag, event.step): event.wall_time for value in event.summary.value}
        except Exception:  # a damaged file costs its times
            continue
    return found


def flat(values: Plain, above: str = "") -> dict[str, str | float | bool]:
    """Return settings by dotted keys, as TensorBoard's table takes them: lists as JSON."""
    found: dict[str, str | float | bool] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{above}{key}.")
        else:
            found[above + key] = value if isinstance(value, str | int | float) else json.dumps(value)
    return found
