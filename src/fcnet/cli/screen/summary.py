"""What is said at the end of a training: how good it is, how long it took, its files, and what one may run next."""

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from fcnet.rundir import find
from fcnet.system import streams
from fcnet.system.text import counted, duration

if TYPE_CHECKING:
    from fcnet.commands.training.finished import Finished


def lines(record: "Finished") -> Iterator[str]:
    """Yield the lines that follow those of the epochs in a log."""
    parts = [f"trained in {_seconds(record.result)}"]
    if (best := _best(record.result)) is not None:
        parts.append(best)
    yield "; ".join(parts)
    yield record.text()
    yield f"next: {'; '.join(following(record))}"


def panel(record: "Finished") -> None:
    """Show the same in a frame, on the terminal that stdout is."""
    from rich.console import Console as Terminal  # imported here: only terminals have frames
    from rich.panel import Panel
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(record):
        grid.add_row(name, Text(streams.visible(text)))
    terminal = Terminal(file=cast(IO[str], streams.Outliving(sys.stdout)), highlight=False)
    terminal.print(Panel.fit(grid))


def _rows(record: "Finished") -> Iterator[tuple[str, str]]:
    if (headline := _headline(record.result)) is not None:
        yield headline
    if (best := _best(record.result)) is not None:
        yield "best", best
    yield "time", f"{_seconds(record.result)} of training"
    yield "run", str(record.run)
    yield "files", ", ".join(record.files)
    for i, command in enumerate(following(record)):
        yield "" if i else "next", command


def _headline(result: dict[str, Any]) -> tuple[str, str] | None:
    """Return accuracy or loss on held-out images if there are such, with the weights that other commands take."""
    found = result | (result.get("best") or {})
    for split in ("test", "validation", "train"):
        metrics = found.get(split)
        if isinstance(metrics, dict):
            images = counted(metrics["n"], f"{split} image")
            if metrics.get("accuracy") is None:
                return "loss", f"{metrics['loss']:.4f} on {images}"
            return "accuracy", f"{100 * metrics['accuracy']:.2f} % on {images}"
    return None


def _best(result: dict[str, Any]) -> str | None:
    """Return which epoch is the best one by validation, if that is known."""
    best = result.get("best")
    if not isinstance(best, dict) or "epoch" not in best:
        return None
    metrics = best["validation"]
    accuracy = metrics.get("accuracy")
    reached = f"loss {metrics['loss']:.4f}" if accuracy is None else f"{100 * accuracy:.2f} %"
    return f"epoch {best['epoch']} is the best by validation ({reached}), kept in best.pth"


def _seconds(result: dict[str, Any]) -> str:
    seconds = result["seconds"]
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def following(record: "Finished") -> Sequence[str]:
    """Return the commands that one may run next."""
    run = short(record.run)
    image = [f"fcnet predict {run} IMAGE"]
    use = image if record.classifies else [f"fcnet encode {run}"] if record.encodes else image
    return [f"fcnet plot {run}", f"fcnet eval {run}", *use]


def short(run: Path) -> str:
    """Return the word by which a run is found: its name if it is among the usual ones, else its path."""
    word = run.name if run.parent == find.ROOT and not os.path.lexists(run.name) else str(run)
    return shlex.quote(word)
