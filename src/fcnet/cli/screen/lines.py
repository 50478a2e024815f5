"""A training as lines, in a file or a pipe: the course's."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fcnet.system import streams
from fcnet.system.text import counted
from fcnet.training.records import Begin, EpochRecord, StageRecord, Start, StepRecord, Tick

if TYPE_CHECKING:
    from fcnet.training.metrics import Metrics

TENTHS = 10  # progress lines of one sum over all images


class Training:
    """The display of one training, from its ``Start`` to its ``End``.

    Args:
        start: its first record.
        verbose: whether it says how a step is computed.
    """

    def __init__(self, start: Start, verbose: bool = False) -> None:
        self.epochs = start.epochs
        self.how = [f"step: {start.step}"] if verbose else []

    def show(self, record: Any) -> None:
        """Show a record of the training."""

    def close(self) -> None:
        """Close the display."""


class Lines(Training):
    """The course's lines on stdout."""

    def __init__(self, start: Start, verbose: bool = False) -> None:
        super().__init__(start, verbose)
        for line in self.how:
            _print_line(line)

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


def epoch_lines(record: EpochRecord) -> Iterator[str]:
    """Yield the course's line about each evaluated split: its accuracy, or its loss if nothing is classified."""
    for name, metrics in record.splits().items():
        if metrics.accuracy is None:
            yield f"Loss of the {counted(metrics.n, f'{name} image')}: {metrics.loss:.4f}{terms_text(metrics)}"
        elif name != "train":
            images = counted(metrics.n, f"{name} image")
            yield f"Accuracy of the network on the {images}: {100 * metrics.accuracy:.2f} %"


def terms_text(metrics: "Metrics") -> str:
    """Return the terms of a loss by name; nothing if there is only one."""
    terms = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in metrics.terms.items())
    return f" ({terms})" if len(metrics.terms) > 1 else ""


def stage_line(record: StageRecord) -> str:
    """Return a line about what was solved, how well, and how long each part took."""
    facts = record.facts
    units, images = counted(facts["units"], "unit"), counted(facts["images"], "image")
    parts = [f"{units}, {images} in {facts['precision']} ({facts['why']})"]
    if facts["condition"] is not None:
        parts.append(f"condition number {facts['condition']:.1e}")
    if "ridge" in facts:
        by = f" of {len(facts['path'])} by {facts['chosen_by']}" if "path" in facts else ""
        parts.append(f"ridge {facts['ridge']:g}{by}" + (", at the edge of the list" if facts.get("at_the_end") else ""))
    if "rank" in facts:
        parts.append(f"rank {facts['rank']}")
    if "l1" in facts:
        reached = "" if facts["gap_reached"] else ", did not converge: the gap is still above solve.solver.tolerance"
        some = f"{facts['nonzeros']} of {facts['weights']} weights non-zero"
        parts.append(f"l1 {facts['l1']:g}, {some}, {counted(facts['steps'], 'step')}{reached}")
    if "tolerance_reached" in facts:
        parts.append(counted(facts["steps"], "step") + (", converged" if facts["tolerance_reached"] else ""))
    parts.append(f"map {facts['map_s']:.1f} s, sums {facts['gram_s']:.1f} s, solution {facts['solve_s']:.1f} s")
    return f"{facts['stage']}: " + "; ".join(parts)


def _print_line(line: str) -> None:
    """Print a line and flush it, so that a growing log can be followed."""
    streams.tell(sys.stdout, line)
