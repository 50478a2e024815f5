"""What a batch is asked for: a value that ties a model's outputs to a loss."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Classify:
    """The target of an image is its label; the loss is cross-entropy.

    Attributes:
        label_smoothing: share of each target spread evenly over all classes (Szegedy 2016); for training alone.
    """

    label_smoothing: float = 0.0

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy () in nats of logits (B, C) for labels (B,)."""
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))  # bfloat16 is too coarse for a loss
        return functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
