"""Check the data before training: counts, sizes, classes, and images that are in two splits at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from fcnet.data.dataset import ImageFolder
from fcnet.data.folder.classes import MANY
from fcnet.data.folder.listing import UNLABELLED
from fcnet.data.looks import of_one_colour
from fcnet.data.photos import style
from fcnet.data.splits import Splits
from fcnet.system.text import counted, few

Hashes = NDArray[np.int64]  # (N,), one number per image

LOOKED_AT = 1000  # images, evenly spread, that are looked at for whether they are prepared

HASHED_AT_ONCE = 1024  # images, so that the products stay in a CPU's cache


@dataclass(frozen=True)
class Audit:
    """The result of an audit.

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
        normal: the classes that training and validation images were restricted to, if they were.
    """
    hashes = {name: _hashes(split) for name, split in splits.items()}
    copies = {name: repeated(split, hashes[name]) for name, split in splits.items()}
    lines = tuple(_describe(name, split, copies[name]) for name, split in splits.items())
    warnings = [note for _, split in splits.items() for note in split.notes]
    for name, split in splits.items():
        asked_for = split.classes if normal is None or name == "test" else normal
        warnings += [
            *_missing(name, split, asked_for),
            *_rare(name, split),
            *_empty(name, split),
            *_contradictions(name, split, copies[name]),
        ]
    warnings += _unprepared(splits)
    for name, other in (("validation", "train"), ("test", "train"), ("test", "validation")):
        parts = dict(splits.items())
        if name in parts and other in parts:
            warnings += _in_both(name, parts[name], hashes[name], other, parts[other], hashes[other])
    return Audit(lines, tuple(dict.fromkeys(warnings)))


def _missing(name: str, split: ImageFolder, asked_for: Sequence[str]) -> Iterator[str]:
    """Warn about classes without an image."""
    counts = dict(zip(split.classes, _counts(split), strict=True))
    missing = [label for label in asked_for if counts[label] == 0 and label != UNLABELLED]
    if missing and counts.get(UNLABELLED) != len(split):
        yield f"{name}: no image of class {few(missing, 10)} ({len(missing)} of {counted(len(asked_for), 'class')})"


def _rare(name: str, split: ImageFolder) -> Iterator[str]:
    """Warn if there are nearly as many classes as training images: perhaps the labels are image names or numbers."""
    classes, n = sum(count > 0 for count in _counts(split)), len(split)
    if name == "train" and (classes == n > 1 or (n >= MANY and 2 * classes > n)):
        shown = few(split.classes, 3)
        yield f"train: {classes} classes for {n} images ({shown}); are the labels names or numbers of images?"


def _empty(name: str, split: ImageFolder) -> Iterator[str]:
    """Warn about images of a single colour, which show nothing."""
    found = torch.cat([of_one_colour(piece) for piece in split.pieces()]).nonzero().flatten().tolist()
    if found:
        have = "1 image has" if len(found) == 1 else f"{len(found)} images have"
        yield f"{name}: {have} a single colour ({few((split.names[i] for i in found), 3)})"


def _unprepared(splits: Splits) -> Iterator[str]:
    """Warn about photos and drawings of signs as people have them, which a net learns badly from a few images."""
    found = {name: style.unprepared(split.some(LOOKED_AT).numpy()) for name, split in splits.items()}
    names = ", ".join(name for name, words in found.items() if words)
    if names:
        shown = " and ".join(dict.fromkeys(word for words in found.values() for word in words))
        yield f"{names}: the images show signs {shown}; data.prepare: mnist prepares them (docs/photos.md)"


def _contradictions(name: str, split: ImageFolder, copies: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Warn about images with the same pixels and different labels."""
    labels = split.labels.tolist()
    found = [(i, j) for i, j in copies if labels[i] != labels[j]]
    if found:
        shown = few(
            (
                f"{split.names[i]} = {split.names[j]}, labelled {split.classes[labels[i]]} and"
                f" {split.classes[labels[j]]}"
                for i, j in found
            ),
            3,
        )
        images = "1 image is" if len(found) == 1 else f"{len(found)} images are"
        yield f"{name}: {images} repeated with another label, pixel for pixel ({shown})"


def _in_both(
    name: str, split: ImageFolder, hashes: Hashes, other: str, compared: ImageFolder, others: Hashes
) -> Iterator[str]:
    """Warn about images of one split that are also in another."""
    pairs = identical(compared, split, others, hashes)
    if pairs:
        shown = ", ".join(f"{compared.names[i]} = {split.names[j]}" for i, j in pairs[:3])
        have = "1 image is" if len(pairs) == 1 else f"{len(pairs)} images are"
        yield f"{name}: {have} also in {other}, pixel for pixel ({shown})"


def _counts(split: ImageFolder) -> list[int]:
    return [int(n) for n in split.labels.bincount(minlength=len(split.classes))]


def _describe(name: str, split: ImageFolder, copies: Sequence[tuple[int, int]]) -> str:
    counts, labels = _counts(split), split.labels.tolist()
    height, width = split.size
    own = [size for size in sorted(split.sizes, key=lambda size: -split.sizes[size]) if size != f"{height}x{width}"]
    resized = f", resized from {', '.join(own[:3])}{' and others' if len(own) > 3 else ''}" if own else ""
    alike = sum(labels[i] == labels[j] for i, j in copies)
    return (
        f"{name}: {counted(len(split), 'image')} {height}x{width}{resized}, {_classes(split, counts)}, {split.origin}"
        + (f" ({split.choice})" if split.choice else "")
        + ("" if split.labelled is None else f", the labels of {len(split.labelled):,} of {len(split):,} are used")
        + (f", {alike} of them copies of others, pixel for pixel" if alike else "")
        + (", read from disk as needed" if split.mapped else "")
    )


def _classes(split: ImageFolder, counts: Sequence[int]) -> str:
    """Return the number of classes, and how many images they have."""
    present = [label for label, n in zip(split.classes, counts, strict=True) if n]
    if len(present) == 1:
        return "without labels" if present == [UNLABELLED] else f"all of one class, {present[0]}"
    least, most = min(n for n in counts if n), max(counts)
    several = f"{least} to {most} images" if least < most else counted(most, "image")
    return f"{counted(len(present), 'class')} of {several}"


def identical(
    first: ImageFolder, second: ImageFolder, a: Hashes | None = None, b: Hashes | None = None
) -> list[tuple[int, int]]:
    """Return pairs (i, j) with image i of the first equal to image j of the second, pixel for pixel, one per j.

    Args:
        first: images.
        second: images.
        a: hashes of the first, if they are known.
        b: hashes of the second.
    """
    a, b = (_hashes(split) if known is None else known for split, known in ((first, a), (second, b)))
    seen = {int(a[i]): int(i) for i in np.flatnonzero(np.isin(a, b))[::-1]}
    hits = ((seen[int(b[j])], int(j)) for j in np.flatnonzero(np.isin(b, a)))
    return [(i, j) for i, j in hits if bool((first.images[i] == second.images[j]).all())]


def repeated(split: ImageFolder, hashes: Hashes) -> list[tuple[int, int]]:
    """Return pairs (i, j) with image j equal to the first such image i before it, pixel for pixel; one per j."""
    _, first, back = np.unique(hashes, return_index=True, return_inverse=True)
    earlier = first[back]
    pairs = ((int(earlier[j]), int(j)) for j in np.flatnonzero(earlier < np.arange(len(earlier))))
    return [(i, j) for i, j in pairs if bool((split.images[i] == split.images[j]).all())]


def _hashes(split: ImageFolder) -> Hashes:
    """Return a 64-bit number (N,) per image: equal images have equal numbers."""
    width = -(-split.images[0].numel() // 8)  # in words of eight pixels
    weights = torch.randint(-(2**62), 2**62, (width,), generator=torch.Generator().manual_seed(0)) | 1
    found = []
    for piece in split.pieces():
        for images in piece.flatten(1).split(HASHED_AT_ONCE):  # type: ignore[no-untyped-call]
            padded = functional.pad(images, (0, 8 * width - images.shape[1])).contiguous()
            found.append((padded.view(torch.int64) * weights).sum(1).numpy())
    return np.concatenate(found)
