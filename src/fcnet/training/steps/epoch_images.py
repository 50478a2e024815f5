"""The training images of each epoch: changed by augmentation, and with a teacher's logits beside their labels."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from fcnet.config.data import Augment
from fcnet.data.augment.augmented import Augmented
from fcnet.data.batches import classes_of, numbers_of, with_numbers
from fcnet.data.splits import Splits
from fcnet.training.randomness import seed_of


class EpochImages:
    """What a net is trained on in an epoch. It depends only on images, config, seed and epoch.

    Args:
        splits: the images, and their teacher, if there is one.
        augment: how images are changed in each epoch; not at all if None.
        seed: of the training.

    Attributes:
        images: always in the same memory; those of an epoch once ``make`` has ended.
        change: whether the pixels are others in each epoch.
    """

    def __init__(self, splits: Splits, augment: Augment | None, seed: int) -> None:
        self._augmented = Augmented.of(splits.train, augment, seed_of(seed, "augmentation"))
        self.change = self._augmented is not None
        self.images = splits.train
        if self._augmented is not None:
            self.images = replace(splits.train, images=self._augmented.images, labels=self._augmented.labels)
        self._teacher, self._taught = splits.teacher, False
        if self._teacher is not None:
            labels = classes_of(self.images.labels)
            logits = torch.zeros(len(labels), len(splits.classes), device=labels.device)
            self.images = replace(self.images, labels=with_numbers(labels, logits))

    @property
    def said(self) -> str:
        """Return what is done to the images, in words, for the log."""
        taught = "; with a teacher" if self._teacher is not None else ""
        return (self._augmented.said if self._augmented is not None else "") + taught

    def make(self, epoch: int) -> Iterator[int]:
        """Make the images of an epoch; yield now and then how many are done."""
        if self._augmented is not None:
            yield from self._augmented.make(epoch)
        if self._teacher is None or (self._taught and not self.change):
            return
        logits = numbers_of(self.images.labels)
        assert logits is not None
        if self._augmented is not None:
            self.images.labels[:, 0] = classes_of(self._augmented.labels)
        done = 0
        for some in self._teacher(self.images.images):
            logits[done : done + len(some)] = some
            done += len(some)
            yield done
        self._taught = True
