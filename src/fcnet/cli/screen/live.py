"""A training on a terminal: the table of its epochs, and below it a line that shows how far it is."""

import sys
from typing import IO, TYPE_CHECKING, Any, cast

from fcnet.cli.screen.lines import Training, stage_line
from fcnet.cli.screen.table import EpochTable
from fcnet.system import streams
from fcnet.system.text import duration, shortened, wrapped
from fcnet.training.records import Begin, EpochRecord, StageRecord, Start, StepRecord, Tick

if TYPE_CHECKING:
    from rich.progress import Task

ROOMY, NARROW, TINY = 100, 76, 50  # columns of terminals from which on there is room for more beside the bar


class Table(Training):
    """The table on stdout, with a progress line that disappears at the end."""

    def __init__(self, start: Start, verbose: bool = False) -> None:
        super().__init__(start, verbose)
        self._table = EpochTable(self.epochs)
        self._lr: float | None = None
        self._bars = bars(sys.stdout, "metrics")
        self._bars.start()
        self._task = self._bars.add_task(f"epoch 1/{self.epochs}", total=None, metrics="")
        for line in self.how:
            self._print(line)

    def close(self) -> None:
        """Remove the progress line."""
        self._bars.stop()

    def show(self, record: Begin | Tick | StepRecord | StageRecord | EpochRecord) -> None:
        """Move the bar, or print lines above it."""
        match record:
            case Begin():
                self._describe(record.what)
            case EpochRecord() if self._solved:
                pass  # in closed form there are no epochs: the summary has its metrics
            case EpochRecord():
                for line in self._table.lines(record, self._lr, self._width):
                    self._line(line)
            case StageRecord():
                self._solved = True
                self._print(stage_line(record))
            case Tick(stage=stage) if stage:
                self._describe(stage, completed=record.step, total=record.steps)
            case Tick() | StepRecord():
                self._step(record)

    _solved = False

    @property
    def _width(self) -> int:
        return int(self._bars.console.width)

    def _describe(self, what: str, **fields: Any) -> None:
        self._bars.update(self._task, description=shortened(what, self._width // 2), **fields)

    def _step(self, record: Tick | StepRecord) -> None:
        done = (record.epoch - 1) * record.steps + record.step
        self._bars.update(self._task, completed=done, total=self.epochs * record.steps)
        if isinstance(record, StepRecord):
            self._lr = record.lr
            text = progress(record, self._width)
            self._bars.update(self._task, description=f"epoch {record.epoch}/{self.epochs}", metrics=text)

    def _print(self, text: str) -> None:
        for line in wrapped(text, self._width, "  "):
            self._line(line)

    def _line(self, line: str) -> None:
        self._bars.console.print(line, highlight=False, markup=False, no_wrap=True, crop=True, overflow="ellipsis")


def progress(record: StepRecord, width: int) -> str:
    """Return what the progress line says about a step: as much as a terminal of some columns has room for."""
    parts = [f"loss {record.loss_mean:.4f}"] if width >= NARROW or record.accuracy is None else []
    parts += [] if record.accuracy is None else [f"train accuracy so far {100 * record.accuracy:.2f} %"]
    parts += [f"{record.images_per_s:,.0f} images/s"] if width >= ROOMY else []
    return ", ".join(parts) if width >= TINY else ""


def bars(stream: Any, field: str) -> Any:
    """Return progress bars on a terminal, each with a text from one of its fields, and the time that is left."""
    from rich.console import Console as Terminal  # imported here: only terminals have bars
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
    from rich.text import Text

    class Left(ProgressColumn):
        """The time that is left, once it is known."""

        max_refresh = 0.5  # seconds

        def render(self, task: "Task") -> Text:
            known = task.time_remaining is not None and not task.finished
            return Text(f"{duration(task.time_remaining or 0.0)} left" if known else "")

    columns = (
        TextColumn("{task.description}", markup=False),  # brackets in a folder's name are not markup
        BarColumn(bar_width=None, style="bright_black", complete_style="green", finished_style="green"),
        TextColumn(f"{{task.fields[{field}]}}", markup=False),
        Left(),
    )
    terminal = Terminal(file=cast(IO[str], streams.Outliving(stream)))
    return Progress(*columns, console=terminal, transient=True, expand=terminal.width < ROOMY)
