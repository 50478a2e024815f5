"""Prepare a photo or drawing of one digit as the training images of a run show theirs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcnet.data.photos import ground
from fcnet.data.photos.marks import NOTHING, Digit, ink_of, marks, the_digit
from fcnet.data.photos.place import place
from fcnet.data.photos.style import Style

SIDE = 1000  # pixels of the longer side of a photo in which its digit is looked for
CHANGED = 0.25  # pixels by which strokes are changed at least for this to be said
CLOSE = 0.9  # of the picture: digits that fill less are cropped


@dataclass(frozen=True)
class Prepared:
    """A picture as a net sees it.

    Attributes:
        pixels: uint8 (H, W); the ground alone if no digit was found.
        done: what was done to the picture, in words; nothing if it passed unchanged.
        problem: why it is not one digit; empty if it is.
        touches: edges of the picture that the digit touches, in words.
        box: of the digit on the picture that was looked at: top, left, bottom, right (exclusive).
    """

    pixels: NDArray[np.uint8]
    done: tuple[str, ...] = ()
    problem: str = ""
    touches: str = ""
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


def prepare(picture: NDArray[np.uint8], style: Style, single: bool = True) -> Prepared:
    """Return a picture (H, W, 3), whose longer side has at most ``SIDE`` pixels, as training images are.

    If it has to show a ``single`` digit, several are a problem; else all that is written is one sign.
    """
    empty = np.full(style.size, round(style.ground), np.uint8)
    ink = ground.ink(picture)
    if ink is None:
        return Prepared(empty, problem=NOTHING.problem)
    found = marks(ink)
    digit = the_digit(found, single)
    if digit.problem:
        return Prepared(empty, problem=digit.problem)
    placed = place(ink_of(found, ink, digit.members, digit.box), style)
    if placed is None:
        return Prepared(empty, problem=NOTHING.problem)
    done = _done(picture, ink, found.ruled, digit, placed.grown, style)
    return Prepared(placed.pixels, done, "", digit.touches, digit.box)


def _done(
    picture: NDArray[np.uint8], ink: ground.Ink, ruled: bool, digit: Digit, grown: float, style: Style
) -> tuple[str, ...]:
    """Return what was done, in words."""
    top, left, bottom, right = digit.box
    fills = max((bottom - top) / picture.shape[0], (right - left) / picture.shape[1])
    words = {
        "inverted": ink.light != (style.ink > style.ground),
        "paper removed": ink.uneven,
        "rules removed": ruled,
        "specks left out": digit.specks,
        "cropped": fills < CLOSE,
        "thickened": grown > CHANGED,
        "thinned": grown < -CHANGED,
        "centred": True,
    }
    return tuple(word for word, applies in words.items() if applies)
