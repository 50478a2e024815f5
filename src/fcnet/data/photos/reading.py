"""Read an image file as training images are: photos and drawings prepared, images made like them unchanged."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fcnet.data.images import colour, decode
from fcnet.data.images.decode import Picture
from fcnet.data.images.grey import FULL
from fcnet.data.photos.style import Style

Mode = Literal["auto", "always"]

# Pixels of the longer side of a picture: larger ones are always prepared, unless the training images are as large.
PASSING = 320

VERSION = 3  # increase if the preparation changes its results, so that older caches are not read


@dataclass(frozen=True)
class Preparation:
    """How files are prepared.

    Attributes:
        style: how the training images show their digits.
        mode: ``auto`` lets images pass that are made like the training images; ``always`` prepares these too.
        single: whether each shows one digit, so that several are refused; if not, all marks are one sign.
    """

    style: Style
    mode: Mode = "auto"
    single: bool = True

    def key(self) -> str:
        """Return a short name of it, for the file names of caches."""
        text = json.dumps([VERSION, self.style.plain(), self.mode, self.single], sort_keys=True)
        return f"prepared{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Read:
    """A file as read.

    Attributes:
        picture: with pixels of the training images' size.
        done: what was done to it, in words; nothing if it passed unchanged.
        problem: why it is not one digit; empty if it is, or if it passed.
        touches: edges that the digit touches, in words.
    """

    picture: Picture
    done: tuple[str, ...] = ()
    problem: str = ""
    touches: str = ""


def read(path: Path, how: Preparation, white: int = FULL) -> Read:
    """Read a file.

    Args:
        path: of any format that fcnet reads.
        how: to prepare it.
        white: the value of white in 16-bit images that pass.

    Raises:
        DataError: naming the file, if it cannot be decoded; UnreadError if it cannot even be read.
    """
    # Imported here: scipy takes as long as all else here, and most commands prepare nothing.
    from fcnet.data.photos.prepare import SIDE, prepare

    photo = colour.read(path, SIDE)
    if how.mode == "auto" and max(photo.size) <= max(PASSING, *how.style.size):
        passed = decode.read(path, how.style.size, white)
        if how.style.fits(passed.pixels):
            return Read(passed)
    found = prepare(photo.pixels, how.style, how.single)
    picture = Picture(found.pixels, photo.size, photo.frames)
    return Read(picture, found.done, found.problem, found.touches)


def mnist(size: tuple[int, int]) -> Style:
    """Return the style of MNIST's images, for images of another size with all lengths in proportion."""
    share = min(size) / 28
    middle = tuple((side - 1) / 2 + 0.5 * share for side in size)
    bounds = dict(_MNIST)
    for axis, name in enumerate(("mass_row", "mass_column")):
        bounds[name] = middle[axis] - share, middle[axis] + share
    for name in ("box", "width"):
        bounds[name] = bounds[name][0] * share, bounds[name][1] * share
    box = max(round(20 * share), 1)
    return Style(size, 0.0, 255.0, box, 1.9 * share, 4.0 * share, True, (middle[0], middle[1]), bounds)


# Measured on its 60,000 training images, with what may lie beyond, as ``style.measured`` does.
_MNIST = {
    "edge": (-8.0, 16.0),
    "peak": (0.496, 1.5),
    "box": (17.0, 22.0),
    "width": (0.8, 28.0),
}
