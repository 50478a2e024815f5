"""The order of the images and the learning rates of each epoch, which depend only on config and seed."""

import math

import torch
from torch import Tensor

from fcnet.config.train import Train
from fcnet.data.batches import epoch_order, grouped_order
from fcnet.data.dataset import ImageFolder
from fcnet.training.optim.schedules import lr_at


class Plan:
    """What each step of a training takes.

    Args:
        images: the training images.
        settings: the config's ``train``.
        seed: of the order.

    Attributes:
        steps: of an epoch.
    """

    def __init__(self, images: ImageFolder, settings: Train, seed: int) -> None:
        self._images, self._settings, self._seed = images, settings, seed
        self.steps = -(-len(images) // settings.batch_size)
        self._known: dict[int, tuple[Tensor, Tensor]] = {}

    def order(self, epoch: int) -> Tensor:
        """Return the order (N,) of the images in an epoch, on their device."""
        images = self._images
        if images.mapped:
            return grouped_order(len(images), self._seed, epoch, images.images[0].nbytes)
        return epoch_order(len(images), self._seed, epoch).to(images.images.device)

    def lr(self, epoch: int, step: int) -> float:
        """Return the learning rate of a step of an epoch, counted from 0."""
        settings = self._settings
        so_far, steps = (epoch - 1) * self.steps + step, settings.epochs * self.steps
        return lr_at(so_far, steps, self.steps, settings.optimizer.lr, settings.schedule)

    def check(self, epoch: int, step: int, n: int, seconds: float) -> None:
        """Raise ValueError if no training is in an epoch, after so many steps, images and seconds of it."""
        epochs, last = self._settings.epochs, self.steps if epoch <= self._settings.epochs else 0
        seen = min(step * self._settings.batch_size, len(self._images))
        if not (1 <= epoch <= epochs + 1 and 0 <= step <= last and n == seen and math.isfinite(seconds)):
            raise ValueError(f"epoch {epoch}, step {step}, after {n} images and {seconds} seconds")

    def of(self, epoch: int) -> tuple[Tensor, Tensor]:
        """Return the order (N,) and the learning rates (steps,) of an epoch, on the device; they are kept for reuse."""
        if epoch not in self._known:
            self._known = {known: plan for known, plan in self._known.items() if known == epoch - 1}
            lrs = torch.tensor([self.lr(epoch, step) for step in range(self.steps)])
            self._known[epoch] = self.order(epoch), lrs.to(self._images.labels.device)
        return self._known[epoch]
