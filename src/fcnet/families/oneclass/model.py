"""One-class nets as modules: a score f(x) that is high for normal images."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.families.common.fully_connected import FCNet
from fcnet.families.common.spec import Size
from fcnet.families.oneclass.config import OneClassModel


class OneClassNet(nn.Module):
    """Images of 2-norm 1 without their mean, then layers without biases and one output.

    Args:
        layers: map such images (B, D) to scores (B, 1).
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def normalised(self, x: Tensor) -> Tensor:
        """Return images (B, D) of images (B, D) or (B, 1, H, W): scaled to a 2-norm of 1, then less their mean.

        A black image stays 0.
        """
        unit = functional.normalize(x.flatten(1), dim=1)
        return unit - unit.mean(1, keepdim=True)

    def score(self, z: Tensor) -> Tensor:
        """Return the scores (B,) of normalised images (B, D), at least in single precision."""
        found: Tensor = self.layers(z)[:, 0]
        return found.to(torch.promote_types(found.dtype, torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores (B,) of images (B, D) or (B, 1, H, W) in [0, 1]."""
        return self.score(self.normalised(x))


def build(spec: OneClassModel, size: Size) -> OneClassNet:
    """Return the net of a config for images of a size (height, width), with fresh weights."""
    return OneClassNet(FCNet(math.prod(size), spec.hidden, 1, spec.activations, init=spec.init, bias=False))
