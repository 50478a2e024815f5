"""Mixup: each image and its label are mixed with another of the epoch (Zhang et al. 2018)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fcnet.data.augment.draws import Draws
from fcnet.data.batches import with_numbers


class Mixup:
    """How each image of an epoch is mixed with another.

    Args:
        alpha: both parameters of the Beta distribution of the weights.
        draws: of the epoch.
        n: how many images.

    Attributes:
        partners: of each image, another, int64 (N,); each is the partner of one.
        weights: of each image itself, float32 (N,), from 1/2 to 1: the larger of the two shares, so that an image's own
            class is the one that counts.
    """

    def __init__(self, alpha: float, draws: Draws, n: int) -> None:
        drawn = np.random.default_rng(draws.seed("weights of mixup")).beta(alpha, alpha, n)
        self.weights = draws.tensor(np.maximum(drawn, 1 - drawn))
        order = torch.randperm(n, generator=draws.generator("partners of mixup"))
        partners = torch.empty_like(order)
        partners[order] = order.roll(1)  # a single cycle: none is its own partner, if there are two
        self.partners = partners.to(self.weights.device)

    def images(self, images: Tensor, rows: slice) -> Tensor:
        """Return some of the mixed images (B, H, W), uint8, of all images uint8 (N, H, W)."""
        weights = self.weights[rows, None, None]
        own, other = images[rows].to(torch.float32), images[self.partners[rows]].to(torch.float32)
        return torch.lerp(other, own, weights).round_().to(torch.uint8)

    def targets(self, classes: Tensor, outputs: int) -> Tensor:
        """Return classes (N,) with the shares of all classes (N, C) beside them."""
        one_hot = functional.one_hot(classes, outputs).to(torch.float32)
        return with_numbers(classes, torch.lerp(one_hot[self.partners], one_hot, self.weights[:, None]))
