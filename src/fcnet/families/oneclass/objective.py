"""The objective of one-class nets: high scores of normal images, with a bounded gradient."""

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.families.oneclass.config import GradientPenalty
from fcnet.families.oneclass.model import OneClassNet
from fcnet.training.metrics import Output
from fcnet.training.randomness import Randomness


@dataclass(frozen=True)
class OneClass:
    """-log sigmoid(f(x)) plus a penalty of the gradient of f, averaged over images (Hu et al. 2020, equation 6).

    Attributes:
        penalty: of the gradient.
    """

    penalty: GradientPenalty

    name: ClassVar[str] = "one class"
    classifies: ClassVar[bool] = False
    terms: ClassVar[tuple[str, ...]] = ("nll", "penalty")

    def drawing_from(self, randomness: Randomness) -> "OneClass":  # noqa: ARG002
        """Return the same objective, which draws no random numbers."""
        return self

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:  # noqa: ARG002
        """Return loss and terms of a net for pixels (B, D); labels are not used."""
        scores, squares = scores_and_slopes(cast(OneClassNet, model), pixels)
        nll = functional.softplus(-scores).mean()  # -log sigmoid
        penalty = self.penalty.weight * squares.pow(self.penalty.power / 2).mean()
        return Output(nll + penalty, terms=torch.stack([nll.detach(), penalty.detach()]))


def scores_and_slopes(net: OneClassNet, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores (B,) of images (B, D), and the squared 2-norms (B,) of their gradients.

    The gradients are with respect to the normalised images, as those of the authors' program.
    """
    with torch.enable_grad():  # also while evaluating
        z = net.normalised(x).detach().requires_grad_()
        scores = net.score(z)
        (slopes,) = torch.autograd.grad(scores.sum(), z, create_graph=True)
        return scores, slopes.square().sum(1)
