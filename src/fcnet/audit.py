"""A look at the data before training: counts, sizes, classes, and images that are in two splits at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fcnet.data import ImageFolder, Splits
from fcnet.errors import few

HASHED_AT_ONCE = 1024  # images, so that the products stay in a CPU's cache


@dataclass(frozen=True)
class Audit:
    """What was found.

    Attributes:
        lines: one per split, for the log.
        warnings: what is legal but looks like a mistake.
    """

    lines: tuple[str, ...]
    warnings: tuple[str, ...]


def audit(splits: Splits, normal: Sequence[str] | None = None) -> Audit:
    """Describe the splits and compare them.

    Args:
        splits: the data.
        normal: the classes that training and validation images were chosen from, where they were.
    """
    lines = tuple(_describe(name, split) for name, split in splits.items())
    warnings = [note for _, split in splits.items() for note in split.notes]
    for name, split in splits.items():
        asked_for = split.classes if normal is None or name == "test" else normal
        counts = dict(zip(split.classes, _counts(split), strict=True))
        missing = [label for label in asked_for if counts[label] == 0]
        if missing:
            shown = few(missing, 10)
            warnings.append(f"{name}: no image of class {shown} ({len(missing)} of {len(asked_for)} classes)")
        if name != "train":
            pairs = identical(splits.train, split)
            if pairs:
                shown = ", ".join(f"{splits.train.names[i]} = {split.names[j]}" for i, j in pairs[:3])
                warnings.append(f"{name}: {len(pairs)} images are in train too, pixel for pixel ({shown})")
    return Audit(lines, tuple(warnings))


def _counts(split: ImageFolder) -> list[int]:
    return [int(n) for n in split.labels.bincount(minlength=len(split.classes))]


def _describe(name: str, split: ImageFolder) -> str:
    counts = _counts(split)
    height, width = split.size
    own = [size for size in sorted(split.sizes, key=lambda size: -split.sizes[size]) if size != f"{height}x{width}"]
    resized = f", resized from {', '.join(own[:3])}{' and others' if len(own) > 3 else ''}" if own else ""
    return (
        f"{name}: {len(split)} images {height}x{width}{resized}, {sum(n > 0 for n in counts)} classes"
        f" of {min(n for n in counts if n)} to {max(counts)} images, {split.origin}"
        + (", read from their file as they are needed" if split.mapped else "")
    )


def identical(first: ImageFolder, second: ImageFolder) -> list[tuple[int, int]]:
    """Pairs (i, j) with image i of the first equal to image j of the second pixel for pixel, one per j."""
    a, b = _hashes(first), _hashes(second)
    seen = {int(a[i]): int(i) for i in np.flatnonzero(np.isin(a, b))[::-1]}
    hits = ((seen[int(b[j])], int(j)) for j in np.flatnonzero(np.isin(b, a)))
    return [(i, j) for i, j in hits if bool((first.images[i] == second.images[j]).all())]


def _hashes(split: ImageFolder) -> NDArray[np.int64]:
    """One 64-bit number (N,) per image: equal images have equal ones."""
    width = -(-split.images[0].numel() // 8)  # in words of eight pixels
    weights = torch.randint(-(2**62), 2**62, (width,), generator=torch.Generator().manual_seed(0)) | 1
    found = []
    for piece in split.pieces():
        for images in piece.flatten(1).split(HASHED_AT_ONCE):  # type: ignore[no-untyped-call]
            padded = functional.pad(images, (0, 8 * width - images.shape[1])).contiguous()
            found.append((padded.view(torch.int64) * weights).sum(1).numpy())
    return np.concatenate(found)
