"""``fcnet export``: its options, and the calls."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.words import ConfigFile, Json, Weights, answer, path, which
from fcnet.errors import ConfigError
from fcnet.system import paths, signals

EXAMPLE = "Example: fcnet export checkpoints/mnist --to onnx -o model.onnx"


class To(StrEnum):
    """What a model is exported to."""

    ONNX = "onnx"
    SAFETENSORS = "safetensors"


One = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]",
        parser=paths.option("RUN"),
        help="Run directory or model file (default: the newest run in checkpoints/).",
    ),
]
Out = Annotated[Path | None, path("--out", "FILE", "File to write, such as model.onnx.", "-o")]


def export(
    run: One = None,
    to: Annotated[
        To | None,
        typer.Option(
            "--to",
            help="onnx: a graph from images to answers, for other programs. safetensors: weights, with the config.",
        ),
    ] = None,
    out: Out = None,
    weights: Weights = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Write a trained model to a file for other programs, checked beside fcnet's own answers."""
    if to is None:
        raise ConfigError(f"--to: is missing; give one of {', '.join(To)}")
    if out is None:
        raise ConfigError(f"-o: is missing; give the file to write, such as -o model.{to}")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.export import to_onnx, to_safetensors

    with shown() as sinks:
        match to:
            case To.ONNX:
                result = to_onnx.run_export(run, out, which(weights), config, sinks)
            case To.SAFETENSORS:
                result = to_safetensors.run_export(run, out, which(weights), config, sinks)
    answer(result, json, csv=False)
