"""Images that show no digit, with labels at random, so that a net is unsure of what it has not learned.

With equal frequencies of all labels, the cross-entropy is least if the net gives all classes the same probability: in
the mean over epochs it is the confidence loss on outliers of Lee et al. 2018, "Training confidence-calibrated
classifiers for detecting out-of-distribution samples", equation 1.
"""

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws
from fcnet.data.augment.replaced import glyphs
from fcnet.data.augment.replaced.hands import style_of

CHARACTERS = 0.5  # share of the outliers that are letters and symbols; the others are made of two images
KINDS = 5  # ways to make one image of two
CUT = (0.3, 0.7)  # of a side: where images are cut


class Outliers:
    """The outliers of a training.

    Args:
        characters: ink of letters and symbols, uint8 (n, H, W).
        share: of the images that are replaced in an epoch.
        classes: number of labels.
    """

    def __init__(self, characters: Tensor, share: float, classes: int) -> None:
        self._characters, self._share, self._classes = characters, share, classes

    @classmethod
    def of(cls, images: Tensor, labels: Tensor, settings: Augment) -> Self | None:
        """Return the outliers of a config, for images uint8 (N, H, W) and their labels; None if it asks for none.

        Raises:
            ConfigError: as ``style_of`` does.
        """
        if settings.outliers is None:
            return None
        characters = torch.from_numpy(glyphs.drawn(style_of(images, "outliers"))).to(images.device)
        return cls(characters, settings.outliers, int(labels.max()) + 1)

    def of_epoch(self, draws: Draws) -> "Drawn":
        """Return the outliers of an epoch."""
        return Drawn(self._characters, draws, self._share, self._classes)


class Drawn:
    """The outliers of one epoch.

    Attributes:
        chosen: which images (N,) they replace.
        labels: a label at random (N,) for each image.
    """

    def __init__(self, characters: Tensor, draws: Draws, share: float, classes: int) -> None:
        self.chosen = draws.chosen("outliers", share)
        self.labels = draws.whole("labels of outliers", classes)
        self._characters, n = characters, len(self.chosen)
        self._which = draws.whole("characters", len(characters))
        self._partner = draws.whole("partners of outliers", n)
        self._kind = draws.whole("kinds of outliers", KINDS)
        self._is_character = draws.chosen("characters or not", CHARACTERS)
        self._cut = draws.tensor(draws.uniform("cuts of outliers", *CUT))

    def replace(self, ink: Tensor, ink_of: Callable[[Tensor], Tensor], images: slice) -> Tensor:
        """Return ink (B, H, W) of some images with outliers in the places of some; changes it.

        Args:
            ink: of the images.
            ink_of: returns the ink of the training images at some positions.
            images: positions of these.
        """
        chosen = self.chosen[images]
        others = ink_of(self._partner[images][chosen])
        which, kind, is_character, cut = (
            values[images][chosen] for values in (self._which, self._kind, self._is_character, self._cut)
        )
        pieces = _of_two(ink[chosen], others, kind, cut)
        characters = self._characters[which].to(ink.dtype)
        ink[chosen] = torch.where(is_character[:, None, None], characters, pieces)
        return ink


def _of_two(first: Tensor, second: Tensor, kind: Tensor, cut: Tensor) -> Tensor:
    """Return images (b, H, W) made of two each, in a way (b,) and cut at a fraction (b,) of their sides."""
    height, width = first.shape[1:]
    above = torch.arange(height, device=first.device)[None, :, None] < cut[:, None, None] * height
    before = torch.arange(width, device=first.device)[None, None, :] < cut[:, None, None] * width
    ways = (
        torch.where(above, first, second),
        torch.where(before, first, second),
        torch.maximum(first, second),
        torch.where(above, first.flip(2), second),
        torch.where(before, first.flip(1), second),
    )
    found = ways[0]
    for number, way in enumerate(ways[1:], 1):
        found = torch.where(kind[:, None, None] == number, way, found)
    return found
