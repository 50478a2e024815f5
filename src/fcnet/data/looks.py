"""What images look like as a whole: their background, and whether they show anything."""

from collections.abc import Iterable

import torch
from torch import Tensor

from fcnet.data.images.decode import edges


def border(pieces: Iterable[Tensor]) -> float:
    """Return the mean brightness in [0, 1] of the outermost pixels (the background) of images uint8 (n, H, W)."""
    sums, counts = zip(*(edges(piece.cpu().numpy()) for piece in pieces), strict=True)
    brightness: float = sum(sums) / sum(counts) / 255
    return brightness


def spread(images: Tensor, most: int) -> Tensor:
    """Return at most so many of images (N, H, W), evenly spread, in host memory."""
    n = min(len(images), most)
    return images[torch.arange(n, device=images.device) * len(images) // n].cpu()


def of_one_colour(images: Tensor) -> Tensor:
    """Return which images (n,) of uint8 (n, H, W) have the same value in all pixels."""
    least, most = images.flatten(1).aminmax(dim=1)
    return least == most
