"""The training images as they are changed for an epoch, always in the same memory."""

from collections.abc import Iterator, Sequence
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws
from fcnet.data.augment.mixup import Mixup
from fcnet.data.augment.replaced.hands import Hands
from fcnet.data.augment.replaced.outliers import Outliers
from fcnet.data.augment.steps import changes
from fcnet.data.batches import with_numbers
from fcnet.data.dataset import ImageFolder
from fcnet.errors import ConfigError

# Pixels that are changed at once, 334 digits: their numbers fit into a CPU's cache. On a GPU few calls are better.
BLOCK, GPU_BLOCK = 1 << 18, 1 << 24

TOGETHER = 4096  # images whose edges are sorted together: the sort takes nine bytes for each pixel


class Augmented:
    """Images that are changed anew for each epoch.

    They depend only on the images, the config, the seed and the epoch: not on what was drawn before, and not on how
    many are changed at once. So a training that is resumed sees the same ones.

    Args:
        images: uint8 (N, H, W), which stay as they are.
        labels: int64 (N,), which stay too.
        settings: the config's ``data.augment``.
        seed: of the stream "augmentation".
        block: pixels that are changed at once.
        classes: names of the labels.

    Attributes:
        images: uint8 (N, H, W), always the same tensor: the images of the last epoch that was made, and at first the
            images themselves.
        labels: int64 (N,), likewise: those of outliers are others in each epoch; of mixed images, with the shares of
            all classes beside them (``data.batches``).
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        settings: Augment,
        seed: int,
        block: int | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        self._plain, self._true, self._settings, self._seed = images, labels, settings, seed
        self._block = block or (GPU_BLOCK if images.is_cuda else BLOCK)
        self._classes = len(classes)
        self.images, self.labels = images.clone(), labels.clone()
        if settings.mixup is not None:
            self.labels = with_numbers(labels, functional.one_hot(labels, self._classes))
        found = (Hands.of(images, classes, settings), Outliers.of(images, labels, settings))
        self._replacing = [one for one in found if one is not None]
        self._grounds, self._signs = backgrounds(images)

    @classmethod
    def of(cls, split: ImageFolder, settings: Augment | None, seed: int) -> Self | None:
        """Return the images of a split, to be changed; None without settings.

        Raises:
            ConfigError: they are read from a file.
        """
        if settings is None:
            return None
        if split.mapped:
            raise ConfigError(
                "data.memory: is auto, and the images take so much of the memory that they are read from their file;"
                " data.augment needs them in memory, twice: set data.memory=resident, or remove data.augment"
            )
        return cls(split.images, split.labels, settings, seed, classes=split.classes)

    @property
    def said(self) -> str:
        """Return what is done, in words, for the log."""
        return f"; images augmented ({', '.join(self._settings.given)})"

    def of_epoch(self, epoch: int) -> Tensor:
        """Change all images for an epoch at once; return ``images``."""
        for _ in self.make(epoch):
            pass
        return self.images

    def make(self, epoch: int) -> Iterator[int]:
        """Change the images for an epoch; yield after each block how many are done."""
        size = (self._plain.shape[1], self._plain.shape[2])
        n, share = len(self._plain), self._settings.share
        draws = Draws(self._seed, epoch, n, self._plain.device)
        steps = changes(self._settings, draws, size)
        kept = ~draws.chosen("share", share)
        replacements = [one.of_epoch(draws) for one in self._replacing]
        labels = self._true.clone()
        for one in replacements:
            labels[one.chosen] = one.labels[one.chosen]
            kept &= ~one.chosen
        at_once = max(self._block // max(size[0] * size[1], 1), 1)
        for first in range(0, n, at_once):
            block = slice(first, min(first + at_once, n))
            ground, sign, plain = self._grounds[block], self._signs[block], self._plain[block]
            ink = (plain - ground).mul_(sign)
            for one in replacements:
                ink = one.replace(ink, self._ink, block)
            for change in steps:
                ink = change(ink, block)
            found = ink.mul_(sign).add_(ground).round_().clamp_(0, 255).to(torch.uint8)
            self.images[block] = found if share == 1 else torch.where(kept[block, None, None], plain, found)
            if block.stop < n:
                yield block.stop
        self.labels.copy_(labels if self._settings.mixup is None else self._mix(draws, labels, at_once))
        yield n

    def _mix(self, draws: Draws, labels: Tensor, at_once: int) -> Tensor:
        """Mix each image with another; return the targets (N, 1 + C) of labels (N,)."""
        mixup = Mixup(self._settings.mixup or 1.0, draws, len(labels))
        before = self.images.clone()
        for first in range(0, len(labels), at_once):
            block = slice(first, first + at_once)
            self.images[block] = mixup.images(before, block)
        return mixup.targets(labels, self._classes)

    def _ink(self, rows: Tensor) -> Tensor:
        """Return the ink (b, H, W) of the images at some positions (b,)."""
        return (self._plain[rows] - self._grounds[rows]).mul_(self._signs[rows])


def backgrounds(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the backgrounds of images (N, H, W), and 1 for light strokes on dark or -1 for dark strokes on light.

    The background is the median of the outermost pixels. Both are float32 (N, 1, 1).
    """
    edge = torch.ones(images.shape[1:], dtype=torch.bool, device=images.device)
    edge[1:-1, 1:-1] = False
    pieces = torch.split(images, TOGETHER)
    medians = torch.cat([piece[:, edge].sort(1).values[:, int(edge.sum()) // 2] for piece in pieces])
    sums = images.flatten(1).sum(1)  # whole numbers, which are compared exactly
    signs = torch.where(medians.to(sums.dtype) * edge.numel() > sums, -1.0, 1.0)
    return medians.to(torch.float32)[:, None, None], signs[:, None, None]
