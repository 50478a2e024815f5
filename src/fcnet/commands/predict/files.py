"""Read image files as the training images of a run are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fcnet.commands import image_files
from fcnet.commands.read import image_size, preparation
from fcnet.commands.trained import Located
from fcnet.config.names import Prepare
from fcnet.data.dataset import ImageFolder, tensor
from fcnet.data.images.deskew import deskewed
from fcnet.data.images.grey import FULL
from fcnet.data.photos import reading
from fcnet.data.photos.reading import Preparation, Read
from fcnet.data.photos.style import Style
from fcnet.errors import CheckpointError, ConfigError, DataError
from fcnet.families.common.family import Told
from fcnet.rundir import directory, environment
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import few, listed


@dataclass(frozen=True)
class Seen:
    """Images as a net sees them.

    Attributes:
        pixels: uint8 (N, H, W).
        told: what was done to each, and why one may not be read.
    """

    pixels: Tensor
    told: list[Told]


def how(found: Located, mode: Prepare, sinks: Sinks = SILENT) -> Preparation | None:
    """Return how files are prepared for a model; None to resize them only.

    Raises:
        ConfigError: they are to be prepared always, but how the training images show their digits is not known.
    """
    data = found.settings.data
    if mode == "always" and data.deskew and data.prepare is None:
        raise ConfigError(
            "--prepare always: is not made for a model with data.deskew, whose images were sheared, not prepared; leave"
            " it out"
        )
    if mode == "off" or (data.deskew and data.prepare is None):
        return None
    style = style_of(found)
    if style is not None:
        return Preparation(style, mode, style.single)
    if mode == "always":
        raise ConfigError(
            f"--prepare always: the training images of {found.path} do not show strokes on a plain ground, or the run"
            " does not record how they do; leave it out, or train again"
        )
    if found.run is not None and "style" not in _facts(found.run):
        sinks.notice(f"{found.run}: does not record how its images show their digits; photos are only resized")
    return None


def style_of(found: Located) -> Style | None:
    """Return how the training images of a model show their digits; None if that is not known, or not alike."""
    facts = _facts(found.run)
    recorded = _recorded(facts)
    known = preparation(found.settings)
    if known is not None:
        return known.style if recorded is None else replace(known.style, single=recorded.single)
    if recorded is not None:
        return recorded
    if found.settings.data.source == "mnist" and "style" not in facts:
        return reading.mnist(image_size(found.settings))
    return None


def _facts(run: Path | None) -> dict[str, Any]:
    """Return what a run records about its environment; nothing without a run, or if that cannot be read."""
    if run is None:
        return {}
    try:
        return environment.read_json(run / directory.ENVIRONMENT)
    except CheckpointError:
        return {}


def _recorded(facts: dict[str, Any]) -> Style | None:
    """Return the style that a run records; None if it is older, or its images have none."""
    try:
        return Style.of(facts["style"])
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def read(paths: Sequence[Path], found: Located, mode: Prepare, sinks: Sinks = SILENT) -> Seen:
    """Read files as the training images of a model are.

    Raises:
        DataError: naming all files that cannot be read.
        ConfigError: as ``how`` does.
    """
    preparing = how(found, mode, sinks)
    size, white = image_size(found.settings), found.settings.data.white
    if preparing is None:
        pixels = image_files.read_images(paths, size, white, sinks)
        prepares = mode == "off" and style_of(found) is not None
        fix = "leave out --prepare off" if prepares else "invert them"
        image_files.warn_of_light(paths, pixels, found.run, sinks, fix)
        return Seen(pixels, [Told()] * len(paths))
    return _seen(paths, _read(paths, preparing, white), sinks)


def _read(paths: Sequence[Path], preparing: Preparation, white: int | None) -> list[Read]:
    """Read files. Raises DataError naming those that cannot be read."""
    found: list[Read] = []
    problems: list[str] = []
    for path in paths:
        try:
            found.append(reading.read(path, preparing, FULL if white is None else white))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*listed(problems, "images that cannot be read"))
    return found


def _seen(paths: Sequence[Path], found: Sequence[Read], sinks: Sinks) -> Seen:
    image_files.warn_of_frames(paths, [one.picture for one in found], sinks)
    pixels = torch.from_numpy(np.stack([one.picture.pixels for one in found]))
    told = [Told(one.done, one.problem, one.touches) for one in found]
    passed = [(path, image) for path, image, one in zip(paths, pixels, found, strict=True) if not one.problem]
    if passed:
        image_files.warn_of_one_colour([path for path, _ in passed], torch.stack([one for _, one in passed]), sinks)
    return Seen(pixels, told)


def read_files(
    found: Located, wanted: Sequence[str], classes: Sequence[str], sinks: Sinks, prepare: Prepare = "auto"
) -> tuple[ImageFolder, list[Told]]:
    """Read image files, folders and patterns as a split without labels, and what is known about each.

    Args:
        found: the model that they are for.
        wanted: files, folders and patterns.
        classes: of the model.
        sinks: for notices and warnings.
        prepare: whether they are prepared as the training images are.

    Raises:
        DataError: naming all files that cannot be found or read.
    """
    paths = image_files.find_images(wanted, sinks)
    seen = read(paths, found, prepare, sinks)
    pixels = tensor(deskewed(seen.pixels.numpy())) if found.settings.data.deskew else seen.pixels
    unlabelled = torch.zeros(len(paths), dtype=torch.int64)
    return ImageFolder(pixels, unlabelled, tuple(classes), Path(), [str(path) for path in paths]), seen.told


def warn_of_problems(names: Sequence[str], told: Sequence[Told], sinks: Sinks) -> None:
    """Warn of images in which no digit was found, for a command whose result does not say so."""
    problems = [f"{name}: {one.problem}" for name, one in zip(names, told, strict=True) if one.problem]
    if problems:
        sinks.warn(f"{few(problems, 3)}; results for an empty image are meaningless")
