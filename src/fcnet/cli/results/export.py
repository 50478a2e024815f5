"""``fcnet export``: its options, and the calls."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fcnet.cli.words import ConfigFile, Json, Language, Weights, answer, path, which
from fcnet.errors import ConfigError
from fcnet.system import paths, signals

if TYPE_CHECKING:
    from fcnet.families.common.family import Result

EXAMPLE = "Example: fcnet export checkpoints/mnist --to web -o digit.html"


class To(StrEnum):
    """What a model is exported to."""

    WEB = "web"
    ONNX = "onnx"
    SAFETENSORS = "safetensors"


class Precision(StrEnum):
    """Numbers that a page stores weights as."""

    INT8 = "int8"
    FP16 = "fp16"


One = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]",
        parser=paths.option("RUN"),
        help="Run directory or model file (default: the newest run in checkpoints/).",
    ),
]

Kind = Annotated[
    To | None,
    typer.Option(
        "--to",
        help="web: a page that reads digits without a server. onnx: a graph from images to answers, for other programs."
        " safetensors: weights, with the config.",
    ),
]
Weighed = Annotated[
    Precision | None,
    typer.Option(help="web: weights in int8 or fp16 (default: int8, or fp16 if int8 costs accuracy)."),
]
Words = Annotated[Language | None, typer.Option(help="web: language at first (default: that of the locale).")]


def export(
    run: One = None,
    to: Kind = None,
    out: Annotated[Path | None, path("--out", "FILE", "File to write, such as digit.html.", "-o")] = None,
    weights: Weights = None,
    config: ConfigFile = None,
    precision: Weighed = None,
    language: Words = None,
    json: Json = False,
) -> None:
    """Write a model to a file for use without fcnet.

    What it computes there is compared with the model first.
    """
    if to is None:
        raise ConfigError(f"--to: is missing; give one of {', '.join(To)}")
    if out is None:
        example = "digit.html" if to is To.WEB else f"model.{to}"
        raise ConfigError(f"-o: is missing; give the file to write, such as -o {example}")
    for name, given in (("--precision", precision), ("--language", language)):
        if given is not None and to is not To.WEB:
            raise ConfigError(f"{name}: is for --to web; leave it out")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.export import to_onnx, to_safetensors
        from fcnet.export.web import exporting as web

    result: Result
    with shown() as sinks:
        match to:
            case To.WEB:
                numbers: Literal["int8", "fp16"] | None = precision.value if precision else None
                words: Literal["en", "zh"] | None = language.value if language else None
                result = web.run_export_web(run, out, numbers, words, which(weights), config, sinks)
            case To.ONNX:
                result = to_onnx.run_export(run, out, which(weights), config, sinks)
            case To.SAFETENSORS:
                result = to_safetensors.run_export(run, out, which(weights), config, sinks)
    answer(result, json, csv=False)
