"""What the official files of each known data set are: names, classes, numbers of images, checksums."""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fcnet.config.data import SOURCE_SPLITS

SIDE = 28  # of the images, in pixels

_DIGITS = tuple(string.digits)


class File(NamedTuple):
    """An official file: of which set, which split, and what it holds."""

    source: str
    split: str
    kind: str  # images or labels


@dataclass(frozen=True)
class Official:
    """A known data set as its makers give it out.

    Attributes:
        folder: torchvision's name, also of the folder that has the files in ``raw``.
        classes: names, in the order of the numbers in the files.
        counts: numbers of training and test images.
        names: what the names of the files of both splits begin with.
        first: the number of the first class.
        archive: the zip file that has the files; empty if they are given out one by one.
        mapping: the file that says which characters the numbers mean; empty if there is none.
        transposed: whether images are stored with rows and columns exchanged.
    """

    folder: str
    classes: tuple[str, ...]
    counts: tuple[int, int] = (60_000, 10_000)
    names: tuple[str, str] = SOURCE_SPLITS
    first: int = 0
    archive: str = ""
    mapping: str = ""
    transposed: bool = False

    def file(self, split: str, kind: str) -> str:
        """Return the name of an unpacked file; packed it ends in ``.gz``."""
        name = self.names[SOURCE_SPLITS.index(split)]
        return f"{name}-{kind}-idx{3 if kind == 'images' else 1}-ubyte"

    def count(self, split: str) -> int:
        """Return the number of images of a split."""
        return self.counts[SOURCE_SPLITS.index(split)]


def _emnist(name: str, classes: tuple[str, ...], counts: tuple[int, int], first: int) -> Official:
    names = (f"emnist-{name}-train", f"emnist-{name}-test")
    return Official("EMNIST", classes, counts, names, first, "gzip.zip", f"emnist-{name}-mapping.txt", True)


OFFICIAL = {
    "mnist": Official("MNIST", _DIGITS),
    "fashion-mnist": Official(
        "FashionMNIST",
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    # The hiragana in Latin letters, which every terminal and every figure can show.
    "kmnist": Official("KMNIST", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")),
    # A class holds a letter in upper and lower case, and is named after the upper one, as such classes of balanced.
    "emnist-letters": _emnist("letters", tuple(string.ascii_uppercase), (124_800, 20_800), 1),
    "emnist-balanced": _emnist("balanced", (*_DIGITS, *string.ascii_uppercase, *"abdefghnqrt"), (112_800, 18_800), 0),
}

# MD5 of unpacked files: those of gzip files, which torchvision has, differ with how a file was packed (Debian's has no
# names and times). Taken of files whose packed form has torchvision's MD5.
_UNPACKED = {
    "6bbc9ace898e44ae57da46a324031adb": File("mnist", "train", "images"),
    "a25bea736e30d166cdddb491f175f624": File("mnist", "train", "labels"),
    "2646ac647ad5339dbf082846283269ea": File("mnist", "t10k", "images"),
    "27ae3e4e09519cfbb04c329615203637": File("mnist", "t10k", "labels"),
    "f4a8712d7a061bf5bd6d2ca38dc4d50a": File("fashion-mnist", "train", "images"),
    "9018921c3c673c538a1fc5bad174d6f9": File("fashion-mnist", "train", "labels"),
    "8181f5470baa50b63fa0f6fddb340f0a": File("fashion-mnist", "t10k", "images"),
    "15d484375f8d13e6eb1aabb0c3f46965": File("fashion-mnist", "t10k", "labels"),
}

# MD5 of the test labels of image folders that fcnet wrote before it noted which set they are: numbers, one on a line.
NUMBERED = {
    "6037866a93151dd0d58dd03105bf6321": "mnist",
    "e66490739cbb1c7978f8f7559d32f225": "fashion-mnist",
    "a61cde7ea7269429f2522f8c46fc69b9": "digits",
}


def checksums() -> dict[str, File]:
    """Return which official file has which MD5: of those packed by gzip, torchvision's; and of unpacked ones."""
    from torchvision import datasets  # imported here: it takes over a second

    found = dict(_UNPACKED)
    for source, official in OFFICIAL.items():
        if official.archive:
            continue
        of_name = {f"{official.file(split, kind)}.gz": (split, kind) for split, kind in parts()}
        for name, md5 in getattr(datasets, official.folder).resources:
            found[md5] = File(source, *of_name[name])
    return found


def parts() -> Iterator[tuple[str, str]]:
    """Yield the split and the kind of each of the four files of a set."""
    for split in SOURCE_SPLITS:
        for kind in ("images", "labels"):
            yield split, kind
