"""The images of a run: training, validation and test images, read together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnet.config.data import ImageSplit
from fcnet.data.cache.form import Form
from fcnet.data.cache.store import Progress
from fcnet.data.dataset import ImageFolder, Memory, Size, silent, stay_in_files
from fcnet.data.folder import layouts
from fcnet.data.holdout import choice, held_out_mask, labelled_images
from fcnet.data.photos.reading import Preparation
from fcnet.errors import DataError

T = TypeVar("T")
R = TypeVar("R")


class Teacher(Protocol):
    """What a net learns from, beside the labels.

    Attributes:
        hashes: of its weights.
    """

    @property
    def hashes(self) -> list[str]: ...

    def __call__(self, images: Tensor) -> Iterator[Tensor]:
        """Yield logits (B, C) of images uint8 (N, H, W), some at a time, on their device."""


@dataclass(frozen=True, eq=False)
class Splits:
    """The data of one run; all parts share their classes and image size.

    Attributes:
        teacher: of the training images, if there is one.
    """

    train: ImageFolder
    validation: ImageFolder | None
    test: ImageFolder | None
    teacher: Teacher | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the net's outputs."""
        return self.train.classes

    def to(self, device: torch.device) -> "Splits":
        """Return the same data with pixels and labels on a device."""
        before = (self.train, self.validation, self.test)
        train, validation, test = (None if split is None else split.to(device) for split in before)
        assert train is not None
        return self if (train, validation, test) == before else Splits(train, validation, test, self.teacher)

    def items(self) -> list[tuple[str, ImageFolder]]:
        """Return the splits that exist, by name."""
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
    prepare: Preparation | None = None,
    classifies: bool = True,
    makes_cache: bool = True,
) -> Splits:
    """Read the data of a run. All folders and labels are checked before the first image is decoded.

    Images stay in their file if ``memory`` is ``mapped``, or if it is ``auto`` and they take over a quarter of memory.
    The value of white in 16-bit images is ``white``, or else derived from the training images for all splits.
    If nothing ``classifies`` them, they need no labels, and test images may have classes that training images lack.

    Raises:
        DataError: naming every file and line that is wrong.
        ConfigError: ``validation`` leaves no images to train on.
    """
    parts = {"train": train, "test": test, "validation": validation if isinstance(validation, ImageSplit) else None}
    listings = _each(parts, lambda part: layouts.scan(part.images, part.labels, classes))
    others = [listing for name, listing in listings.items() if name != "train"]
    names = layouts.choose_classes(classes, listings["train"], others, classifies)
    encoded = _each(listings, lambda listing: (listing, layouts.encode(listing, names)))
    if isinstance(validation, int | float):
        held_out_mask(encoded["train"][1], validation)  # fail now rather than after decoding
    mapped, form = stay_in_files(listings.values(), size, memory), Form(size, deskew, white, prepare)

    def decode(both: tuple[layouts.Listing, NDArray[np.int64]]) -> ImageFolder:
        nonlocal form
        split = ImageFolder._decode(*both, names, form, cache_folder, progress, skip, mapped, makes_cache)
        form = replace(form, white=form.white or split.white)  # the training images come first
        return split

    found = _each(encoded, decode)
    whole, held_out = found["train"], found.get("validation")
    if isinstance(validation, int | float):
        whole, held_out = hold_out(whole, validation)
    return Splits(whole, held_out, found.get("test"))


def _each(parts: Mapping[str, T | None], work: Callable[[T], R]) -> dict[str, R]:
    """Do the same for all parts that are not None. Raises one DataError with the problems of all of them."""
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


def keep_labels(splits: Splits, amount: int, seed: int, unlabelled: bool) -> Splits:
    """Return splits with the labels of only some training images, as ``labelled_images`` chooses them.

    Args:
        splits: with all labels; those of validation and test images are kept.
        amount: of labelled training images.
        seed: of the choice.
        unlabelled: whether the other training images stay, for models that learn from them too.

    Raises:
        ConfigError: there are not that many training images, or it is less than one for each class.
    """
    train = splits.train
    chosen = torch.from_numpy(labelled_images(train.labels.numpy(), amount, seed))
    if unlabelled:
        return replace(splits, train=replace(train, labelled=chosen))
    words = f"{amount:,} of {len(train):,}, equally many of each class as far as there are, chosen by the seed"
    some = replace(train.subset(chosen), notes=train.notes, skipped=train.skipped)
    return replace(splits, train=replace(some, choice=", ".join(filter(None, (train.choice, words)))))
