"""The form that image files are converted to, and how one file is."""

from dataclasses import dataclass
from pathlib import Path

from fcnet.data.images import decode
from fcnet.data.images.decode import Picture
from fcnet.data.images.grey import FULL
from fcnet.data.photos import reading
from fcnet.data.photos.reading import Preparation
from fcnet.errors import DataError


@dataclass(frozen=True)
class Form:
    """The form that image files are converted to.

    Attributes:
        size: height and width in pixels.
        deskew: whether they are sheared upright.
        white: the value of white in 16-bit images; derived from them if None.
        prepare: how photos are prepared; None to resize them only.
    """

    size: tuple[int, int]
    deskew: bool = False
    white: int | None = None
    prepare: Preparation | None = None

    def __str__(self) -> str:
        height, width = self.size
        scaled = "" if self.white in (None, FULL) else f"-white{self.white}"
        prepared = "" if self.prepare is None else f"-{self.prepare.key()}"
        return f"{height}x{width}" + ("-deskewed" if self.deskew else "") + scaled + prepared

    def read(self, path: Path) -> Picture:
        """Read one file, not sheared yet. Raises DataError if it cannot be decoded, or shows nothing to prepare."""
        white = FULL if self.white is None else self.white
        if self.prepare is None:
            return decode.read(path, self.size, white)
        found = reading.read(path, self.prepare, white)
        if found.problem:
            raise DataError(f"{path}: {found.problem}; replace or remove it, or do not prepare images")
        return found.picture
