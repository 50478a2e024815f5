"""``fcnet export``: its options, and the call."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from fcnet.cli.words import ConfigFile, Json, Weights, answer, path, which
from fcnet.errors import ConfigError
from fcnet.system import paths, signals

EXAMPLE = "Example: fcnet export checkpoints/mnist --to web -o digit.html"


class To(StrEnum):
    """What a run is exported to."""

    WEB = "web"


class Precision(StrEnum):
    """Numbers that a page stores weights as."""

    INT8 = "int8"
    FP16 = "fp16"


class Language(StrEnum):
    """Languages of a page."""

    EN = "en"
    ZH = "zh"


One = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]",
        parser=paths.option("RUN"),
        help="Run directory or model file (default: the newest run in checkpoints/).",
    ),
]
Out = Annotated[Path | None, path("--out", "FILE", "File to write, such as digit.html.", "-o")]


def export(
    run: One = None,
    to: Annotated[
        To | None, typer.Option("--to", help="web: one HTML file that reads a drawn digit or a photo, without network.")
    ] = None,
    out: Out = None,
    weights: Weights = None,
    config: ConfigFile = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="web: weights in int8 or fp16 (default: int8, or fp16 if int8 costs accuracy)."),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="web: language at first (default: that of the locale).")
    ] = None,
    json: Json = False,
) -> None:
    """Write a trained net for use without fcnet: a web page."""
    if to is None:
        raise ConfigError(f"--to: is missing; give one of {', '.join(To)}")
    if out is None:
        raise ConfigError("-o: is missing; give the file to write, such as -o digit.html")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.export.web import exporting as web

    with shown() as sinks:
        match to:
            case To.WEB:
                numbers: Literal["int8", "fp16"] | None = precision.value if precision else None
                words: Literal["en", "zh"] | None = language.value if language else None
                result = web.run_export_web(run, out, numbers, words, which(weights), config, sinks)
    answer(result, json, csv=False)
