"""``fcnet predict --find``: read all digits of pages."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcnet.commands import image_files
from fcnet.commands.predict import certainty, files
from fcnet.commands.predict import show as figures
from fcnet.commands.read import choose_device, class_names
from fcnet.commands.trained import Located, locate
from fcnet.config.names import Prepare, Which
from fcnet.data.dataset import ImageFolder
from fcnet.data.images import colour
from fcnet.data.photos import page
from fcnet.data.photos.style import Style
from fcnet.errors import ConfigError
from fcnet.families.common import classify
from fcnet.families.common.family import Told, Trained, Weights, plain
from fcnet.rundir import find
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import counted, csv_text
from fcnet.system.threads import limits


@dataclass(frozen=True)
class Digit:
    """A digit of a page.

    Attributes:
        box: left, top, width and height, in pixels of the picture as displayed.
        line: from 0, from the top.
        predicted: the most probable class, by name.
        probability: of that class, in [0, 1].
        sure: whether the answer counts.
        note: why it does not; empty if it does.
    """

    box: list[int]
    line: int
    predicted: str
    probability: float
    sure: bool
    note: str


@dataclass(frozen=True)
class Page:
    """What is written on a page.

    Attributes:
        file: the picture.
        size: its width and height in pixels, as displayed.
        digits: in reading order.
        text: the answers, line by line.
    """

    file: str
    size: list[int]
    digits: list[Digit]
    text: list[str]


@dataclass(frozen=True)
class Pages:
    """What is written on several pages.

    Attributes:
        pages: in the order given.
        weights: of the model that read them.
    """

    pages: list[Page]
    weights: Weights | None = None

    def text(self) -> str:
        """Return the lines of each page, and which digits are uncertain."""
        return "\n".join(line for one in self.pages for line in _lines(one))

    def json(self) -> str:
        """Return one JSON object with a list."""
        return json.dumps(plain(self.weights) | {"pages": [asdict(one) for one in self.pages]}, ensure_ascii=False)

    def csv(self) -> str:
        """Return a row per digit."""
        header = ["file", "line", "left", "top", "width", "height", "predicted", "probability", "sure", "note"]
        rows = (
            [one.file, digit.line, *digit.box, digit.predicted, digit.probability, digit.sure, digit.note]
            for one in self.pages
            for digit in one.digits
        )
        return csv_text(header, rows)


def title(one: Page) -> str:
    """Return how many digits in how many lines there are on a page."""
    return f"{counted(len(one.digits), 'digit')} in {counted(len(one.text), 'line')}"


def _lines(one: Page) -> list[str]:
    if not one.digits:
        return [f"{one.file}: nothing written found"]
    unsure = [digit for digit in one.digits if not digit.sure]
    some = f", {len(unsure)} uncertain" if unsure else ""
    return [f"{one.file}: {title(one)}{some}", *(f"  {line}" for line in one.text)] + [
        f"  line {digit.line + 1}, {digit.box[0]} pixels from the left: {digit.note}" for digit in unsure
    ]


@limits.chosen()
def run_find(
    words: Sequence[str],
    device: str = "auto",
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
    prepare: Prepare = "auto",
    show: Path | None = None,
    weights: Which | None = None,
) -> Pages:
    """Find and read all digits of pages.

    Args:
        words: a run directory or model file (default: the newest run), then files, folders and patterns.
        device: where to compute.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.
        prepare: anything but ``off``: what is found is always prepared.
        show: file of a figure of the page with a box around each digit.
        weights: of a run: best or last; the best if it has them, when None.

    Raises:
        DataError: naming all files that cannot be found or read.
        ConfigError: the model is no classifier, or its images are no strokes on a plain ground.
    """
    runs, wanted = image_files.split_runs(words)
    if len(runs) > 1:
        raise ConfigError(f"--find: reads pages with one run, but {len(runs)} are given; name one")
    found = locate(runs[0] if runs else None, config_file, sinks, weights)
    _check(found, wanted, prepare)
    found.tell(sinks)
    paths = image_files.find_images(wanted, sinks)
    if show is not None:
        figures.check(show)
        if len(paths) > 1:
            raise ConfigError(f"--show {show}: draws one page, but there are {len(paths)}; give one")
    preparing = files.how(found, "always", sinks)
    assert preparing is not None
    classes = class_names(found.settings)
    reader = Reader(found.load(len(classes), choose_device(device), sinks), classes, preparing.style)
    threshold = certainty.threshold_of(found)
    pages = [reader.read(path, threshold) for path in paths]
    if show is not None:
        figures.draw_page(show, paths[0], pages[0], title(pages[0]), sinks)
    return Pages(pages, found.weights)


def _check(found: Located, wanted: Sequence[str], prepare: Prepare) -> None:
    """Raise ConfigError if digits cannot be found for a model, or there are no images."""
    if not wanted:
        raise ConfigError("IMAGE: is missing; give the picture of a page after the run, such as page.jpg")
    if prepare == "off":
        raise ConfigError("--find, --prepare off: digits that are found are always prepared; leave one of the two out")
    if not found.settings.model.classifies:
        raise ConfigError(
            f"--find: {found.path} is of kind {found.settings.model.kind}, which names no classes"
            + find.of_kind("fcnet", found.run)
        )
    if found.settings.data.deskew:
        raise ConfigError("--find: is not made for a model with data.deskew; give one without")


@dataclass(frozen=True)
class Reader:
    """Reads pages with a model.

    Attributes:
        trained: the model.
        classes: its classes.
        style: how its training images show their digits.
    """

    trained: Trained
    classes: Sequence[str]
    style: Style

    def read(self, path: Path, threshold: float | None) -> Page:
        """Return what is written on a page."""
        photo = colour.read(path, page.SIDE)
        digits = page.find(photo.pixels, self.style, self._surely)
        size = [photo.size[1], photo.size[0]]
        if not digits:
            return Page(str(path), size, [], [])
        seen = self._images(np.stack([one.pixels for one in digits]))
        answers = classify.predictions(self.trained, seen).told([Told()] * len(digits), threshold)
        scale = max(photo.size) / max(photo.pixels.shape[:2])
        read = [
            Digit(_scaled(one.box, scale), one.line, str(of.predicted), float(of.probability or 0), of.sure, of.note)
            for one, of in zip(digits, answers.images, strict=True)
        ]
        between = "" if all(len(name) == 1 for name in self.classes) else " "
        lines = range(digits[-1].line + 1)
        text = [between.join(one.predicted for one in read if one.line == line) for line in lines]
        return Page(str(path), size, read, text)

    def _images(self, pixels: NDArray[np.uint8]) -> ImageFolder:
        device = next(self.trained.net.parameters()).device
        labels = torch.zeros(len(pixels), dtype=torch.int64)
        names = [""] * len(pixels)
        return ImageFolder(torch.from_numpy(pixels), labels, tuple(self.classes), Path(), names).to(device)

    def _surely(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        logits = classify.logits_of(self.trained, self._images(pixels))
        return np.asarray(logits.double().softmax(1).amax(1).numpy())


def _scaled(box: page.Box, scale: float) -> list[int]:
    """Return left, top, width and height in pixels of the picture itself."""
    top, left, bottom, right = (round(edge * scale) for edge in box)
    return [left, top, right - left, bottom - top]
