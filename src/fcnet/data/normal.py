"""Normal classes: those that an autoencoder for outlier detection is trained on."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.data.folder.listing import UNLABELLED
from fcnet.data.splits import Splits
from fcnet.errors import ConfigError, DataError


def known_classes(splits: Splits) -> list[str] | None:
    """Return the classes of the training images, if the test images have these and others too; else None."""
    if splits.test is None:
        return None
    trained, tested = (
        {name for name, n in zip(split.classes, split.labels.bincount(minlength=len(split.classes)), strict=True) if n}
        for split in (splits.train, splits.test)
    )
    known = [name for name in splits.classes if name in trained and name != UNLABELLED]
    return known if tested.intersection(known) and tested - trained else None


def normal_splits(splits: Splits, names: Sequence[str]) -> Splits:
    """Return splits with only some classes to train and validate on, and with all test images.

    Raises:
        ConfigError: a name is not a class, or no other class is left to be an outlier.
        DataError: no image is left for training or validation.
    """
    train = splits.train.subset(torch.nonzero(normal_images(splits.train, names)).flatten())
    if not len(train):
        raise DataError(f"data.normal_classes: {splits.train.origin} has no image of {', '.join(names)}; name others")
    train = replace(train, notes=splits.train.notes, skipped=splits.train.skipped)
    validation = splits.validation
    if validation is not None:
        validation = validation.subset(torch.nonzero(normal_images(validation, names)).flatten())
        if not len(validation):
            raise DataError(
                f"data.normal_classes: the validation images have none of {', '.join(names)}; give data.validation a"
                " larger share, or remove it"
            )
    return Splits(train, validation, splits.test)


def normal_images(split: ImageFolder, names: Sequence[str]) -> Tensor:
    """Return whether each image (N,) is of one of the named classes, or has no label.

    Raises:
        ConfigError: a name is not a class, or no other class is left to be an outlier.
    """
    unknown = [name for name in names if name not in split.classes]
    if unknown:
        raise ConfigError(
            f"data.normal_classes: {', '.join(unknown[:5])}: no such class; the classes are"
            f" {', '.join(split.classes[:20])}"
        )
    if len(names) > 1 and set(names) == set(split.classes):
        raise ConfigError("data.normal_classes: lists all classes, so that none is an outlier; leave one out")
    return torch.tensor([name in names or name == UNLABELLED for name in split.classes])[split.labels]
