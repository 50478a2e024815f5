"""What is done to images, in order. To add something, write a class like the others, and add it to ``ALL``."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from fcnet.config.data import Augment
from fcnet.data.augment.affine import Affine
from fcnet.data.augment.blur import Blur
from fcnet.data.augment.draws import Draws
from fcnet.data.augment.ink import Contrast, Noise
from fcnet.data.augment.places import Erasing, Flip
from fcnet.data.augment.strokes import Strokes

Size = tuple[int, int]  # height, width in pixels


class Change(Protocol):
    """Changes images, with random numbers that were drawn for all images of an epoch."""

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return changed ink (B, H, W) of some images of the epoch: 0 is their background, up to 255 their strokes.

        It must depend on the image alone, not on its neighbours in the block, and may change the ink in place.
        """


# Each returns None if the config does not ask for it.
ALL: tuple[Callable[[Augment, Draws, Size], Change | None], ...] = (
    Flip.of,
    Strokes.of,
    Affine.of,
    Blur.of,
    Contrast.of,
    Noise.of,
    Erasing.of,
)


def changes(settings: Augment, draws: Draws, size: Size) -> list[Change]:
    """Return what a config asks for, with the random numbers of an epoch."""
    return [change for of in ALL if (change := of(settings, draws, size)) is not None]
