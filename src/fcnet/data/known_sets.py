"""Known data sets, written once as an image folder in the course's layout.

    ROOT/train-images/0.png ...   ROOT/train-labels.txt
    ROOT/t10k-images/0.png ...    ROOT/t10k-labels.txt

MNIST, Fashion-MNIST and KMNIST come through torchvision (its mirrors and MD5 checks), or from the four official files
if they are already in ``ROOT/MNIST/raw`` (``FashionMNIST``, ``KMNIST``). ``digits`` comes with scikit-learn and needs
no network: 1,797 scans of 8x8 pixels.
"""

import contextlib
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data import writing
from fcnet.data.cache.store import Progress
from fcnet.data.writing import Split
from fcnet.errors import DataError

_TORCHVISION = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}

_TRAIN, _TEST = SOURCE_SPLITS
_PARTS = tuple(f"{split}-{part}" for split in SOURCE_SPLITS for part in ("labels.txt", "images"))

# Of the 1,797 digits, every fifth image of each class is held out for the test: 364 images, 35 to 37 of a class.
_DIGITS_HELD_OUT = 5

Images = writing.Images
Labels = NDArray[np.int64]  # (N,)


def write(source: str, root: Path, progress: Progress) -> bool:
    """Write a data set below ``root`` as an image folder, unless it exists already.

    An interrupted write leaves no part of it (``writing``).

    Args:
        source: one of ``KNOWN_SETS``.
        root: folder to write to; created if it is missing.
        progress: called with the number of images written.

    Returns:
        True if it was written, False if it existed already.

    Raises:
        DataError: only part of a data set exists there, or the data set cannot be obtained.
    """
    if is_there(root):
        return False
    with writing.locked(root, progress):
        if _complete(root):  # written by another process while this one waited, or by one that was killed
            return False
        data = digits() if source == "digits" else _torchvision(source, root)
        splits = [Split(name, images, labels.tolist()) for name, (images, labels) in data.items()]
        writing.write(root, splits, progress)
    return True


def is_there(root: Path) -> bool:
    """Return whether a complete data set exists below a folder."""
    return all((root / part).exists() for part in _PARTS)


def _complete(root: Path) -> bool:
    """Return whether all parts exist. Raises DataError if only some do."""
    there = [part for part in _PARTS if (root / part).exists()]
    if there and len(there) < len(_PARTS):
        missing = ", ".join(part for part in _PARTS if part not in there)
        raise DataError(
            f"{root}: has {', '.join(there)} but not {missing}; remove or complete it, or choose another root"
        )
    return bool(there)


def _torchvision(source: str, root: Path) -> dict[str, tuple[Images, Labels]]:
    """Return both splits of a data set of torchvision's, downloaded to ``root`` unless the official files exist."""
    from torchvision import datasets  # imported here: it takes over a second, and most runs do not need it

    name = _TORCHVISION[source]
    raw = root / name / "raw"
    loaded: dict[str, tuple[Images, Labels]] = {}
    try:
        # torchvision shows its download on stderr, with control characters: that is for terminals.
        shown = sys.stderr if sys.stderr.isatty() else io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            for split, train in ((_TRAIN, True), (_TEST, False)):
                dataset = getattr(datasets, name)(root, train=train, download=True)
                images, labels = dataset.data.numpy(), dataset.targets.numpy()
                if len(images) != len(labels):
                    raise ValueError(f"{split} has {len(images)} images and {len(labels)} labels")
                loaded[split] = (images, labels)
    except (RuntimeError, OSError, ValueError, EOFError, AssertionError, LookupError, TypeError) as error:
        files = ", ".join(filename for filename, _ in getattr(datasets, name).resources)
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise DataError(
            f"{raw}: {source} cannot be downloaded or read ({reason}); remove what is there, connect to the network,"
            f" or put the official files there: {files}"
        ) from None
    return loaded


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
