"""What a batch is asked for: a value that ties a model's outputs to a loss."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class Objective(Protocol):
    """What a training minimises."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the figures that ``of_batch`` gives beside the loss; none where its outputs are logits."""

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss () of pixels (B, D) and labels (B,); logits (B, C), or the means of its parts (P,)."""


@dataclass(frozen=True)
class Classify:
    """The target of an image is its label; the loss is cross-entropy.

    Attributes:
        label_smoothing: share of each target spread evenly over all classes (Szegedy 2016); for training alone.
    """

    label_smoothing: float = 0.0
    parts: ClassVar[tuple[str, ...]] = ()

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss () and logits (B, C) of pixels (B, D) and labels (B,)."""
        logits = model(pixels)
        return self.loss(logits, labels), logits

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy () in nats of logits (B, C) for labels (B,)."""
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))  # bfloat16 is too coarse for a loss
        return functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
