"""The data sets of a run: images resident as uint8, labels, class names, and batches of them.

Images are decoded once (``cache``) and stay bytes in memory, 47 MB for MNIST; a batch is gathered, scaled to [0, 1]
and handed over on the device, without worker processes.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from fcnet import cache, folder
from fcnet.cache import Progress
from fcnet.errors import ConfigError, DataError
from fcnet.schema import ImageSplit

Size = tuple[int, int]  # height, width in pixels

# Bytes of pixels gathered at once, 1,337 digits: enough that calls cost little, and their floats stay in a CPU's cache.
BLOCK_BYTES = 1 << 20

T = TypeVar("T")
R = TypeVar("R")


def silent(what: str, done: int, total: int) -> None:
    """A ``Progress`` that shows nothing."""


@dataclass(frozen=True, eq=False)
class ImageFolder(Dataset[tuple[Tensor, int]]):
    """One split, decoded.

    Attributes:
        images: uint8 (N, H, W), 0 is black.
        labels: int64 (N,), positions in ``classes``.
        classes: class names in the order of the net's outputs.
        origin: folder that the images come from.
        names: file names relative to ``origin``, one per image.
        sizes: the files' own sizes, such as ``{"28x28": 60000}``.
        sha256: fingerprint of the pixels of the whole folder.
        notes: what the audit should say of the folder.
        skipped: what is wrong with images that were left out.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    origin: Path
    names: Sequence[str]
    sizes: dict[str, int] = field(default_factory=dict)
    sha256: str = ""
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        images: str | Path,
        labels: str | Path | None = None,
        *,
        size: Size = (28, 28),
        classes: Sequence[str] | None = None,
        cache_folder: Path | None = None,
        progress: Progress = silent,
        skip: bool = False,
    ) -> "ImageFolder":
        """Read an image folder in any of its three layouts (docs/data.md).

        Args:
            images: folder of the images.
            labels: text file, .csv, or None for class folders.
            size: height and width that images are resized to.
            classes: class names in order; read from the labels when None.
            cache_folder: where decoded images are kept; beside ``images`` when None.
            progress: told how decoding goes.
            skip: leave out images that cannot be read.

        Raises:
            DataError: naming every file and line that is wrong.
        """
        listing = folder.scan(images, labels)
        names = tuple(classes) if classes is not None else folder.class_names(listing)
        return cls._decode(listing, folder.encode(listing, names), names, size, cache_folder, progress, skip)

    @classmethod
    def _decode(
        cls,
        listing: folder.Listing,
        codes: NDArray[np.int64],
        classes: tuple[str, ...],
        size: Size,
        cache_folder: Path | None,
        progress: Progress,
        skip: bool,
    ) -> "ImageFolder":
        decoded = cache.decode(listing, size, cache_folder, progress, skip)
        notes = [decoded.warning] if decoded.warning else []
        if listing.ignored:
            shown = ", ".join(sorted(listing.ignored)[:3])
            notes.append(f"{listing.root}: {len(listing.ignored)} other files are not read ({shown})")
        whole = cls(
            images=torch.from_numpy(decoded.pixels),
            labels=torch.from_numpy(codes),
            classes=classes,
            origin=listing.root,
            names=listing.names,
            sizes=decoded.sizes,
            sha256=decoded.sha256,
        )
        if decoded.bad:
            notes.append(f"{listing.root}: {len(decoded.bad)} of {len(whole)} images cannot be read and are left out")
            good = np.setdiff1d(np.arange(len(whole)), list(decoded.bad))
            whole = whole.subset(torch.from_numpy(good))
        return replace(whole, notes=tuple(notes), skipped=tuple(decoded.bad.values()))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Image float32 (1, H, W) in [0, 1] and its label, as a torch ``DataLoader`` wants them."""
        return self.images[index].to(torch.float32).div(255).unsqueeze(0), int(self.labels[index])

    @property
    def size(self) -> Size:
        """Height and width of the images, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def fingerprint(self) -> dict[str, Any]:
        """What tells this split from another: number of images, and hashes of the folder's pixels and of the labels."""
        labels = hashlib.sha256(self.labels.cpu().numpy().tobytes()).hexdigest()
        return {"n": len(self), "pixels": self.sha256, "labels": labels}

    def subset(self, indices: Tensor) -> "ImageFolder":
        """The images at some positions (n,), in that order."""
        names = [self.names[i] for i in indices.tolist()]
        return replace(
            self, images=self.images[indices], labels=self.labels[indices], names=names, notes=(), skipped=()
        )

    def to(self, device: torch.device) -> "ImageFolder":
        """The same split with pixels and labels on a device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of a split that is resident on its device.

    Attributes:
        split: where to take images from.
        batch_size: images per batch; the last batch holds what is left.
        order: positions (n,) in the order to take them; None for all, as they stand.
        start: batches to leave out at the beginning.
        dtype: of the pixels.
    """

    split: ImageFolder
    batch_size: int
    order: Tensor | None = None
    start: int = 0
    dtype: torch.dtype = torch.float32

    def __len__(self) -> int:
        return -(-self._n // self.batch_size) - self.start

    @property
    def _n(self) -> int:
        return len(self.split) if self.order is None else len(self.order)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pixels (B, H * W) in [0, 1] and labels int64 (B,). The next batch may overwrite the pixels of this one."""
        per_block = max(BLOCK_BYTES // (self.batch_size * self.split.images[0].numel()), 1)
        # Blocks begin at the same images wherever a training starts: their place in memory, on which the last bit of
        # a product may depend, is the same too.
        skipped = self.start % per_block
        for pixels, labels in self._blocks((self.start - skipped) * self.batch_size, per_block * self.batch_size):
            for first in range(skipped * self.batch_size, len(labels), self.batch_size):
                batch = slice(first, first + self.batch_size)
                yield pixels[batch], labels[batch]
            skipped = 0

    def _blocks(self, first: int, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The same for blocks of several batches, all in the same memory: new pages cost more than what they hold."""
        images, labels = self.split.images.flatten(1), self.split.labels
        size = min(size, self._n)
        taken = images.new_empty(size, images.shape[1])
        scaled = torch.empty_like(taken, dtype=self.dtype)
        for start in range(first, self._n, size):
            block = slice(start, min(start + size, self._n))
            n = block.stop - start
            if self.order is None:
                some, answers = images[block], labels[block]
            else:
                some = torch.index_select(images, 0, self.order[block], out=taken[:n])
                answers = labels[self.order[block]]
            # A copy and a division take less time than a division of bytes that gives floats.
            yield scaled[:n].copy_(some).div_(255), answers


@dataclass(frozen=True, eq=False)
class Splits:
    """The data of one run; all parts share their classes and image size."""

    train: ImageFolder
    validation: ImageFolder | None
    test: ImageFolder | None

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the net's outputs."""
        return self.train.classes

    def to(self, device: torch.device) -> "Splits":
        """The same data with pixels and labels on a device."""
        validation = None if self.validation is None else self.validation.to(device)
        return Splits(self.train.to(device), validation, None if self.test is None else self.test.to(device))

    def items(self) -> list[tuple[str, ImageFolder]]:
        """The parts that there are, by name."""
        parts = (("train", self.train), ("validation", self.validation), ("test", self.test))
        return [(name, split) for name, split in parts if split is not None]


def load(
    train: ImageSplit,
    test: ImageSplit | None,
    *,
    validation: int | float | ImageSplit | None = None,
    size: Size,
    classes: Sequence[str] | None = None,
    cache_folder: Path | None = None,
    progress: Progress = silent,
    skip: bool = False,
) -> Splits:
    """Read the data of a run. All folders and labels are checked before the first image is decoded.

    Raises:
        DataError: naming every file and line that is wrong.
        ConfigError: ``validation`` leaves no images to train on.
    """
    parts = {"train": train, "test": test, "validation": validation if isinstance(validation, ImageSplit) else None}
    listings = _each(parts, lambda part: folder.scan(part.images, part.labels))
    names = tuple(classes) if classes is not None else folder.class_names(listings["train"])
    encoded = _each(listings, lambda listing: (listing, folder.encode(listing, names)))
    if isinstance(validation, int | float):
        held_out_mask(encoded["train"][1], validation)  # refused now rather than after the decoding
    found = _each(encoded, lambda both: ImageFolder._decode(*both, names, size, cache_folder, progress, skip))
    whole, held_out = found["train"], found.get("validation")
    if isinstance(validation, int | float):
        whole, held_out = hold_out(whole, validation)
    return Splits(whole, held_out, found.get("test"))


def _each(parts: Mapping[str, T | None], work: Callable[[T], R]) -> dict[str, R]:
    """Do the same for all parts that there are. Raises one DataError with the problems of all of them."""
    done: dict[str, R] = {}
    problems: list[str] = []
    for name, part in parts.items():
        try:
            if part is not None:
                done[name] = work(part)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*problems)
    return done


def hold_out(split: ImageFolder, amount: int | float) -> tuple[ImageFolder, ImageFolder]:
    """Divide a split into one to train on and one to validate on, as ``held_out_mask`` says."""
    mask = torch.from_numpy(held_out_mask(split.labels.numpy(), amount))
    train, validation = (split.subset(torch.nonzero(chosen).flatten()) for chosen in (~mask, mask))
    return replace(train, notes=split.notes, skipped=split.skipped), validation


def held_out_mask(labels: NDArray[np.int64], amount: int | float) -> NDArray[np.bool_]:
    """Which images (N,) are held out.

    Args:
        labels: (N,).
        amount: a number takes the last so many images; a fraction takes that share of each class at random, the same
            images every time, so that runs of different seeds can be compared.

    Raises:
        ConfigError: none would be held out, or none left.
    """
    n = len(labels)
    chosen = np.zeros(n, bool)
    if isinstance(amount, int):
        chosen[max(n - amount, 0) :] = True
    else:
        generator = np.random.default_rng(0)
        for label in np.unique(labels):
            members = generator.permutation(np.flatnonzero(labels == label))
            chosen[members[: round(amount * len(members))]] = True
    if chosen.all() or not chosen.any():
        raise ConfigError(
            f"data.validation: is {amount}; of {n} training images that leaves {n - chosen.sum()} to train on and"
            f" {chosen.sum()} to validate on; both need some"
        )
    return chosen


def border(images: Tensor) -> float:
    """Mean brightness in [0, 1] of the outermost pixels of images uint8 (N, H, W): the background."""
    edges = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    return float(torch.cat([edge.flatten() for edge in edges]).to(torch.float32).mean() / 255)


def require_split(splits: Splits, name: str) -> ImageFolder:
    """A part by its name. Raises DataError where the run has none of that name."""
    found = dict(splits.items()).get(name)
    if found is None:
        has = ", ".join(part for part, _ in splits.items())
        raise DataError(f"split {name!r}: this config has no such images, only {has}; choose one of these")
    return found
