"""The data sets of a run: images resident as uint8, labels, class names, and batches of them.

Images are decoded once (``cache``) and stay bytes, 47 MB for MNIST: in memory, or in their file if there are too many.
"""

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from fcnet.data.batches import Batches
from fcnet.data.cache import store
from fcnet.data.cache.form import Form
from fcnet.data.cache.store import Progress
from fcnet.data.folder import layouts
from fcnet.data.looks import spread
from fcnet.data.mapped import Mapped, pieces
from fcnet.data.photos.reading import Preparation
from fcnet.system.memory import advisable

Size = tuple[int, int]  # height, width in pixels

Memory = Literal["auto", "resident", "mapped"]  # where decoded images are kept: in memory, or in their file

DEVICE_SHARE = 0.8  # fraction of a GPU's free memory for images: the rest is for the net and its kernels


class Reading(TypedDict):
    """How image files become pixels: arguments that ``ImageFolder.open`` and ``splits.load`` share."""

    size: Size
    cache_folder: Path | None
    skip: bool
    memory: Memory
    deskew: bool
    white: int | None
    prepare: Preparation | None
    classifies: bool


def silent(what: str, done: int, total: int) -> None:
    """Show nothing: a silent ``Progress``."""


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
        notes: what the audit should report about the folder.
        skipped: what is wrong with images that were skipped.
        mapped: the file of the images, if they are read from it as needed.
        white: the value of white in 16-bit images; None if there were none and it was not given.
        choice: how the images were selected from others, if they were.
        labelled: positions (n,) of the images whose labels may be used in training; None for all.
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
    labelled: Tensor | None = None

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
        prepare: Preparation | None = None,
        makes_cache: bool = True,
        classifies: bool = True,
    ) -> "ImageFolder":
        """Read an image folder in any of its layouts (docs/data.md).

        Args:
            images: folder of the images.
            labels: text file, .csv, or None for class folders.
            size: height and width that images are resized to.
            classes: class names in order; read from the labels if None.
            cache_folder: where decoded images are kept; next to ``images`` if None.
            progress: called with the progress of decoding.
            skip: skip images that cannot be read.
            memory, classifies: as for ``load``.
            deskew: shear them upright.
            white: the value of white in 16-bit images; derived from them if None.
            prepare: how photos are prepared; None to resize them only.
            makes_cache: create a missing cache even outside the working folder.

        Raises:
            DataError: naming every file and line that is wrong.
        """
        listing = layouts.scan(images, labels, classes)
        names = layouts.choose_classes(classes, listing, [listing], classifies)
        mapped = stay_in_files([listing], size, memory)
        form = Form(size, deskew, white, prepare)
        codes = layouts.encode(listing, names)
        return cls._decode(listing, codes, names, form, cache_folder, progress, skip, mapped, makes_cache)

    @classmethod
    def _decode(
        cls,
        listing: layouts.Listing,
        codes: NDArray[np.int64],
        classes: tuple[str, ...],
        form: Form,
        cache_folder: Path | None,
        progress: Progress,
        skip: bool,
        mapped: bool,
        makes_cache: bool,
    ) -> "ImageFolder":
        decoded = store.load(listing, form, cache_folder, progress, skip, mapped, makes_cache)
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
        """Return an image float32 (1, H, W) in [0, 1] and its label, as a torch ``DataLoader`` expects."""
        return self.images[index].to(torch.float32).div(255).unsqueeze(0), int(self.labels[index])

    @property
    def size(self) -> Size:
        """Height and width of the images, in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def fingerprint(self) -> dict[str, Any]:
        """Return what identifies this split: number of images, and hashes of the folder's pixels and of the labels."""
        labels = hashlib.sha256(self.labels.cpu().numpy().tobytes()).hexdigest()
        return {"n": len(self), "pixels": self.sha256, "labels": labels}

    def subset(self, indices: Tensor) -> "ImageFolder":
        """Return the images at some positions (n,), in that order."""
        names = [self.names[i] for i in indices.tolist()]
        mapped = self.mapped and self.mapped.take(indices.numpy())
        images = tensor(mapped.array) if mapped else self.images[indices]
        return replace(
            self,
            images=images,
            labels=self.labels[indices],
            names=names,
            notes=(),
            skipped=(),
            mapped=mapped,
            labelled=None,
        )

    def to(self, device: torch.device) -> "ImageFolder":
        """Return the same split with labels and, if they fit, pixels on a device.

        Images in a file stay there, and images that would take nearly all of a GPU's free memory stay in host memory:
        batches are copied one by one, and a note says so.
        """
        if self.labels.device == device and (self.mapped or self.images.device == device):
            return self
        labels = self.labels.to(device)
        if self.mapped or device == self.images.device:
            return replace(self, labels=labels)
        free = free_bytes(device)
        if free is not None and self.images.nbytes > free * DEVICE_SHARE:
            note = (
                f"{self.origin}: {self.images.nbytes / 1e9:.1f} GB of images stay in host memory: {device} has"
                f" {free / 1e9:.1f} GB free; training will be slower"
            )
            return replace(self, labels=labels, notes=(*self.notes, note))
        return replace(self, images=self.images.to(device), labels=labels)

    def pieces(self) -> Iterator[Tensor]:
        """Yield all images in their order, uint8 (n, H, W) at a time."""
        for piece in pieces(len(self), self.images[0].numel()):
            yield self.images[piece]
            if self.mapped:
                self.mapped.release()

    def some(self, most: int) -> Tensor:
        """Return at most so many images uint8 (n, H, W), evenly spread, in host memory."""
        return spread(self.images, most)

    def batches(
        self, batch_size: int, order: Tensor | None = None, start: int = 0, dtype: torch.dtype = torch.float32
    ) -> Batches:
        """Return batches of the images, on the device of the labels; see ``Batches``."""
        return Batches(self.images, self.labels, batch_size, order, start, dtype, self.mapped)


def tensor(array: NDArray[np.uint8]) -> Tensor:
    """Return a tensor that shares an array's memory, which nobody writes to and, if it is a file's, nobody can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch warns about read-only memory
        return torch.from_numpy(array)


def free_bytes(device: torch.device) -> int | None:
    """Return the free memory of a GPU; None for other devices."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def stay_in_files(listings: Iterable[layouts.Listing], size: Size, memory: Memory) -> bool:
    """Return whether decoded images stay in their files."""
    total = sum(len(listing.names) for listing in listings) * size[0] * size[1]
    return advisable(total) if memory == "auto" else memory == "mapped"
