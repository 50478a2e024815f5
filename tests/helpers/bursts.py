"""A stand-in for the GPU's bursts, on a CPU: it takes steps one by one, and gives their results together."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from fcnet.training.gpu import epoch
from fcnet.training.gpu.done import Done, Unavailable
from fcnet.training.gpu.epoch import InBursts
from fcnet.training.gpu.slots import Images
from fcnet.training.loop import GradientTraining


class StandIn:
    """Takes steps through ``advance``, as the training itself does.

    Args:
        training: whose steps are taken.
        images: the training images.

    Attributes:
        lengths: of the bursts so far.
        refuses_after: bursts after which no other is taken.
    """

    name, unit = "stand-in", 1

    def __init__(self, training: GradientTraining, images: Images) -> None:
        self._training, self._images, self.refuses_after = training, images, 10**9
        self.lengths: list[int] = []

    def __call__(self, order: Tensor, lrs: Tensor) -> Done:
        """Take n steps; raise Unavailable after so many calls."""
        if len(self.lengths) >= self.refuses_after:
            raise Unavailable("the GPU is held by another process")
        training, size = self._training, self._images.batch
        losses, hits, terms = [], [], []
        for number in range(len(lrs)):
            rows = order[number * size : (number + 1) * size]
            pixels, labels = self._images.at(rows, training.stepper.dtype)
            lr = training.lr(training.step + number)
            assert torch.tensor(lr) == lrs[number]
            output = training.advance(pixels, labels, lr)
            losses.append(float(output.loss))
            hits.append(epoch.hits_of(output, labels))
            terms.append(epoch.terms_of(output))
        self.lengths.append(len(lrs))
        return Done(*(torch.tensor(found, dtype=torch.float64) for found in (losses, hits, terms)))


def stand_in(patched: pytest.MonkeyPatch, longest: Sequence[int] = ()) -> list[StandIn]:
    """Let all trainings take their steps in bursts of the lengths in turn, 3 by default; return what takes them."""
    found: list[StandIn] = []

    def start(training: GradientTraining) -> tuple[InBursts, str]:
        images = training.images
        resident = Images(images.images.flatten(1), images.labels, training.settings.batch_size)
        found.append(StandIn(training, resident))
        return Lengths(found[-1], resident, training.objective.classifies, longest or [3]), "stand-in"

    patched.setattr(epoch, "start", start)
    return found


class Lengths(InBursts):
    """Bursts whose lengths are given instead of measured."""

    def __init__(self, burst: StandIn, images: Images, classifies: bool, lengths: Sequence[int]) -> None:
        super().__init__(burst, images, classifies)
        self._lengths, self._count = lengths, 0

    def most(self) -> int:
        """Return the length of the next burst."""
        self._count += 1
        return self._lengths[(self._count - 1) % len(self._lengths)]
