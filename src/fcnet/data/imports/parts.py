"""What a file holds, whatever its format: images, labels, or both; and the rules that all of them have to keep."""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data.folder.listing import is_number, is_whole, number
from fcnet.data.writing import Images
from fcnet.errors import DataError
from fcnet.system import files
from fcnet.system.text import listed

Tell = Callable[[str], None]  # a side note for people

MOST_BYTES = 1 << 34  # of a file: it is read as a whole

WORDS = dict(zip(SOURCE_SPLITS, ("train", "test"), strict=True))  # what messages call the splits

RULE = "pixels are whole numbers from 0 (black) to 255 (white)"

# Images whose brightest pixel is not above this have another white: 1, or scikit-learn's 16.
_DARK = 16

_TRAIN, _TEST = SOURCE_SPLITS
_SPLIT = re.compile(
    r"(?:^|[^a-z])[xy]?(?:(train(?:ing)?)|(t10k|test(?:ing)?))(?:x|y|set|data|images?|imgs?|labels?)?(?:[^a-z]|$)"
)


@dataclass(frozen=True)
class Part:
    """Images, labels, or both, as one file or one array in a file holds them.

    Attributes:
        path: the file.
        images: pixels (N, H, W), or image files as bytes; None if it only holds labels.
        labels: the class of each image, by name; None if it only holds images.
        split: one of ``SOURCE_SPLITS``, by its name; None if that does not say.
        array: the name of the array in the file; empty if there is only one.
    """

    path: Path
    images: Images | Sequence[bytes] | None
    labels: list[str] | None
    split: str | None = None
    array: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.array}" if self.array else str(self.path)


def content(path: Path) -> bytes:
    """Return the bytes of a file. Raises OSError, or DataError if it is too large."""
    try:
        return files.read_bytes(path, MOST_BYTES)
    except files.NotReadable as error:
        raise DataError(f"{path}: {error}; split it into smaller files") from None


def upright(path: Path, images: Images, tell: Tell) -> Images:
    """Return images upright: those of EMNIST, by the name of their file, are stored transposed."""
    if not path.name.lower().startswith("emnist"):
        return images
    tell(f"{path}: images of EMNIST are stored transposed, and are written upright")
    return images.transpose(0, 2, 1)


def split_of(name: str) -> str | None:
    """Return which split a name says: ``mnist_train.csv``, ``x_test``, ``t10k-images``; None if none, or both."""
    found = {_TRAIN if match[1] else _TEST for match in _SPLIT.finditer(name.lower().replace("_", " "))}
    return found.pop() if len(found) == 1 else None


def side(pixels: int) -> int | None:
    """Return the side of a square of so many pixels; None if there is none, or it has only one pixel."""
    root = math.isqrt(pixels)
    return root if root > 1 and root * root == pixels else None


def check_white(where: object, images: Images) -> None:
    """Raise DataError if white seems to be another number than 255: the images would look black."""
    peak = int(images.max(initial=0))
    if 0 < peak <= _DARK:
        raise DataError(
            f"{where}: the largest pixel is {peak}, so that all images would look black; {RULE}: multiply them by"
            f" 255/{peak} and round"
        )


def pixels_of(where: object, values: NDArray[Any], tell: Tell) -> Images:
    """Return the pixels (N, H, W) of an array as bytes: whole numbers as they are, fractions in [0, 1] times 255.

    Raises:
        DataError: it has another shape, or numbers that are not pixels.
    """
    images = _grey(where, values)
    if images.dtype == np.uint8:
        found: Images = images
    elif images.dtype.kind == "b":
        tell(f"{where}: true is white, 255")
        found = images.astype(np.uint8) * np.uint8(255)
    else:
        found = _in_bytes(where, images, tell)
    check_white(where, found)
    return found


def _grey(where: object, values: NDArray[Any]) -> NDArray[Any]:
    """Return images as (N, H, W). Raises DataError if their shape or type is none of images."""
    shape = " x ".join(map(str, values.shape))
    if values.dtype.kind not in "buif":
        raise DataError(f"{where}: holds {values.dtype}, not pixels; {RULE}")
    if values.ndim == 2 and (n := side(values.shape[1])):
        values = values.reshape(-1, n, n)
    elif values.ndim == 4 and 1 in (values.shape[3], values.shape[1]):
        values = values[..., 0] if values.shape[3] == 1 else values[:, 0]
    if values.ndim == 4 and (values.shape[3] in (3, 4) or values.shape[1] in (3, 4)):
        raise DataError(f"{where}: is {shape}, images with colours; average the colours first, to N x H x W")
    if values.ndim != 3:
        raise DataError(f"{where}: is {shape}; images are N x H x W, or N rows of a square number of pixels")
    if values.size == 0:
        raise DataError(f"{where}: is {shape}, without any pixel; give a file with images")
    return values


def _in_bytes(where: object, values: NDArray[Any], tell: Tell) -> Images:
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        i = int(np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(1))[0])
        raise DataError(f"{where}: image {i} has a pixel that is not finite (NaN?); {RULE}: correct it")
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        tell(f"{where}: pixels are from 0 to 1, and are multiplied by 255")
        return np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    if low < 0 or high > 255:
        fix = f"add {-low:g}, then scale" if low < 0 else "scale them"
        raise DataError(f"{where}: pixels are from {low:g} to {high:g}; {RULE}, or fractions from 0 to 1: {fix}")
    found = values.astype(np.uint8)
    if (found != values).any():
        odd = values[found != values][0]
        raise DataError(f"{where}: has a pixel {odd:g} among others up to {high:g}; {RULE}: round them")
    return found


def labels_of(where: object, values: NDArray[Any]) -> list[str]:
    """Return the labels in an array, by name: numbers (N,) or (N, 1), one-hot rows (N, C), or words.

    Raises:
        DataError: they are none of these.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if is_one_hot(values):
        values = values.argmax(1)
    if values.ndim != 1 or values.dtype.kind not in "buifUS":
        shape = " x ".join(map(str, values.shape)) or "a single value"
        raise DataError(f"{where}: is {shape} of {values.dtype}; labels are N whole numbers or words, or one-hot rows")
    if values.dtype.kind in "bui":
        return [str(int(value)) for value in values]
    if values.dtype.kind == "S":
        try:
            values = np.char.decode(values, "utf-8")
        except UnicodeDecodeError:
            raise DataError(f"{where}: holds bytes that are not UTF-8 text; save the labels as text") from None
    return checked(where, [str(value) for value in values.tolist()])


def is_one_hot(values: NDArray[Any]) -> bool:
    """Return whether rows of numbers have a single 1 among zeros."""
    if values.ndim != 2 or values.shape[1] < 2 or not len(values) or values.dtype.kind not in "buif":
        return False
    ones = values == 1
    return bool(((values == 0) | ones).all() and (ones.sum(1) == 1).all())


def checked(where: object, labels: Sequence[str]) -> list[str]:
    """Return labels in one spelling. Raises DataError for those that are not classes."""
    found = {label: plain(label) for label in set(labels)}
    problems = {label: problem for label, text in found.items() if (problem := no_class(text))}
    if problems:
        lines = [f"{where}: label {i}: {problems[label]}" for i, label in enumerate(labels) if label in problems]
        raise DataError(*listed(lines, f"{where}: labels that are not classes"))
    return [found[label] for label in labels]


def plain(label: str) -> str:
    """Return a label as label files spell it: 3 for 3.0, without blanks around it, in one form of Unicode."""
    return number(unicodedata.normalize("NFC", label.strip()))


def no_class(label: str) -> str:
    """Return what is wrong with a label in its plain spelling; empty if it can be a class."""
    if not label or label.lower() in ("nan", "none", "null", "<na>"):
        return f"is missing ({label or 'empty'}); write the class of the image"
    if is_number(label) and not is_whole(label):
        return f"is {label}; a class is a whole number from 0 or a name"
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in label):
        return f"is {label!r}; a class is written on one line, without control characters"
    return ""
