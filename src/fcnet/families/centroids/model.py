"""Centroid nets as modules: h_k(x) = exp(-|x - c_k|^2 / (2 width^2)), logits W h + b."""

import math

import torch
from torch import Tensor, nn

from fcnet.families.centroids.config import CentroidModel
from fcnet.families.common import plain
from fcnet.families.common.spec import Size


class Centroids(nn.Module):
    """Gaussian units around centroids, which are not trained by gradients.

    Args:
        units: K.
        inputs: pixels per image, D.

    Attributes:
        weight: the centroids (K, D).
        width: of the Gaussians ().
    """

    def __init__(self, units: int, inputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(units, inputs), requires_grad=False)
        self.width = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, K) in (0, 1] of images (B, D)."""
        squares = x.square().sum(1, keepdim=True) - 2 * x @ self.weight.T + self.weight.square().sum(1)
        return torch.exp(-squares.clamp(min=0) / (2 * self.width.square()))

    def described(self) -> plain.Plain:
        """Return them as a plain layer."""
        return plain.Plain((plain.Radial(self.weight.detach().float().cpu(), float(self.width)),))

    @torch.no_grad()
    def put(self, centroids: Tensor, width: float | None) -> None:
        """Set the centroids (K, D) and the width; ``neighbour_distance`` if it is None."""
        self.weight.copy_(centroids)
        self.width.fill_(neighbour_distance(centroids) if width is None else width)


def neighbour_distance(centroids: Tensor) -> float:
    """Return the mean distance of centroids (K, D) to their nearest neighbours (Moody and Darken 1989, section 3).

    Returns 1 if there is only one centroid, or all are equal.
    """
    if len(centroids) < 2:
        return 1.0
    distances = torch.cdist(centroids.double(), centroids.double()).fill_diagonal_(math.inf)
    return float(distances.min(1).values.mean()) or 1.0


class CentroidNet(nn.Module):
    """Centroids, and a linear read-out ``fc1``.

    Args:
        inputs: pixels per image.
        units: centroids.
        classes: outputs.
    """

    def __init__(self, inputs: int, units: int, classes: int) -> None:
        super().__init__()
        self.centroids = Centroids(units, inputs)
        self.fc1 = nn.Linear(units, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, C) of pixels (B, D) or images (B, 1, H, W) in [0, 1]."""
        logits: Tensor = self.fc1(self.centroids(x.flatten(1)))
        return logits

    def described(self) -> plain.Plain:
        """Return the net as plain layers."""
        return plain.Plain(plain.of(self.centroids, self.fc1))


def build(spec: CentroidModel, size: Size, classes: int) -> CentroidNet:
    """Return the net of a config; its centroids are 0 until k-means finds them."""
    return CentroidNet(math.prod(size), spec.hidden, classes)
