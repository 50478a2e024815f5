"""Draw what the net saw of photos, and what it answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fcnet.data.dataset import ImageFolder
from fcnet.data.images import colour
from fcnet.errors import ConfigError
from fcnet.families.common.classify import Prediction, Predictions
from fcnet.families.common.family import Result
from fcnet.rundir import own_files
from fcnet.system import files
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fcnet.commands.predict.pages import Page

# matplotlib is imported when something is drawn: it takes half a second.
FORMATS = (".png", ".svg", ".pdf")
SHOWN, PAGE = 300, 1500  # pixels of the longer side of a photo, and of a page, in a figure


def check(path: Path) -> None:
    """Raise ConfigError if a figure cannot be written to a file: another format, or a file that fcnet did not write."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"--show {path}: is not a {', '.join(FORMATS)} file; give a name that ends in one of these")
    if files.look(path) is not None and not own_files.has_mark(path):
        raise ConfigError(f"--show {path}: already exists and was not drawn by fcnet; choose another name")


def draw(path: Path, images: ImageFolder, result: Result, sinks: Sinks = SILENT) -> None:
    """Draw images, given by their names, beside what the model saw, with its answers."""
    from fcnet.plots import photos

    answers = result.images if isinstance(result, Predictions) else [None] * len(images)
    shown = []
    for name, seen, one in zip(images.names[: photos.MOST], images.images, answers, strict=False):
        photo = colour.read(Path(name), SHOWN).pixels
        shown.append(photos.Answer(Path(name).name, photo, seen.cpu().numpy(), *_answer(one)))
    write(path, photos.answers(shown, len(images)), sinks)


def draw_page(path: Path, file: Path, page: Page, title: str, sinks: Sinks = SILENT) -> None:
    """Draw a page with a box around each digit and the answer above it."""
    from fcnet.plots import photos

    photo = colour.read(file, PAGE).pixels
    scale = photo.shape[1] / page.size[0]
    boxes = [photos.Box(tuple(scale * one for one in digit.box), digit.predicted, digit.sure) for digit in page.digits]
    write(path, photos.page(photo, boxes, f"{file.name}: {title}"), sinks)


def write(path: Path, figure: Figure, sinks: Sinks) -> None:
    """Write a figure, and say where; warn of characters that no installed font has."""
    from fcnet.plots import curves, style

    missing = curves.save(figure, path)
    if missing:
        sinks.warn(style.advice(missing))
    sinks.notice(f"figure: {path}")


def _answer(one: Prediction | None) -> tuple[str, bool, dict[str, float]]:
    """Return the title of an answer, whether it counts, and the probabilities."""
    if one is None:
        return "", True, {}
    known = one.predicted is not None and one.probability is not None
    title = f"{one.predicted}: {percent(one.probability)}" if known else ""
    return "; ".join(part for part in (title, one.note) if part), one.sure, one.probabilities
