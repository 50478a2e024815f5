"""Files that ``fcnet data import`` reads, written without fcnet, and the image folder read back with Pillow."""

import csv
import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.tiny import pictures

TRAIN, TEST = pictures(12, 0), pictures(9, 1)  # images (n, 6, 6) and labels (n,)
IMAGES, LABELS = TRAIN


def idx(values: np.ndarray) -> bytes:
    """MNIST's format: two zeros, type 8, how many sizes; the sizes; the bytes."""
    return struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def write_idx(path: Path | str, values: np.ndarray) -> None:
    """An idx file; packed if its name ends in .gz."""
    data = idx(values)
    Path(path).write_bytes(gzip.compress(data) if str(path).endswith(".gz") else data)


def write_official(folder: Path, ending: str = "", before: str = "") -> None:
    """The four official files of the tiny images."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, (images, labels) in {"train": TRAIN, "t10k": TEST}.items():
        write_idx(folder / f"{before}{split}-images-idx3-ubyte{ending}", images)
        write_idx(folder / f"{before}{split}-labels-idx1-ubyte{ending}", labels)


def rows(images: np.ndarray, labels: Sequence[object] | np.ndarray | None) -> list[list[object]]:
    """A row per image: the label, if there is one, and the pixels."""
    pixels = images.reshape(len(images), -1).tolist()
    return pixels if labels is None else [[label, *row] for label, row in zip(labels, pixels, strict=True)]


def heading(labelled: bool = True, n: int = 36) -> list[object]:
    """Kaggle's first line."""
    return [*(["label"] if labelled else []), *(f"pixel{i}" for i in range(n))]


def write_csv(path: Path | str, lines: Sequence[Sequence[object]], mark: str = ",") -> Path:
    """A CSV file, with Python's own writer."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark, lineterminator="\n").writerows(lines)
    return Path(path)


def kaggle(path: Path | str, images: np.ndarray = IMAGES, labels: object = LABELS) -> Path:
    """Kaggle's table; without labels if they are None."""
    head = heading(labels is not None, images[0].size)
    return write_csv(path, [head, *rows(images, labels)])  # type: ignore[arg-type]


def written(folder: Path | str) -> np.ndarray:
    """The images in a folder, in the order of their numbers."""
    names = sorted(Path(folder).iterdir(), key=lambda path: int(path.stem))
    assert [path.stem for path in names] == [str(i) for i in range(len(names))]
    found = []
    for name in names:
        with Image.open(name) as image:
            assert image.mode == "L"
            found.append(np.asarray(image))
    return np.stack(found)


def labels_in(path: Path | str) -> list[str]:
    """The lines of a label file."""
    return Path(path).read_text(encoding="utf-8").splitlines()


def check(folder: Path | str, split: str = "", of: tuple[np.ndarray, np.ndarray] = TRAIN) -> None:
    """The split in a folder is this one, bit for bit."""
    begin = f"{split}-" if split else ""
    np.testing.assert_array_equal(written(Path(folder) / f"{begin}images"), of[0])
    assert labels_in(Path(folder) / f"{begin}labels.txt") == [str(label) for label in of[1]]
