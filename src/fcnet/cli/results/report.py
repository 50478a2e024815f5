"""``fcnet report``: its options, and the call."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcnet.cli.words import Language, Weights, path, which
from fcnet.system import paths, signals, streams

if TYPE_CHECKING:
    from fcnet.schema import Config
    from fcnet.system.sinks import Sinks

EXAMPLE = "Example: fcnet report checkpoints/mnist -o report.html"


Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        help="Run directory, directory of a sweep, or several runs (default: the newest run in checkpoints/).",
    ),
]


def report(
    runs: Runs = None,
    out: Annotated[
        Path | None, path("--out", "FILE", "The file (default: report.html in the run, or in the sweep).", "-o")
    ] = None,
    language: Annotated[Language | None, typer.Option(help="Language (default: that of the locale).")] = None,
    weights: Weights = None,
) -> None:
    """Write a report as one HTML file.

    It has metrics, curves, mistakes, weights, the config and how to reproduce it; of several runs, or a sweep, their
    comparison.
    """
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.report.write import run_report

    words = runs or []
    with shown() as sinks:
        file = run_report(words, out, language.value if language else None, which(weights), planned(words), sinks)
    streams.write(sys.stdout, str(file))


def planned(words: list[Path]) -> list[str] | None:
    """Return the runs of a sweep that are not begun; None if the words are not the directory of one sweep."""
    from fcnet.sweep import status
    from fcnet.sweep.disk.folder import Folder, is_sweep

    if len(words) != 1 or not is_sweep(words[0]):
        return None
    return [run.name for run in status.of(Folder.open(words[0])).runs if run.state == "planned"]


def after_training(settings: "Config", run: Path, sinks: "Sinks") -> None:
    """Write the report of a run that has just ended, if its config asks for one."""
    if settings.report:
        from fcnet.report.write import at_end

        at_end(run, sinks)
