"""Write an image folder in the course's layout, all of it or nothing.

    ROOT/train-images/0.png ...   ROOT/train-labels.txt
    ROOT/t10k-images/0.png ...    ROOT/t10k-labels.txt

or, if the images are not split, ``ROOT/images`` and ``ROOT/labels.txt``. The parts are written below
``ROOT/.partial-*`` and moved into place at the end, so that neither an error nor a kill leaves half of them. What a
kill left between two moves is completed by the next write to the same folder.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data.cache.store import Progress, acquire
from fcnet.data.images.png import SIGNATURE, encode_png
from fcnet.system import files
from fcnet.system.files import naming

Images = NDArray[np.uint8]  # (N, H, W)

UNSPLIT = ""  # the name of the only split of images that are not split

KNOWN = "known-set.txt"  # says which known data set a folder is

# The parts of a data set, in the order in which they are moved into place: labels before their images.
PARTS = (
    KNOWN,
    *(
        f"{split}{'-' if split else ''}{part}"
        for split in (*SOURCE_SPLITS, UNSPLIT)
        for part in ("labels.txt", "images")
    ),
)

# A data set is written below ROOT/.partial-*; the file `whole` there means that it only has to be moved.
_PARTIAL, _WHOLE = ".partial-", "whole"
_MARK = "written-by-fcnet"  # the first file there: without it a folder with such a name is not fcnet's
_IMAGE = re.compile(r"[0-9]+\.(png|jpg)")

_REPORTED = 1000  # images between two reports of progress


@dataclass(frozen=True)
class Split:
    """Images to write, and their labels.

    Attributes:
        name: one of ``SOURCE_SPLITS``, or ``UNSPLIT``.
        images: pixels (N, H, W), or PNG and JPEG files as bytes, which are written as they are.
        labels: one per image; None if there are none.
    """

    name: str
    images: Images | Sequence[bytes]
    labels: Sequence[object] | None

    def part(self, kind: str) -> str:
        """Return the name of its part ``images`` or ``labels.txt``."""
        return f"{self.name}-{kind}" if self.name else kind


@contextmanager
def locked(root: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of a folder, which is created if it is missing; complete or remove what a killed write left."""
    root.mkdir(parents=True, exist_ok=True)
    files.check_lock(root / ".lock")
    with acquire(root / ".lock", progress):
        _tidy(root)
        yield


def write(
    root: Path,
    splits: Sequence[Split],
    progress: Progress,
    check: Callable[[Path, Split], None] | None = None,
    known: str | None = None,
) -> None:
    """Write splits below a folder that this process has ``locked`` and that has none of their parts.

    Args:
        root: the folder.
        splits: what to write.
        progress: called with the number of images written; what it raises ends the writing.
        check: called with the folder of the parts and each split, before they are moved; may raise.
        known: the known data set that this is, which the folder then says.
    """
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=root))
    (partial / _MARK).touch()
    total = sum(len(split.images) for split in splits)
    done = 0
    try:
        if known is not None:
            (partial / KNOWN).write_text(f"{known}\n", encoding="utf-8", newline="\n")
        for split in splits:
            for _ in _write_split(partial, split):
                done += 1
                if done % _REPORTED == 0 or done == total:
                    progress(f"writing {root}", done, total)
            if check is not None:
                check(partial, split)
        (partial / _WHOLE).touch()
    finally:
        _tidy(root)


def _write_split(folder: Path, split: Split) -> Iterator[None]:
    """Write one split, yielding after each image."""
    if split.labels is not None:
        lines = "".join(f"{label}\n" for label in split.labels)
        with naming(folder):
            (folder / split.part("labels.txt")).write_text(lines, encoding="utf-8", newline="\n")
    place = folder / split.part("images")
    place.mkdir()
    for i, image in enumerate(split.images):
        data = image if isinstance(image, bytes) else encode_png(image)
        suffix = "png" if data.startswith(SIGNATURE) else "jpg"
        with naming(place), open(f"{place}/{i}.{suffix}", "wb") as file:
            file.write(data)
        yield


def _tidy(root: Path) -> None:
    """Move a complete data set into place; remove an incomplete one.

    This includes what a killed process left behind. A folder that contains anything else is not fcnet's, whatever its
    name, and is left alone.
    """
    for partial in root.glob(f"{_PARTIAL}*"):
        if not _is_own(partial):
            continue
        if (partial / _WHOLE).exists():
            for part in PARTS:
                if (partial / part).exists() and not (root / part).exists():
                    (partial / part).rename(root / part)
        shutil.rmtree(partial)


def _is_own(partial: Path) -> bool:
    """Return whether a folder contains only what ``write`` puts there: labels, and folders of numbered images."""
    if partial.is_symlink() or not (partial / _MARK).is_file():
        return False
    return all(_is_part(entry) for entry in partial.iterdir())


def _is_part(entry: Path) -> bool:
    if entry.name not in (*PARTS, _WHOLE, _MARK) or entry.is_symlink():
        return False
    return not entry.is_dir() or all(_IMAGE.fullmatch(name) for name in os.listdir(entry))
