"""Muon (Jordan 2024): momentum whose direction is orthogonalised, for weight matrices; Adam for all others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from fcnet.config.train import Muon
from fcnet.training.optim.parameters import gradients

if TYPE_CHECKING:
    from fcnet.training.optim.optimizers import Optimizer

# Of the quintic a x + b x^3 + c x^5 whose iteration moves all singular values near 1, from Jordan's page on Muon.
QUINTIC = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
TINY = 1e-7  # the least norm that a matrix is divided by


class MuonOptimizer:
    """Muon: m <- mu m + (1 - mu) g, W <- W - lr sqrt(max(1, rows / columns)) orthogonal(g + mu (m - g)).

    Without Nesterov's momentum it is orthogonal(m). Decoupled weight decay comes first.

    Args:
        matrices: weight matrices (M, D).
        adam: updates all other parameters, if there are any.
        settings: of both.
    """

    def __init__(self, matrices: Sequence[nn.Parameter], adam: Optimizer | None, settings: Muon) -> None:
        self.settings, self._matrices = settings, list(matrices)
        self._values = [matrix.detach() for matrix in matrices]
        self._means = [torch.zeros_like(value) for value in self._values]
        self._adam = adam

    def step(self, lr: Tensor) -> None:
        """Update once with a learning rate (); every parameter has its gradient in ``grad``."""
        momentum = self.settings.momentum
        for value, mean, gradient in zip(self._values, self._means, gradients(self._matrices), strict=True):
            mean.lerp_(gradient, 1 - momentum)
            direction = gradient.lerp(mean, momentum) if self.settings.nesterov else mean
            rate = lr.to(value.dtype)
            if self.settings.weight_decay:
                value.mul_(1 - rate * self.settings.weight_decay)
            rows, columns = value.shape
            value.sub_(orthogonal(direction) * (rate * math.sqrt(max(1.0, rows / columns))))
        if self._adam is not None:
            self._adam.step(lr * (self.settings.adam_lr / self.settings.lr))

    def tensors(self) -> list[Tensor]:
        """Return the averages of the gradients, and Adam's state."""
        return [*self._means, *(self._adam.tensors() if self._adam is not None else [])]


def orthogonal(matrix: Tensor) -> Tensor:
    """Return a matrix (M, D) with the same singular vectors, whose singular values are all near 1.

    The products are in bfloat16, which is exact enough for a direction.
    """
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.to(torch.bfloat16)
    x = x.T if tall else x
    x = x / x.norm().clamp(min=TINY)  # so that no singular value is above 1
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
