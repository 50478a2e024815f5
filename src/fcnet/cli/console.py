"""What users see while a command runs: the course's lines, or a progress bar on a terminal.

Results go to stdout; bars, notices and warnings about the data go to stderr.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from fcnet.cli.words import warn
from fcnet.system import streams
from fcnet.system.sinks import Message, Progress, Sinks
from fcnet.training.records import Begin, EpochRecord, StageRecord, Start, StepRecord, Tick

if TYPE_CHECKING:
    from fcnet.training.metrics import Metrics

TENTHS = 10  # progress lines of one sum over all images


class Console:
    """A sink that shows records: as bars if stdout or stderr is a terminal, else as lines."""

    def __init__(self) -> None:
        self._counting: Any = None  # the bars of long pieces of work, with a task for each
        self._tasks: dict[str, Any] = {}
        self._training: Training | None = None

    def write(self, record: Any) -> None:
        """Show a record; ignore unknown kinds."""
        match record.kind:
            case "message":
                self._say(record)
            case "progress":
                self._count(record)
            case "progress end":
                self._close_bars()
            case "start":
                self._close_training()  # that of the previous phase
                self._training = Bar(record) if sys.stdout.isatty() else Lines(record)
            case "end":
                self._close_training()
            case _ if self._training is not None:
                self._training.show(record)

    def close(self) -> None:
        """Remove all bars."""
        self._close_bars()
        self._close_training()

    def _say(self, message: Message) -> None:
        if message.level == "info":
            streams.tell(sys.stdout, message.text)
        elif message.level == "notice":
            streams.tell(sys.stderr, message.text)
        else:
            warn(message.text)

    def _count(self, progress: Progress) -> None:
        if not sys.stderr.isatty():
            if progress.done == progress.total:
                streams.tell(sys.stderr, f"{progress.what}: {progress.done} images")
            return
        if self._counting is None:
            self._counting = _bars(sys.stderr, "{task.completed:,.0f} images")
            self._counting.start()
        if progress.what not in self._tasks:
            self._tasks[progress.what] = self._counting.add_task(streams.visible(progress.what), total=progress.total)
        self._counting.update(self._tasks[progress.what], completed=progress.done)

    def _close_bars(self) -> None:
        if self._counting is not None:
            self._counting.stop()
        self._counting, self._tasks = None, {}

    def _close_training(self) -> None:
        if self._training is not None:
            self._training.close()
        self._training = None


@contextmanager
def shown() -> Iterator[Sinks]:
    """Yield sinks that show a command's records; all bars are removed however it ends."""
    sinks = Sinks([Console()])
    try:
        yield sinks
    finally:
        sinks.close()


def epoch_lines(record: EpochRecord) -> Iterator[str]:
    """Yield the course's line about each evaluated split: its accuracy, or its loss if nothing is classified."""
    for name, metrics in record.splits().items():
        if metrics.accuracy is None:
            yield f"Loss of the {metrics.n} {name} images: {metrics.loss:.4f}{terms_text(metrics)}"
        elif name != "train":
            yield f"Accuracy of the network on the {metrics.n} {name} images: {100 * metrics.accuracy:.2f} %"


def terms_text(metrics: "Metrics") -> str:
    """Return the terms of a loss by name; nothing if there is only one."""
    terms = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in metrics.terms.items())
    return f" ({terms})" if len(metrics.terms) > 1 else ""


def _headline(metrics: "Metrics") -> str:
    """Return the one metric of a split that fits into a progress bar."""
    return f"{metrics.loss:.4f}" if metrics.accuracy is None else f"{100 * metrics.accuracy:.2f} %"


def stage_line(record: StageRecord) -> str:
    """Return a line about what was solved, how well, and how long each part took."""
    facts = record.facts
    parts = [f"{facts['units']} units, {facts['images']} images in {facts['precision']} ({facts['why']})"]
    if facts["condition"] is not None:
        parts.append(f"condition number {facts['condition']:.1e}")
    if "ridge" in facts:
        by = f" of {len(facts['path'])} by {facts['chosen_by']}" if "path" in facts else ""
        parts.append(f"ridge {facts['ridge']:g}{by}" + (", at the edge of the list" if facts.get("at_the_end") else ""))
    if "rank" in facts:
        parts.append(f"rank {facts['rank']}")
    if "l1" in facts:
        reached = "" if facts["gap_reached"] else ", did not converge: the gap is still above solve.solver.tolerance"
        parts.append(
            f"l1 {facts['l1']:g}, {facts['nonzeros']} of {facts['weights']} weights non-zero, {facts['steps']} steps"
        )
        parts[-1] += reached
    if "tolerance_reached" in facts:
        parts.append(f"{facts['steps']} steps" + (", converged" if facts["tolerance_reached"] else ""))
    parts.append(f"map {facts['map_s']:.1f} s, sums {facts['gram_s']:.1f} s, solution {facts['solve_s']:.1f} s")
    return f"{facts['stage']}: " + "; ".join(parts)


class Training:
    """The display of one training, from its ``Start`` to its ``End``."""

    def __init__(self, start: Start) -> None:
        self.epochs = start.epochs

    def show(self, record: Any) -> None:
        """Show a record of the training."""

    def close(self) -> None:
        """Close the display."""


class Lines(Training):
    """The course's lines on stdout."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        _print_line(f"step: {start.step}")

    def show(self, record: Begin | Tick | StepRecord | StageRecord | EpochRecord) -> None:
        """Print the lines of a record."""
        match record:
            case Begin():
                _print_line(record.what)
            case StepRecord():
                place = f"Epoch [{record.epoch}/{self.epochs}], Step [{record.step}/{record.steps}]"
                _print_line(f"{place}, Loss: {record.loss:.4f}")
            case Tick():
                if record.stage and TENTHS * record.step // record.steps > TENTHS * (record.step - 1) // record.steps:
                    _print_line(f"{record.stage}: {100 * record.step // record.steps} %")
            case StageRecord():
                _print_line(stage_line(record))
            case EpochRecord():
                for line in epoch_lines(record):
                    _print_line(line)


class Bar(Training):
    """A progress bar on stdout, with a line above it for each epoch."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._bars = _bars(sys.stdout, "{task.fields[metrics]}")
        self._bars.start()
        self._task = self._bars.add_task("epoch 1", total=None, metrics="")
        self._print(f"step: {start.step}")

    def close(self) -> None:
        """Remove the bar."""
        self._bars.stop()

    def show(self, record: Begin | Tick | StepRecord | StageRecord | EpochRecord) -> None:
        """Move the bar, or print a line above it."""
        match record:
            case Begin():
                self._bars.update(self._task, description=record.what)
            case EpochRecord():
                text = ", ".join(f"{name} {_headline(metrics)}" for name, metrics in record.splits().items())
                what = "Losses" if record.train.accuracy is None else "Accuracy"
                self._print(f"Epoch [{record.epoch}/{self.epochs}], Loss: {record.train.loss:.4f}, {what}: {text}")
            case StageRecord():
                self._print(stage_line(record))
            case Tick(stage=stage) if stage:
                self._bars.update(self._task, description=stage, completed=record.step, total=record.steps)
            case Tick() | StepRecord():
                self._step(record)

    def _step(self, record: Tick | StepRecord) -> None:
        done = (record.epoch - 1) * record.steps + record.step
        self._bars.update(self._task, completed=done, total=self.epochs * record.steps)
        if isinstance(record, StepRecord):
            accuracy = "" if record.accuracy is None else f"accuracy {100 * record.accuracy:.2f} %  "
            self._bars.update(
                self._task,
                description=f"epoch {record.epoch}/{self.epochs}",
                metrics=f"loss {record.loss_mean:.4f}  {accuracy}{record.images_per_s:,.0f} images/s",
            )

    def _print(self, line: str) -> None:
        self._bars.console.print(line, highlight=False, markup=False)


def _print_line(line: str) -> None:
    """Print a line and flush it, so that a growing log can be followed."""
    streams.tell(sys.stdout, line)


def _bars(stream: Any, numbers: str) -> Any:
    from rich.console import Console as Terminal  # imported here: only terminals have bars
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),  # brackets in a folder's name are not markup
        BarColumn(),
        TextColumn(numbers, markup=False),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Terminal(file=cast(IO[str], streams.Outliving(stream))), transient=True)
