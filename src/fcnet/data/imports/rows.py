"""The rows of a table of pixels, a block of lines at a time, without a Python loop over their 33 million cells.

A cell is one to three digits almost always, and numpy reads these. Every other cell is looked at by itself.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fcnet.data.folder.listing import is_number
from fcnet.data.imports.parts import RULE, no_class, plain

_BLOCK = 1 << 20  # bytes, so that a block stays in the processor's cache
_NEWLINE, _ZERO = 10, 48

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """The columns of a table.

    Attributes:
        mark: the byte between columns.
        names: the name of each, or its number from 1.
        label: the position of the labels; None if there are none.
        named: whether the first line holds the names.
    """

    mark: bytes
    names: Sequence[str]
    label: int | None
    named: bool

    @property
    def pixels(self) -> int:
        """How many columns hold pixels."""
        return len(self.names) - (self.label is not None)

    @cached_property
    def of_pixels(self) -> list[int]:
        """The positions of the columns that hold pixels."""
        return [i for i in range(len(self.names)) if i != self.label]


class Block(NamedTuple):
    """Whole lines, each with its newline."""

    data: bytes
    line: int  # the number of the first


class Rows:
    """Reads the rows of a table.

    Args:
        path: the file, for messages.
        layout: its columns.

    Attributes:
        problems: one for each bad line so far.
        count: lines so far.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path, self._layout = path, layout
        self._cells: dict[bytes, int | str] = {}  # unusual cells: the pixel, or what is wrong
        self._labels: dict[bytes, tuple[str, str]] = {}  # the class, or what is wrong
        self.problems: list[str] = []
        self.count = 0

    def blocks(self, data: bytes, at: int, line: int) -> Iterator[Block]:
        """Yield the lines from a place on, the first of which has a number."""
        while at < len(data):
            end = data.rfind(b"\n", at, at + _BLOCK) + 1 or data.find(b"\n", at + _BLOCK) + 1 or len(data)
            block = data[at:end]
            if not block.endswith(b"\n"):
                block += b"\n"
            yield Block(block, line)
            line += block.count(b"\n")
            at = end

    def parse(self, block: Block) -> tuple[NDArray[np.uint8], list[str]]:
        """Return pixels (rows, columns) and labels of the lines that have the right number of columns."""
        characters = np.frombuffer(block.data, np.uint8)
        ends = np.flatnonzero((characters == self._layout.mark[0]) | (characters == _NEWLINE))
        counts = np.diff(np.flatnonzero(characters[ends] == _NEWLINE), prepend=-1)
        starts = np.concatenate(([0], ends[:-1] + 1))
        lines = np.arange(block.line, block.line + len(counts))
        self.count += len(counts)
        wrong: dict[int, str] = {}
        fits = counts == len(self._layout.names)
        if not fits.all():
            last = np.cumsum(counts)
            for i in np.flatnonzero(~fits).tolist():
                line = block.data[starts[last[i] - counts[i]] : ends[last[i] - 1]]
                wrong[int(lines[i])] = self._ragged(int(counts[i]), line)
            kept = np.repeat(fits, counts)
            starts, ends, lines = starts[kept], ends[kept], lines[fits]
        shape = (len(lines), len(self._layout.names))
        cells = Cells(block.data, characters, starts.reshape(shape), ends.reshape(shape), lines)
        pixels, labels = self._pixels(cells, wrong), self._classes(cells, wrong)
        self.problems += [f"{self._path}:{line}: {wrong[line]}" for line in sorted(wrong)]
        return pixels, labels

    def _ragged(self, count: int, line: bytes) -> str:
        if not line.strip():
            return "blank line; remove it"
        quoted = "; a quote with a separator inside is not read" if b'"' in line else ""
        right = len(self._layout.names)
        return f"has {count} columns, not {right} as line 1{quoted}; correct it (is the file cut off?)"

    # --- pixels -----------------------------------------------------------------------------------------------------

    def _pixels(self, cells: "Cells", wrong: dict[int, str]) -> NDArray[np.uint8]:
        """Return the pixels; unusual cells are read one by one, and what is wrong with them goes into ``wrong``."""
        starts, ends = cells.starts, cells.ends
        if self._layout.label is not None:
            starts, ends = (np.delete(places, self._layout.label, 1) for places in (starts, ends))
        values, good = digits(cells.characters, starts, ends)
        bad: dict[int, list[tuple[int, str]]] = {}
        for row, column in np.argwhere(~good).tolist():
            found = self._cell(cells.data[starts[row, column] : ends[row, column]])
            if isinstance(found, int):
                values[row, column] = found
            else:
                bad.setdefault(row, []).append((column, found))
        for row, found_in_row in bad.items():
            column, problem = found_in_row[0]
            more = f" (and {len(found_in_row) - 1} more on this line)" if len(found_in_row) > 1 else ""
            name = self._layout.names[self._layout.of_pixels[column]]
            wrong[int(cells.lines[row])] = f"column {name}: {problem}{more}"
        return values

    def _cell(self, text: bytes) -> int | str:
        if text not in self._cells:
            self._cells[text] = pixel(_unquoted(text))
        return self._cells[text]

    # --- labels -----------------------------------------------------------------------------------------------------

    def _classes(self, cells: "Cells", wrong: dict[int, str]) -> list[str]:
        column = self._layout.label
        if column is None:
            return []
        labels = []
        places = zip(cells.starts[:, column].tolist(), cells.ends[:, column].tolist(), strict=True)
        for i, (start, end) in enumerate(places):
            label, problem = self._label(cells.data[start:end])
            labels.append(label)
            if problem:
                wrong[int(cells.lines[i])] = f"column {self._layout.names[column]}: the label {problem}"
        return labels

    def _label(self, text: bytes) -> tuple[str, str]:
        if text not in self._labels:
            label = plain(_unquoted(text))
            self._labels[text] = label, no_class(label)
        return self._labels[text]


class Cells(NamedTuple):
    """Where the cells of a block are."""

    data: bytes
    characters: NDArray[np.uint8]
    starts: Places  # (rows, columns)
    ends: Places
    lines: Places  # (rows,)


def digits(characters: NDArray[np.uint8], starts: Places, ends: Places) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the numbers in cells, and whether each is one to three digits and at most 255; others are 0."""
    found = characters - np.uint8(_ZERO)
    length = ends - starts
    good = (length > 0) & (length < 4)
    value = np.zeros(starts.shape, np.uint16)
    for place, weight in enumerate((1, 10, 100)):
        digit: Any = np.where(length > place, found[ends - (place + 1)], 0)
        good &= digit < 10
        value += digit * np.uint16(weight)
    good &= value < 256
    value[~good] = 0
    return value.astype(np.uint8), good


def _unquoted(text: bytes) -> str:
    """Return a cell without blanks and quotes around it."""
    word = text.decode().strip()
    return next(csv.reader([word]), [""])[0].strip() if word.startswith('"') else word


def pixel(text: str) -> int | str:
    """Return the pixel that an unusual cell holds, such as 255.0; or what is wrong with it."""
    if not text:
        return f"is empty; {RULE}"
    if not is_number(text):
        return f"{text[:40]!r} is not a number; {RULE}"
    value = float(text)
    if not 0 <= value <= 255:
        return f"{text[:40]} is out of range; {RULE}: scale them"
    if not value.is_integer():
        return f"{text[:40]} is not a whole number; {RULE}: round them, and if they go up to 1, multiply by 255 first"
    return int(value)
