"""Known data sets, written once as an image folder in the course's layout.

    ROOT/train-images/0.png ...   ROOT/train-labels.txt
    ROOT/t10k-images/0.png ...    ROOT/t10k-labels.txt      ROOT/known-set.txt, the name of the set

MNIST, Fashion-MNIST, KMNIST and EMNIST are read from their official files: in a folder that is given, or in
``ROOT/MNIST/raw`` (``FashionMNIST``, ``KMNIST``, ``EMNIST``), where torchvision downloads them to. ``digits`` comes
with scikit-learn and needs no network: 1,797 scans of 8x8 pixels.
"""

import contextlib
import hashlib
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data import writing
from fcnet.data.cache.store import Progress
from fcnet.data.imports.parts import Tell
from fcnet.data.known import files as official_files
from fcnet.data.known.official import NUMBERED, OFFICIAL
from fcnet.data.writing import Split
from fcnet.errors import DataError
from fcnet.system import files

_TRAIN, _TEST = SOURCE_SPLITS
_PARTS = tuple(f"{split}-{part}" for split in SOURCE_SPLITS for part in ("labels.txt", "images"))

# Of the 1,797 digits, every fifth image of each class is held out for the test: 364 images, 35 to 37 of a class.
_DIGITS_HELD_OUT = 5

_MOST_LABELS = 1 << 20  # bytes of the test labels of a folder that does not say which set it is

Images = writing.Images
Labels = NDArray[np.int64]  # (N,)


def _silent(_: str) -> None:
    """Tell nobody."""


def write(source: str, root: Path, progress: Progress, given: Path | None = None, tell: Tell = _silent) -> bool:
    """Write a data set below ``root`` as an image folder, unless it exists already.

    An interrupted write leaves no part of it (``writing``).

    Args:
        source: one of ``KNOWN_SETS``.
        root: folder to write to; created if it is missing.
        progress: called with the number of images written.
        given: folder or zip archive that has the official files; None for those below ``root``, or downloaded ones.
        tell: called with what is unusual about the files.

    Returns:
        True if it was written, False if it existed already.

    Raises:
        DataError: only part of a data set exists there, or another one, or the data set cannot be obtained.
    """
    check(source, root)
    if is_there(root):
        return False
    with writing.locked(root, progress):
        check(source, root)
        if _complete(root):  # written by another process while this one waited, or by one that was killed
            return False
        splits = [Split(name, images, labels) for name, (images, labels) in _named(source, root, given, tell).items()]
        writing.write(root, splits, progress, known=source)
    return True


def is_there(root: Path) -> bool:
    """Return whether a complete data set exists below a folder."""
    return all((root / part).exists() for part in _PARTS)


def check(source: str, root: Path) -> None:
    """Raise DataError if a folder holds another known data set."""
    held = _held(root)
    if held not in (None, source):
        raise DataError(
            f"{root}: holds {held}, not {source}; choose another folder for {source} (data.root, or --out), or set"
            f" data.source to {held}"
        )


def classes(source: str, root: Path) -> list[str] | None:
    """Return the classes of a written data set in their official order; None if its labels tell them.

    Numbers tell their order themselves. So do the labels of folders that do not say which set they are: fcnet wrote
    all classes as numbers before it noted the set.
    """
    official = OFFICIAL.get(source)
    named = official is not None and not all(name.isdecimal() for name in official.classes)
    return list(official.classes) if official is not None and named and (root / writing.KNOWN).exists() else None


def _held(root: Path) -> str | None:
    """Return which known data set a folder holds: as it says, or by its test labels; None if neither tells."""
    said = root / writing.KNOWN
    if files.look(said) is not None:
        return _content(said).decode("utf-8", "replace").strip() or "no known set by its " + writing.KNOWN
    labels = root / f"{_TEST}-labels.txt"
    if files.look(labels) is None or labels.stat().st_size > _MOST_LABELS:
        return None
    return NUMBERED.get(hashlib.md5(_content(labels), usedforsecurity=False).hexdigest())


def _content(path: Path) -> bytes:
    try:
        return files.read_bytes(path, _MOST_LABELS)
    except files.NotReadable as error:
        raise DataError(f"{path}: {error}; remove it, or choose another root") from None


def _complete(root: Path) -> bool:
    """Return whether all parts exist. Raises DataError if only some do."""
    there = [part for part in _PARTS if (root / part).exists()]
    if there and len(there) < len(_PARTS):
        missing = ", ".join(part for part in _PARTS if part not in there)
        raise DataError(
            f"{root}: has {', '.join(there)} but not {missing}; remove or complete it, or choose another root"
        )
    return bool(there)


def _named(source: str, root: Path, given: Path | None, tell: Tell) -> dict[str, tuple[Images, list[str]]]:
    """Return images and the names of their classes, of both splits."""
    if source == "digits":
        return {
            split: (images, [str(label) for label in labels.tolist()]) for split, (images, labels) in digits().items()
        }
    loaded = _official(source, root, tell) if given is None else _given(source, given, tell)
    names = OFFICIAL[source].classes
    return {split: (images, [names[label] for label in labels.tolist()]) for split, (images, labels) in loaded.items()}


def _given(source: str, folder: Path, tell: Tell) -> official_files.Loaded:
    """Return a set from files that are given."""
    if files.look(folder) is None:
        problem = files.absent(folder, "there is no such folder")
        raise DataError(f"--from {folder}: {problem}; name the folder of the official files")
    found = official_files.find(source, folder)
    if not official_files.are_whole(source, found):
        lacking = ", ".join(official_files.missing(source, found))
        raise DataError(f"--from {folder}: lacks {lacking}; name a folder or an archive that has all four files")
    return official_files.load(source, found, tell)


def _official(source: str, root: Path, tell: Tell) -> official_files.Loaded:
    """Return a set from the files below ``root``; those that are missing or damaged are downloaded."""
    damage: DataError | None = None
    try:
        found = official_files.find(source, root)
        if official_files.are_whole(source, found):
            return official_files.load(source, found, tell)
    except DataError as error:  # torchvision replaces packed files that are not the official ones, if it reaches them
        damage = error
    try:
        _download(source, root)
    except DataError:
        if damage is not None:
            raise damage from None
        raise
    return official_files.load(source, official_files.find(source, root), tell)


def _download(source: str, root: Path) -> None:
    """Download the official files to ``root``, where they are missing. Raises DataError if that fails."""
    from torchvision import datasets  # imported here: it takes over a second, and most runs do not need it
    from torchvision.datasets.utils import download_url

    official = OFFICIAL[source]
    raw, of_set = root / official.folder / "raw", getattr(datasets, official.folder)
    try:
        # torchvision shows its download on stderr, with control characters: that is for terminals.
        shown = sys.stderr if sys.stderr.isatty() else io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            if official.archive:
                download_url(of_set.url, str(raw), official.archive, of_set.md5)
            else:
                of_set(root, download=True)
    except (RuntimeError, OSError, ValueError, EOFError, AssertionError, LookupError, TypeError) as error:
        names = official_files.missing(source, {})
        wanted = ", ".join([*names, f"or {official.archive}, which has them"] if official.archive else names)
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise DataError(
            f"{raw}: {source} cannot be downloaded or read ({reason}); remove what is there, connect to the network,"
            f" or put the official files there: {wanted}; or name their folder: fcnet data {source} --from DIR"
        ) from None


def digits() -> dict[str, tuple[Images, Labels]]:
    """Return scikit-learn's digits, scaled from 0 to 16 to 0 to 255, with a fifth of each class held out."""
    from sklearn.datasets import load_digits  # imported here: it takes a second

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        held_out[np.flatnonzero(labels == label)[::_DIGITS_HELD_OUT]] = True
    return {_TRAIN: (images[~held_out], labels[~held_out]), _TEST: (images[held_out], labels[held_out])}
