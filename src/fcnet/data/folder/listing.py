"""The images of one split as a list: files, labels, and where each label is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Stats = NDArray[np.int64]  # (N, 3): size in bytes, time of modification and of the last change of status in ns

UNLABELLED = "unlabelled"  # the class of images without labels, which only an autoencoder takes


@dataclass(frozen=True)
class Listing:
    """The images of one split, in order, not yet read.

    Attributes:
        root: the folder that ``names`` are relative to.
        names: one per image, such as ``17.png`` or ``7/a.png``.
        labels: the class of each image, by name.
        stats: what the file system reports about each file; changes with the file.
        folders: the class folders, only in that layout; a folder may be empty.
        ignored: files in the folder without an image suffix.
        table: the label file, if there is one.
        rows: the line of each label there, unless line i + 1 is that of image i.
        notes: what the audit should report.
    """

    root: Path
    names: Sequence[str]
    labels: Sequence[str]
    stats: Stats
    folders: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()
    table: Path | None = None
    rows: Sequence[int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether the images have labels."""
        return self.table is not None or self.folders is not None

    def place(self, i: int) -> str:
        """Return where the label of image i is written, such as ``train-labels.txt:18``."""
        if self.table is None:
            return str(self.root / self.names[i])
        return f"{self.table}:{i + 1 if self.rows is None else self.rows[i]}"


_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def number(label: str) -> str:
    """Return a whole-number label in its shortest form ("07", "+7", "7.0" and "7e+00" as 7), and others unchanged."""
    if _WHOLE.fullmatch(label):
        return str(int(label))
    if _NUMBER.fullmatch(label) and (value := float(label)).is_integer() and abs(value) < 1e9:
        return str(int(value))
    return label


def is_number(label: str) -> bool:
    """Return whether a label is a number, whole or not."""
    return _NUMBER.fullmatch(label) is not None


def is_whole(label: str) -> bool:
    """Return whether a label is written as a whole number, without a point."""
    return _WHOLE.fullmatch(label) is not None
