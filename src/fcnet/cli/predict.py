"""``fcnet predict``: its options, and the call."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcnet.cli.words import ConfigFile, Device, RunAndImages, Weights, answer, check_format, path, which
from fcnet.errors import ConfigError
from fcnet.system import signals

if TYPE_CHECKING:
    from fcnet.families.common.family import Result


class Prepare(StrEnum):
    """Whether photos are prepared as the training images are."""

    AUTO = "auto"
    OFF = "off"
    ALWAYS = "always"


EXAMPLE = 'Example: fcnet predict checkpoints/reader photo.jpg "scans/*.png" --show seen.png'


def predict(
    words: RunAndImages = None,
    config: ConfigFile = None,
    prepare: Annotated[
        Prepare,
        typer.Option(
            metavar="auto|always|off",
            help="Prepare photos and drawings as the training images are made: auto (the default) leaves images alone"
            " that are made like them, always prepares all, off only resizes.",
        ),
    ] = Prepare.AUTO,
    find: Annotated[bool, typer.Option("--find", help="Find and read all digits of a page, line by line.")] = False,
    show: Annotated[
        Path | None, path("--show", "FILE", "Draw each photo beside what the net saw of it; with --find, the boxes.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with the probability of each class.")] = False,
    out: Annotated[Path | None, path("--out", "DIR", "Folder for the reconstructed images of an autoencoder.")] = None,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Classify images and photos, or reconstruct them.

    An autoencoder reconstructs images; their errors are outlier scores.
    """
    check_format(json, csv)
    if not words:
        raise ConfigError("IMAGE: is missing; give files, folders or patterns, such as photo.png")
    if find and out is not None:
        raise ConfigError("--find, --out: give only one of the two")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.predict.answers import run_predict
        from fcnet.commands.predict.pages import run_find
        from fcnet.sweep.committee import expand

    with shown() as sinks:
        result: Result
        words = expand(words, sinks)
        if find:
            result = run_find(words, device, config, sinks, prepare.value, show, which(weights))
        else:
            result = run_predict(words, device, out, config, sinks, prepare.value, show, which(weights))
    answer(result, json, csv)
