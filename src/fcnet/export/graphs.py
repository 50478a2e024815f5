"""What an exported graph computes: from images as bytes to a model's answers."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from fcnet.data.dataset import Size
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.common.family import Encodes

INPUT = "images"  # uint8 (N, H, W), 0 is black
LOGITS, PROBABILITIES = "logits", "probabilities"  # (N, C)
RECONSTRUCTION, CODE = "reconstruction", "code"  # (N, H, W) in [0, 1], and (N, K)
SCORE = "score"  # (N,), the lower, the more of an outlier


class Graph(nn.Module):
    """A model behind what batches of a training do to images: bytes become numbers in [0, 1], one row for each image.

    Args:
        net: the model.
        size: height and width of the images.

    Attributes:
        names: of the outputs.
        compared: those whose values are compared with the model's.
    """

    names: tuple[str, ...]
    compared: tuple[str, ...]

    def __init__(self, net: nn.Module, size: Size) -> None:
        super().__init__()
        self.net, self.size = net, size

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs for images uint8 (N, H, W)."""
        return self.outputs(images.to(torch.float32).div(255).flatten(1))

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs for pixels (N, D) in [0, 1]."""
        raise NotImplementedError


class Classifies(Graph):
    """A classifier."""

    names = (LOGITS, PROBABILITIES)
    compared = (LOGITS,)

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return logits and probabilities (N, C)."""
        logits = self.net(x)
        return logits, logits.softmax(1)


class Reconstructs(Graph):
    """An autoencoder without its noise; of a variational one, the means."""

    names = compared = (RECONSTRUCTION, CODE)

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return reconstructions (N, H, W) and codes (N, K)."""
        net = cast(AutoEncoder, self.net)
        code = net.encode(x)
        return net.decode(code).reshape(-1, *self.size), code


class Scores(Graph):
    """A model with one number for each image."""

    names = compared = (SCORE,)

    def outputs(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return scores (N,)."""
        return (self.net(x),)


def of(net: nn.Module, size: Size, classifies: bool) -> Graph:
    """Return the graph of a model, ready to evaluate."""
    kind: Callable[[nn.Module, Size], Graph] = Scores
    if classifies:
        kind = Classifies
    elif isinstance(net, Encodes):
        kind = Reconstructs
    return kind(net, size).eval()
