"""What people read while a command runs: the course's lines, or a progress bar on a terminal.

Results go to stdout; bars, notices and warnings about the data go to stderr.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from fcnet.system import streams
from fcnet.training.metrics import Begin, EpochRecord, Metrics, Record, StageRecord, Start, StepRecord, Tick

Report = Callable[[Record], None]

TENTHS = 10  # lines about a sum over all images


def say(text: str) -> None:
    """A line on stdout about work, at once: logs are followed while they grow."""
    streams.tell(sys.stdout, text)


def answer(text: str, for_programs: bool = False) -> None:
    """What a command was given for, on stdout; see ``streams.write``. Raises OSError if it cannot be written."""
    streams.write(sys.stdout, text, for_programs)


def notice(text: str) -> None:
    """A line on stderr that is no error."""
    streams.tell(sys.stderr, text)


def warn(text: str) -> None:
    """A warning on stderr."""
    notice(f"fcnet: warning: {' '.join(text.splitlines())}")


def epoch_lines(record: EpochRecord) -> Iterator[str]:
    """The course's line about an epoch, for each split that was evaluated; of nets that do not classify their loss."""
    for name, metrics in record.figures().items():
        if metrics.accuracy is None:
            yield f"Loss of the {metrics.n} {name} images: {metrics.loss:.4f}{parts_text(metrics)}"
        elif name != "train":
            yield f"Accuracy of the network on the {metrics.n} {name} images: {100 * metrics.accuracy:.2f} %"


def parts_text(metrics: Metrics) -> str:
    """Figures beside the loss, by name; none where the loss has one part."""
    told = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in metrics.parts.items())
    return f" ({told})" if len(metrics.parts) > 1 else ""


def _figures_text(metrics: Metrics) -> str:
    """The one figure of a split that a progress bar has room for."""
    return f"{metrics.loss:.4f}" if metrics.accuracy is None else f"{100 * metrics.accuracy:.2f} %"


def stage_line(record: StageRecord) -> str:
    """What was solved, how well, and what took the time."""
    told = record.figures
    parts = [f"{told['units']} units, {told['images']} images in {told['precision']} ({told['why']})"]
    if told["condition"] is not None:
        parts.append(f"condition number {told['condition']:.1e}")
    if "ridge" in told:
        by = f" of {len(told['path'])} by {told['chosen_by']}" if "path" in told else ""
        parts.append(f"ridge {told['ridge']:g}{by}" + (", at the end of the list" if told.get("at_the_end") else ""))
    if "rank" in told:
        parts.append(f"rank {told['rank']}")
    if "l1" in told:
        reached = "" if told["gap_reached"] else ", which did not do: the gap is larger than solve.solver.tolerance"
        parts.append(
            f"l1 {told['l1']:g}, {told['nonzeros']} of {told['weights']} weights are not 0, {told['steps']} steps"
        )
        parts[-1] += reached
    if "tolerance_reached" in told:
        parts.append(f"{told['steps']} steps" + (", to the minimum" if told["tolerance_reached"] else ""))
    parts.append(f"map {told['map_s']:.1f} s, sums {told['gram_s']:.1f} s, solution {told['solve_s']:.1f} s")
    return f"{told['stage']}: " + "; ".join(parts)


@contextmanager
def training(epochs: int) -> Iterator[Report]:
    """A function that shows the records of a training: a bar on a terminal, else lines."""
    if not sys.stdout.isatty():
        yield lambda record: _print_lines(record, epochs)
        return
    with _progress(sys.stdout, "{task.fields[figures]}") as progress:
        task = progress.add_task("epoch 1", total=None, figures="")

        def show(record: Record) -> None:
            if isinstance(record, Start):
                progress.console.print(f"step: {record.step}", highlight=False, markup=False)
                return
            if isinstance(record, Begin):
                progress.update(task, description=record.what)
                return
            if isinstance(record, EpochRecord):
                text = ", ".join(f"{name} {_figures_text(m)}" for name, m in record.figures().items())
                what = "Losses" if record.train.accuracy is None else "Accuracy"
                progress.console.print(
                    f"Epoch [{record.epoch}/{epochs}], Loss: {record.train.loss:.4f}, {what}: {text}",
                    highlight=False,
                    markup=False,
                )
                return
            if isinstance(record, StageRecord):
                progress.console.print(stage_line(record), highlight=False, markup=False)
                return
            if isinstance(record, Tick) and record.stage:
                progress.update(task, description=record.stage, completed=record.step, total=record.steps)
                return
            done = (record.epoch - 1) * record.steps + record.step
            progress.update(task, completed=done, total=epochs * record.steps)
            if isinstance(record, StepRecord):
                right = "" if record.accuracy is None else f"accuracy {100 * record.accuracy:.2f} %  "
                progress.update(
                    task,
                    description=f"epoch {record.epoch}/{epochs}",
                    figures=f"loss {record.loss_mean:.4f}  {right}{record.images_per_s:,.0f} images/s",
                )

        yield show


def _print_lines(record: Record, epochs: int) -> None:
    if isinstance(record, Start):
        say(f"step: {record.step}")
    elif isinstance(record, Begin):
        say(record.what)
    elif isinstance(record, StepRecord):
        place = f"Epoch [{record.epoch}/{epochs}], Step [{record.step}/{record.steps}]"
        say(f"{place}, Loss: {record.loss:.4f}")
    elif isinstance(record, Tick):
        if record.stage and TENTHS * record.step // record.steps > TENTHS * (record.step - 1) // record.steps:
            say(f"{record.stage}: {100 * record.step // record.steps} %")
    elif isinstance(record, StageRecord):
        say(stage_line(record))
    elif isinstance(record, EpochRecord):
        for line in epoch_lines(record):
            say(line)


def never() -> None:
    """A check that ends nothing."""


@contextmanager
def counting(check: Callable[[], None] = never) -> Iterator[Callable[[str, int, int], None]]:
    """A function that shows how far a long piece of work is: (what, done, total). Bars on a terminal, else a line.

    Args:
        check: called each time before; ends the work by raising.
    """
    if not sys.stderr.isatty():

        def tell(what: str, done: int, total: int) -> None:
            check()
            if done == total:
                notice(f"{what}: {done} images")

        yield tell
        return
    tasks: dict[str, Any] = {}
    with _progress(sys.stderr, "{task.completed:,.0f} images") as progress:

        def show(what: str, done: int, total: int) -> None:
            check()
            if what not in tasks:
                tasks[what] = progress.add_task(streams.visible(what), total=total)
            progress.update(tasks[what], completed=done)

        yield show


def _progress(stream: Any, figures: str) -> Any:
    from rich.console import Console  # imported here: without a terminal there are no bars
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),  # brackets in a folder's name are no markup
        BarColumn(),
        TextColumn(figures, markup=False),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(file=cast(IO[str], streams.Outliving(stream))), transient=True)
