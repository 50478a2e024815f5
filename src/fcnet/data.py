"""The data sets of a run: images resident as uint8, labels, class names, and batches of them.

Images are decoded once (``cache``) and stay bytes, 47 MB for MNIST: in memory, or in their file where they are too
many.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from fcnet import cache, folder
from fcnet.batches import Batches
from fcnet.cache import Progress
from fcnet.data_schema import ImageSplit
from fcnet.errors import DataError
from fcnet.holdout import choice, held_out_mask
from fcnet.images import Form
from fcnet.mapped import Mapped, advisable, pieces

Size = tuple[int, int]  # height, width in pixels

Memory = Literal["auto", "resident", "mapped"]  # where decoded images stay: in memory, or in their file

Scan = Callable[[str, str | None], folder.Listing]  # of a folder of images and a file of labels

DEVICE_SHARE = 0.8  # of a GPU's free memory that images may take: the rest is for the net and its kernels

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
        mapped: the file of the images, where they are read from it as they are needed.
        white: the value that was white in 16-bit images; None where there were none and it was not given.
        choice: how the images were chosen from others, where they were.
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
    mapped: Mapped | None = None
    white: int | None = None
    choice: str = ""

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
        memory: Memory = "resident",
        deskew: bool = False,
        white: int | None = None,
        makes_cache: bool = True,
        classifies: bool = True,
    ) -> "ImageFolder":
        """Read an image folder in any of its layouts (docs/data.md).

        Args:
            images: folder of the images.
            labels: text file, .csv, or None for class folders.
            size: height and width that images are resized to.
            classes: class names in order; read from the labels when None.
            cache_folder: where decoded images are kept; beside ``images`` when None.
            progress: told how decoding goes.
            skip: leave out images that cannot be read.
            memory, classifies: as for ``load``.
            deskew: shear them upright.
            white: the value that is white in 16-bit images; theirs tell it when None.
            makes_cache: make a cache where there is none, outside the working folder too.

        Raises:
            DataError: naming every file and line that is wrong.
        """
        listing = folder.scan(images, labels)
        names = folder.choose_classes(classes, listing, [listing], classifies)
        mapped = stay_in_files([listing], size, memory)
        form = Form(size, deskew, white)
        codes = folder.encode(listing, names)
        return cls._decode(listing, codes, names, form, cache_folder, progress, skip, mapped, makes_cache)

    @classmethod
    def _decode(
        cls,
        listing: folder.Listing,
        codes: NDArray[np.int64],
        classes: tuple[str, ...],
        form: Form,
        cache_folder: Path | None,
        progress: Progress,
        skip: bool,
        mapped: bool,
        makes_cache: bool,
    ) -> "ImageFolder":
        decoded = cache.decode(listing, form, cache_folder, progress, skip, mapped, makes_cache)
        found = decoded.notes
        whole = cls(
            images=tensor(decoded.pixels),
            labels=torch.from_numpy(codes),
            classes=classes,
            origin=listing.root,
            names=listing.names,
            sizes=dict(found.sizes),
            sha256=found.sha256,
            mapped=decoded.mapped,
            white=decoded.white,
        )
        if found.bad:
            good = np.setdiff1d(np.arange(len(whole)), list(found.bad))
            whole = whole.subset(torch.from_numpy(good))
        return replace(whole, notes=tuple(decoded.remarks(listing)), skipped=tuple(found.bad.values()))

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
        mapped = self.mapped and self.mapped.take(indices.numpy())
        images = tensor(mapped.array) if mapped else self.images[indices]
        return replace(
            self, images=images, labels=self.labels[indices], names=names, notes=(), skipped=(), mapped=mapped
        )

    def to(self, device: torch.device) -> "ImageFolder":
        """The same split with labels and, where they fit, pixels on a device.

        Images that lie in a file stay there, and such as would take nearly all of a GPU's free memory stay in the
        host's: batches go over one by one, and a note says so.
        """
        labels = self.labels.to(device)
        if self.mapped or device == self.images.device:
            return replace(self, labels=labels)
        free = free_bytes(device)
        if free is not None and self.images.nbytes > free * DEVICE_SHARE:
            note = (
                f"{self.origin}: {self.images.nbytes / 1e9:.1f} GB of images stay in the host's memory: {device} has"
                f" {free / 1e9:.1f} GB free; training will be slower"
            )
            return replace(self, labels=labels, notes=(*self.notes, note))
        return replace(self, images=self.images.to(device), labels=labels)

    def pieces(self) -> Iterator[Tensor]:
        """All images, as they stand, uint8 (n, H, W) at a time."""
        for piece in pieces(len(self), self.images[0].numel()):
            yield self.images[piece]
            if self.mapped:
                self.mapped.release()

    def batches(
        self, batch_size: int, order: Tensor | None = None, start: int = 0, dtype: torch.dtype = torch.float32
    ) -> Batches:
        """Batches of the images, on the device of the labels; see ``Batches``."""
        return Batches(self.images, self.labels, batch_size, order, start, dtype, self.mapped)


def tensor(array: NDArray[np.uint8]) -> Tensor:
    """An array as a tensor that shares its memory, which nobody writes to and, where it is a file's, nobody can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch warns of what cannot be written to
        return torch.from_numpy(array)


def free_bytes(device: torch.device) -> int | None:
    """The memory that a GPU has free; None for other devices."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


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
    memory: Memory = "resident",
    deskew: bool = False,
    white: int | None = None,
    classifies: bool = True,
    scan: Scan = folder.scan,
    makes_cache: bool = True,
) -> Splits:
    """Read the data of a run. All folders and labels are checked before the first image is decoded.

    Images stay in their file where ``memory`` says so, or with ``auto`` where they take over a quarter of the memory.
    What is white in 16-bit images is told by ``white``, or else by the training images for all.
    Where nothing ``classifies`` them, they need no labels, and test images may have classes that training has not.

    Raises:
        DataError: naming every file and line that is wrong.
        ConfigError: ``validation`` leaves no images to train on.
    """
    parts = {"train": train, "test": test, "validation": validation if isinstance(validation, ImageSplit) else None}
    listings = _each(parts, lambda part: scan(part.images, part.labels))
    others = [listing for name, listing in listings.items() if name != "train"]
    names = folder.choose_classes(classes, listings["train"], others, classifies)
    encoded = _each(listings, lambda listing: (listing, folder.encode(listing, names)))
    if isinstance(validation, int | float):
        held_out_mask(encoded["train"][1], validation)  # refused now rather than after the decoding
    mapped, form = stay_in_files(listings.values(), size, memory), Form(size, deskew, white)

    def decode(both: tuple[folder.Listing, NDArray[np.int64]]) -> ImageFolder:
        nonlocal form
        split = ImageFolder._decode(*both, names, form, cache_folder, progress, skip, mapped, makes_cache)
        form = replace(form, white=form.white or split.white)  # the training images come first
        return split

    found = _each(encoded, decode)
    whole, held_out = found["train"], found.get("validation")
    if isinstance(validation, int | float):
        whole, held_out = hold_out(whole, validation)
    return Splits(whole, held_out, found.get("test"))


def stay_in_files(listings: Iterable[folder.Listing], size: Size, memory: Memory) -> bool:
    """Whether decoded images stay in their files."""
    total = sum(len(listing.names) for listing in listings) * size[0] * size[1]
    return advisable(total) if memory == "auto" else memory == "mapped"


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
    labels = split.labels.numpy()
    mask = torch.from_numpy(held_out_mask(labels, amount))
    train, validation = (split.subset(torch.nonzero(chosen).flatten()) for chosen in (~mask, mask))
    return replace(train, notes=split.notes, skipped=split.skipped), replace(validation, choice=choice(labels, amount))
