"""Arguments and options that several commands share, and their answers."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fcnet.errors import ConfigError
from fcnet.system import paths, streams

if TYPE_CHECKING:
    from fcnet.families.common.family import Result


def path(name: str, metavar: str, text: str, *short: str) -> Any:
    """Return an option that names a file or a folder."""
    names = (name, *short) if short else ()
    return typer.Option(*names, metavar=metavar, parser=paths.option(name), help=text)


Run = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        help="Run directory or model file (default: the newest run in checkpoints/); several for their committee.",
    ),
]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        help="Run directories, or folders of runs (default: the newest run in checkpoints/).",
    ),
]
RunAndImages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]... IMAGE...",
        parser=paths.word("IMAGE"),
        help="Run directory or model file (default: the newest run), several for their committee; then files,"
        " folders or glob patterns.",
    ),
]
ConfigFile = Annotated[Path | None, path("--config", "FILE", "Config for a model file without a run directory.", "-c")]


class Which(StrEnum):
    """Weights of a run."""

    BEST = "best"
    LAST = "last"


Weights = Annotated[
    Which | None,
    typer.Option(
        "--weights",
        help="Weights of the run: of the best epoch by validation, or after the last one (default: best, if the run"
        " has validation images).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: shares as fractions, losses in nats.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def which(weights: Which | None) -> Literal["best", "last"] | None:
    """Return the name of the weights that are asked for; None for those that a run has by default."""
    return weights.value if weights else None


def warn(text: str) -> None:
    """Show a warning, on one line."""
    streams.tell(sys.stderr, f"fcnet: warning: {' '.join(text.splitlines())}")


def check_format(json: bool, csv: bool) -> None:
    """Raise ConfigError if two formats are asked for."""
    if json and csv:
        raise ConfigError("--json, --csv: choose one of the two")


def answer(result: "Result", json: bool, csv: bool) -> None:
    """Print a command's result in the requested format."""
    text = result.json() if json else result.csv() if csv else result.text()
    streams.write(sys.stdout, text, for_programs=json or csv)
