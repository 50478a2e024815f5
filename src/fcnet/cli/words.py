"""Arguments and options that several commands share, and their answers."""

import sys
from contextvars import ContextVar
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fcnet.cli.help import complete
from fcnet.config.named import find
from fcnet.errors import ConfigError
from fcnet.system import paths, streams

if TYPE_CHECKING:
    from fcnet.families.common.family import Result


def path(name: str, metavar: str, text: str, *short: str, parser: Any = None, completes: Any = None) -> Any:
    """Return an option that names a file or a folder."""
    names = (name, *short) if short else ()
    parser = parser or paths.option(name)
    return typer.Option(*names, metavar=metavar, parser=parser, help=text, autocompletion=completes)


def config(name: str, text: str, *short: str) -> Any:
    """Return an option that names a config: a file, or one by name, such as ``mnist``."""
    return path(name, "CONFIG", text, *short, parser=find.option(name), completes=complete.configs)


Run = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        autocompletion=complete.run_or_file,
        help="Run directory or model file (default: the newest run in checkpoints/); several for their committee.",
    ),
]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        autocompletion=complete.run_or_file,
        help="Run directories, or folders of runs (default: the newest run in checkpoints/).",
    ),
]
RunAndImages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]... IMAGE...",
        parser=paths.word("IMAGE"),
        autocompletion=complete.run_or_file,
        help="Run directory or model file (default: the newest run), several for their committee; then files,"
        " folders or glob patterns.",
    ),
]
ConfigFile = Annotated[Path | None, config("--config", "Config for a model file without a run directory.", "-c")]


class Verbosity(IntEnum):
    """How much a command says."""

    QUIET = 0
    USUAL = 1
    VERBOSE = 2


verbosity: ContextVar[Verbosity] = ContextVar("verbosity", default=Verbosity.USUAL)  # of the command line


class Which(StrEnum):
    """Weights of a run."""

    BEST = "best"
    LAST = "last"


class Language(StrEnum):
    """Languages of what is written for people."""

    EN = "en"
    ZH = "zh"


Weights = Annotated[
    Which | None,
    typer.Option(
        "--weights",
        metavar="best|last",
        help="Weights of the run: of the best epoch by validation, or after the last one (default: best, if the run"
        " has validation images).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object: shares as fractions, losses in nats.")]
Device = Annotated[str, typer.Option(metavar="D", help="auto (the default), cpu, cuda or cuda:N.")]


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
