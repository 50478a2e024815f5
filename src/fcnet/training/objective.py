"""Objectives: what a training minimises."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.training.metrics import Output
from fcnet.training.randomness import Randomness


class Objective(Protocol):
    """The function that a training minimises.

    Attributes:
        name: for the log.
        terms: names of the loss's terms, in the order of ``Output.terms``.
        classifies: whether there are logits of classes.
    """

    @property
    def classifies(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def terms(self) -> tuple[str, ...]: ...

    def drawing_from(self, randomness: Randomness) -> "Objective":
        """Return the same objective for training, whose random numbers come from named streams."""

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:
        """Return loss, logits and terms of pixels (B, D) and labels (B,)."""


@dataclass(frozen=True)
class Classify:
    """The target of an image is its label; the loss is cross-entropy.

    Attributes:
        label_smoothing: share of each target spread evenly over all classes (Szegedy 2016); only for training.
    """

    label_smoothing: float = 0.0
    name: ClassVar[str] = "classification"
    classifies: ClassVar[bool] = True
    terms: ClassVar[tuple[str, ...]] = ()

    def drawing_from(self, randomness: Randomness) -> "Classify":  # noqa: ARG002
        """Return the same objective, which draws no random numbers."""
        return self

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:
        """Return mean loss and logits of pixels (B, D) and labels (B,)."""
        logits = model(pixels)
        return Output(self.loss(logits, labels), logits)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy () in nats of logits (B, C) for labels (B,)."""
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))  # bfloat16 is too coarse for a loss
        return functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
