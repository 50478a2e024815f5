"""The training of one of several nets that are trained together."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.system.sinks import Message
from fcnet.training.dark_pixels import Narrow, Whole
from fcnet.training.gpu.epoch import InBursts
from fcnet.training.gpu.slots import Images
from fcnet.training.last_good import LastGood
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.metrics import Metrics
from fcnet.training.records import Record, StepRecord, Tick
from fcnet.training.steps import step as steps

if TYPE_CHECKING:
    from fcnet.training.gpu.done import Burst
    from fcnet.training.together.group import Group


@dataclass(frozen=True)
class Net:
    """A net to train, and how.

    Attributes:
        model: fresh, on the device of the images.
        settings: the config's ``train``.
        seed: of the order of the images, and of dropout.
    """

    model: nn.Module
    settings: Train
    seed: int


class Lane(GradientTraining):
    """The training of one net, whose steps a group takes together with those of others.

    It is in all else a training like any other: with an order, random streams, checks and a state of its own.

    Args:
        net: what to train.
        splits: resident on the device.
        like: another training of the group, whose images are used; None for the first.
    """

    def __init__(self, net: Net, splits: Splits, like: Lane | None) -> None:
        self._like = like
        self._unchecked: list[float] = []  # losses of steps since the last logged one
        super().__init__(net.model, splits, net.settings, net.seed)

    def _trained(self) -> tuple[Whole, ImageFolder]:
        if self._like is None:
            return super()._trained()
        return self._like.twin_of(self._whole), self._like.images

    def twin_of(self, model: nn.Module) -> Whole:
        """Return what is trained of another model on these images: the same inputs as here."""
        return Narrow(model, self._twin.inputs) if isinstance(self._twin, Narrow) else Whole(model)

    @property
    def net(self) -> nn.Module:
        """Return what is trained: the model, or its twin."""
        return self._net

    def settle_in(self) -> None:
        """Make the step anew, after the parameters have moved to common memory."""
        self.stepper = steps.build(self._net, self.objective.drawing_from(self.randomness), self.settings)
        self.good = LastGood(self._net, self.stepper.tensors())

    def join(self, group: Group, burst: Burst, how: str) -> None:
        """Let a group take the steps of whole batches."""
        images = self.images
        resident = Images(images.images.flatten(1), images.labels, self.settings.batch_size)
        self._bursts, self._how = InGroup(group, self, burst, resident), how

    def records(self) -> Generator[Record, None, None]:
        """Train to the last epoch, as ``fit`` does, always with the same number of threads."""
        return fit(self)

    def check_burst(self, first: int, losses: list[float]) -> None:
        """Check steps where a net alone does: at a logged step. Raises DivergedError as ``check_step`` does."""
        self._unchecked += losses
        if self.step % self.settings.log_every and self.step < self.steps:
            return
        found, self._unchecked = self._unchecked, []
        super().check_burst(first + len(losses) - len(found), found)

    def check_now(self) -> None:
        """Check between two logged steps. Raises DivergedError as they would."""
        if not math.isfinite(sum(self._unchecked)):
            super().check_burst(self.step - len(self._unchecked), self._unchecked)
        super().check_now()

    def rates(self, steps: int) -> torch.Tensor:
        """Return the learning rates (n,) of the next steps of this epoch, as precise as those of a net alone."""
        return torch.tensor([self.lr(self.step + number) for number in range(steps)], dtype=torch.float64)


class InGroup(InBursts):
    """Takes the steps of a lane in bursts of the length that its group says."""

    def __init__(self, group: Group, lane: Lane, burst: Burst, images: Images) -> None:
        super().__init__(burst, images, classifies=True)
        self._group, self._lane, self._told = group, lane, False

    def most(self) -> int:
        """Return the most steps of the next burst."""
        return self._group.most(self._lane)

    @property
    def kind(self) -> str:
        """Return how the steps are taken now, for a checkpoint."""
        return self._group.kind

    def rest_of_epoch(self, training: GradientTraining) -> Generator[Tick | StepRecord | Message, None, Metrics]:
        """Do the remaining steps of an epoch; say it once if the group begins to take them otherwise."""
        pieces = super().rest_of_epoch(training)
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                metrics: Metrics = end.value
                return metrics
            if self._group.refused and not self._told:
                self._told = True
                yield Message("warning", f"step: {self._group.refused}; from here on, steps are not launched as graphs")
            yield piece
