"""CSV tables of pixels: a row per image, a column per pixel, and one of labels; with or without a heading.

Kaggle's Digit Recognizer has the heading ``label,pixel0,...,pixel783``, and its test images have no labels. MNIST as
CSV elsewhere has no heading, and the label first.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fcnet.data.cache.store import Progress
from fcnet.data.folder import columns
from fcnet.data.folder.listing import is_number
from fcnet.data.imports.parts import Part, Tell, check_white, content, side, split_of, upright
from fcnet.data.imports.rows import Layout, Rows
from fcnet.data.writing import Images
from fcnet.errors import DataError
from fcnet.system.text import few, listed, natural

_MARKS = ",;\t|"  # between columns

_FORM = "a table of pixels has a row per image: label,pixel0,pixel1,..."
_LEAST = 4  # pixels of an image
_MANY = 16  # columns: so many that count from 0 or 1 are a heading, not pixels


def read(path: Path, progress: Progress, tell: Tell) -> Part:
    """Return the images, and the labels if there are any, in a CSV file.

    Raises:
        DataError: naming each bad line (ten of them, and the total), if it is not such a table.
    """
    data = _text(path)
    heading = _heading(path, data)
    layout = _layout(path, heading)
    rows = Rows(path, layout)
    at = data.find(b"\n") + 1 if layout.named else heading.start
    if layout.named and at == 0:
        raise DataError(f"{path}: has a heading but no rows; give the whole file")
    images = np.empty((data.count(b"\n", at) + 1, layout.pixels), np.uint8)
    labels: list[str] = []
    done = 0
    for block in rows.blocks(data, at, 1 + layout.named):
        pixels, classes = rows.parse(block)
        images[done : done + len(pixels)] = pixels
        labels += classes
        done += len(pixels)
        if rows.count < len(images):
            progress(f"reading {path}", rows.count, len(images))
    if rows.problems:
        raise DataError(*listed(rows.problems, f"{path}: bad lines"))
    progress(f"reading {path}", rows.count, rows.count)
    images = images[:done]
    _check_columns(path, layout, images, labels)
    check_white(path, images)
    n = side(layout.pixels) or 0
    squares = upright(path, images.reshape(done, n, n), tell)
    return Part(path, squares, None if layout.label is None else labels, split_of(path.name))


def _text(path: Path) -> bytes:
    """Return a file with \\n at the end of each line, without blank lines at its end. Raises DataError."""
    data = content(path)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise DataError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    data = data.rstrip(b"\n\t ")
    if not data:
        raise DataError(f"{path}: is empty; {_FORM}")
    return data


# --- the first line -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    """What the first line says.

    Attributes:
        mark: between columns.
        cells: of the first line.
        names: the same, if they are names of columns; None if the first line is an image.
        start: where the first line begins, after a byte order mark.
    """

    mark: str
    cells: list[str]
    names: list[str] | None
    start: int


def _heading(path: Path, data: bytes) -> Heading:
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    end = data.find(b"\n")
    line = data[start : len(data) if end < 0 else end].decode()
    mark = max(_MARKS, key=line.count)
    if mark not in line:
        words = line.split()
        blanks = len(words) > 1 and all(map(is_number, words))
        problem = "its columns are separated by blanks, not commas" if blanks else "it has only one column"
        raise DataError(f"{path}:1: is not a table of pixels: {problem}; {_FORM}")
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=mark, strict=True))]
    except csv.Error as error:
        raise DataError(f"{path}:1: not valid CSV ({error}); fix the line") from None
    return Heading(mark, cells, cells if _are_names(cells) else None, start)


def _are_names(cells: Sequence[str]) -> bool:
    """Return whether cells are names of columns, not numbers with perhaps a class among them."""
    words = [cell for cell in cells if not is_number(cell)]
    if 2 * len(words) > len(cells):
        return True
    numbers = [cell for cell in cells if is_number(cell)]
    count_up = any(numbers == [str(first + i) for i in range(len(numbers))] for first in (0, 1))
    return count_up and (any(map(columns.is_heading, words)) or len(numbers) >= _MANY)


def _layout(path: Path, heading: Heading) -> Layout:
    """Return which column holds what. Raises DataError if the columns are not those of a table of pixels."""
    width = len(heading.cells)
    label = _named_label(path, heading.names) if heading.names is not None else _unnamed_label(heading.cells)
    pixels = width if label is None else width - 1
    if side(pixels) is None:
        raise DataError(_not_square(path, heading, label, pixels))
    if heading.names is not None:
        _check_order(path, [name for i, name in enumerate(heading.names) if i != label])
    names = heading.names or [f"{i}" for i in range(1, width + 1)]
    return Layout(heading.mark.encode(), names, label, heading.names is not None)


def _named_label(path: Path, names: Sequence[str]) -> int | None:
    found = [i for i, name in enumerate(names) if columns.is_heading(name)]
    exact = [i for i in found if names[i].lower() == "label"]
    if len(exact or found) > 1:
        both = " and ".join(repr(names[i]) for i in found[:3])
        raise DataError(f"{path}:1: the columns {both} could each be the labels; rename the right one to label")
    return next(iter(exact or found), None)


def _unnamed_label(cells: Sequence[str]) -> int | None:
    """Return the column of labels: the first, or the last if only that holds a word; None if there are only pixels."""
    if side(len(cells)) is not None:
        return None
    return len(cells) - 1 if is_number(cells[0]) and not is_number(cells[-1]) and cells[-1] else 0


def _not_square(path: Path, heading: Heading, label: int | None, pixels: int) -> str:
    place = f"{path}:1: "
    if pixels < _LEAST:
        found = f"its columns are {few(heading.cells, 4)}"
        return f"{place}is not a table of pixels: {found}; {_FORM}; a table of labels goes into a config, as `labels`"
    if heading.names is None:
        return (
            f"{place}{len(heading.cells)} columns are not a label and a square number of pixels, such as 1 + 784 (28 x"
            f" 28); {_FORM}"
        )
    others = [name for i, name in enumerate(heading.names) if i != label and not re.search(r"\d", name)]
    odd = f" ({few(map(repr, others), 4)})" if others else ""
    if label is None and side(pixels - 1) is not None:
        return f"{place}{pixels} columns, and none is named label; name the one that holds the classes{odd}"
    if label is None:
        return f"{place}{pixels} columns, none of them named label, are not a square number of pixels{odd}; {_FORM}"
    return (
        f"{place}{pixels} columns beside {heading.names[label]!r} are not a square number of pixels, such as 784 (28 x"
        f" 28); remove the columns that are not pixels{odd}"
    )


def _check_order(path: Path, names: Sequence[str]) -> None:
    """Raise DataError if numbered columns are not in their order, as after sorting them by letters."""
    if len({re.sub(r"\d+", "#", name) for name in names}) > 1:
        return
    keys = [natural(name) for name in names]
    wrong = next((i for i in range(1, len(keys)) if keys[i] <= keys[i - 1]), None)
    if wrong is not None:
        raise DataError(
            f"{path}:1: the column {names[wrong]} comes after {names[wrong - 1]}; pixels go row by row, from the top"
            " left: sort the columns by their numbers"
        )


def _check_columns(path: Path, layout: Layout, images: Images, labels: Sequence[str]) -> None:
    """Raise DataError if the first column of a table without a heading seems to be a pixel, and the last the label."""
    if layout.named or layout.label != 0 or len(labels) < 2 or len(set(labels)) > 1:
        return
    if len(np.unique(images[:, -1])) > 1:
        raise DataError(
            f"{path}: the first column is always {labels[0]}, so it seems to be a pixel, and the last one the label;"
            " add a first line with names: pixel0,pixel1,...,label"
        )
