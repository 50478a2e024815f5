"""``fcnet export``: its options, and the calls."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.words import ConfigFile, Weights, path, which
from fcnet.system import paths, signals, streams

EXAMPLE = "Example: fcnet export checkpoints/mnist --to onnx -o model.onnx"


class To(StrEnum):
    """What a model is exported to."""

    ONNX = "onnx"
    SAFETENSORS = "safetensors"


def export(
    to: Annotated[To, typer.Option("--to", help="onnx (a graph that other programs run) or safetensors (weights).")],
    out: Annotated[Path, path("--out", "FILE", "The file to write.", "-o")],
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]",
            parser=paths.option("RUN"),
            help="Run directory or model file (default: the newest run in checkpoints/).",
        ),
    ] = None,
    config: ConfigFile = None,
    weights: Weights = None,
) -> None:
    """Write a model to a file that other programs read, and check that it computes the same there."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.export import to_onnx, to_safetensors

    with shown() as sinks:
        match to:
            case To.ONNX:
                lines = to_onnx.run_export(run, out, which(weights), config, sinks)
            case To.SAFETENSORS:
                lines = to_safetensors.run_export(run, out, which(weights), config, sinks)
    for line in lines:
        streams.write(sys.stdout, line)
