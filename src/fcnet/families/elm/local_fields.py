"""Local receptive fields: a hidden layer whose units each see one part of an image, with shared filters.

Huang et al. 2015 (Local receptive fields based extreme learning machine).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.families.elm.weights import LocalWeights

# Filter responses computed together, in numbers: 4 MB, which fit a CPU's cache; 1 GB, which fits a GPU with the images.
CACHED, CACHED_CUDA = 2**20, 2**28


class LocalFields(nn.Module):
    """Filters at every position of an image, and the root of the sum of squared responses of neighbouring positions.

    For a filter w and the patches x_p at the positions p of a square P, a unit is sqrt(sum over P of (w x_p)^2): square
    root pooling, which changes little if strokes move within the square.

    Args:
        size: height and width of the images, in pixels.
        units: M, a multiple of the number of squares.
        way: the filters and squares.
        cached: responses that a CPU computes together.

    Attributes:
        weight: one filter per row (K, side * side).
        units: M = K * squares; the units of a filter are contiguous.
        inputs: pixels, D.
    """

    def __init__(self, size: tuple[int, int], units: int, way: LocalWeights, cached: int = CACHED) -> None:
        super().__init__()
        self._cached = cached
        self._size, self._way = size, way
        self.inputs, self.units = math.prod(size), units
        self.weight = nn.Parameter(torch.zeros(units // math.prod(way.grid(size)), way.side**2), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return hidden outputs (B, M) of pixels (B, D)."""
        side = self._way.side
        filters = self.weight.reshape(-1, 1, side, side).to(memory_format=torch.channels_last)
        each = len(filters) * math.prod(length - side + 1 for length in self._size)
        images = x.reshape(-1, 1, *self._size)
        some = max((CACHED_CUDA if images.is_cuda else self._cached) // each, 1)
        if torch.compiler.is_exporting():  # a graph has no number of images
            return self._pooled(functional.conv2d(images, filters))
        # By default, cuDNN's convolutions round to TF32, which is not precise enough for hidden outputs.
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            found = [self._pooled(functional.conv2d(part, filters)) for part in torch.split(images, some)]
        return torch.cat(found)

    def _pooled(self, answers: Tensor) -> Tensor:
        """Return units (B, M) of the filters' responses (B, K, rows, columns)."""
        mean = functional.avg_pool2d(answers.square_(), self._way.pool, self._way.stride)
        return mean.mul_(self._way.pool**2).sqrt_().flatten(1)
