"""Images replaced by digits that are drawn by program, in the style of the training images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws
from fcnet.data.augment.replaced import pens
from fcnet.data.looks import spread
from fcnet.data.photos import style
from fcnet.data.photos.style import Style
from fcnet.errors import ConfigError

OF_EACH = 150  # drawings of each digit, which ``data.augment`` then changes as it does all images


def style_of(images: Tensor, key: str) -> Style:
    """Return how images uint8 (N, H, W) show their signs.

    Raises:
        ConfigError: they do not show strokes on a plain ground; names the key that needs that.
    """
    found = style.measured(spread(images, style.LOOKED_AT).numpy())
    if found is None:
        raise ConfigError(
            f"data.augment.{key}: draws signs as the training images show theirs, but these are not strokes on a plain"
            " ground; remove it"
        )
    return replace(found, ground=0.0, ink=abs(found.ink - found.ground))


class Hands:
    """The drawn digits of a training.

    Args:
        ink: of the drawings, uint8 (n, H, W).
        labels: int64 (n,).
        share: of the images that are replaced in an epoch.
    """

    def __init__(self, ink: Tensor, labels: Tensor, share: float) -> None:
        self.ink, self.labels, self._share = ink, labels, share

    @classmethod
    def of(cls, images: Tensor, classes: Sequence[str], settings: Augment) -> Self | None:
        """Return the drawings of a config, for images uint8 (N, H, W) and class names; None if it asks for none.

        Raises:
            ConfigError: the classes are not the digits; as ``style_of`` does.
        """
        if settings.hands is None:
            return None
        digits = [str(digit) for digit in range(10)]
        if not set(digits) <= set(classes):
            raise ConfigError(
                f"data.augment.hands: draws the digits 0 to 9, but the classes are {', '.join(classes[:10])}; remove it"
            )
        from fcnet.data.photos.place import place  # imported here: scipy takes long, and few trainings need it

        ink, pick = style_of(images, "hands"), np.random.default_rng(0)
        placed = [(digit, place(pens.drawn(digit, pick), ink)) for digit in range(10) for _ in range(OF_EACH)]
        pixels = np.stack([one.pixels for _, one in placed if one is not None])
        labels = [classes.index(str(digit)) for digit, one in placed if one is not None]
        return cls(
            torch.from_numpy(pixels).to(images.device), torch.tensor(labels, device=images.device), settings.hands
        )

    def of_epoch(self, draws: Draws) -> "DrawnDigits":
        """Return the drawings of an epoch."""
        which = draws.whole("drawings", len(self.ink))
        return DrawnDigits(draws.chosen("hands", self._share), self.labels[which], self.ink, which)


@dataclass(frozen=True)
class DrawnDigits:
    """The drawings of one epoch.

    Attributes:
        chosen: which images (N,) they replace.
        labels: of the drawing for each image (N,).
        ink: of all drawings, uint8 (n, H, W).
        which: the drawing for each image (N,).
    """

    chosen: Tensor
    labels: Tensor
    ink: Tensor
    which: Tensor

    def replace(self, ink: Tensor, _ink_of: Callable[[Tensor], Tensor], images: slice) -> Tensor:
        """Return ink (B, H, W) of some images with drawings in the places of some; changes it."""
        chosen = self.chosen[images]
        ink[chosen] = self.ink[self.which[images][chosen]].to(ink.dtype)
        return ink
