"""``fcnet export``: its options, and the calls."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.words import ConfigFile, Json, Weights, answer, path, which
from fcnet.errors import ConfigError
from fcnet.system import paths, signals, streams

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


def export(
    run: One = None,
    to: Annotated[
        To | None,
        typer.Option(
            "--to",
            help="web (a page that reads digits without a server), onnx (a graph that other programs run) or safetensors"
            " (weights).",
        ),
    ] = None,
    out: Annotated[Path | None, path("--out", "FILE", "File to write, such as digit.html.", "-o")] = None,
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
    """Write a model to a file for use without fcnet, and check that it computes the same there."""
    if to is None:
        raise ConfigError(f"--to: is missing; give one of {', '.join(To)}")
    if out is None:
        raise ConfigError("--out: is missing; give the file to write, such as -o digit.html")
    only_web = {"--precision": precision, "--language": language, "--json": json or None}
    if to is not To.WEB and (given := [name for name, value in only_web.items() if value is not None]):
        raise ConfigError(f"{given[0]}: is for --to web; leave it out")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.export import to_onnx, to_safetensors
        from fcnet.export.web import exporting as web

    with shown() as sinks:
        chosen = which(weights)
        match to:
            case To.WEB:
                numbers, words = precision and precision.value, language and language.value
                result = web.run_export_web(run, out, numbers, words, chosen, config, sinks)
                return answer(result, json, csv=False)
            case To.ONNX:
                lines = to_onnx.run_export(run, out, chosen, config, sinks)
            case To.SAFETENSORS:
                lines = to_safetensors.run_export(run, out, chosen, config, sinks)
    for line in lines:
        streams.write(sys.stdout, line)
    return None
