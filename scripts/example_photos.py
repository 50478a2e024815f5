"""Draw the photos of docs/examples, for docs/photos.md: digits by hand on paper and on a board, doubtful ones, a page.

    python scripts/example_photos.py

No photo was taken: strokes are splines through points set by hand, moved a little by chance, and paper, shadow and
the camera's blur and noise are computed. The same numbers give the same pictures.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

OUT = Path(__file__).parent.parent / "docs/examples"
QUALITY = 80  # of the JPEGs
FINE = 2  # drawn larger by this, then scaled down, so that edges are smooth

Floats = NDArray[np.float64]
Point = tuple[float, float]  # across and down, of the digit's height
Colour = tuple[float, float, float]  # of 1

WHITE, CREAM, YELLOW, BOARD = (0.93, 0.92, 0.90), (0.90, 0.87, 0.80), (0.95, 0.86, 0.45), (0.16, 0.27, 0.22)
BLUE, BLACK, RED, GREY, CHALK = (0.13, 0.20, 0.55), (0.12, 0.12, 0.13), (0.78, 0.14, 0.13), (0.5, 0.5, 0.51), (0.9,) * 3
PALE, MIDDLE, DARK = (0.62, 0.72, 0.86), (0.42, 0.56, 0.80), (0.25, 0.36, 0.66)  # of printed lines

STROKES: dict[str, list[list[Point]]] = {
    "0": [[(0.40, 0.03), (0.20, 0.14), (0.09, 0.46), (0.15, 0.82), (0.36, 0.97), (0.58, 0.82), (0.67, 0.48),
           (0.60, 0.15), (0.38, 0.03)]],
    "1": [[(0.18, 0.24), (0.30, 0.14), (0.40, 0.03)], [(0.40, 0.03), (0.37, 0.50), (0.34, 0.97)]],
    "2": [[(0.10, 0.24), (0.22, 0.07), (0.44, 0.04), (0.60, 0.20), (0.52, 0.46), (0.30, 0.72), (0.07, 0.94)],
          [(0.07, 0.94), (0.24, 0.90), (0.44, 0.94), (0.70, 0.93)]],
    "3": [[(0.13, 0.12), (0.34, 0.03), (0.57, 0.13), (0.53, 0.34), (0.29, 0.45)],
          [(0.29, 0.45), (0.55, 0.53), (0.62, 0.76), (0.40, 0.96), (0.10, 0.88)]],
    "4": [[(0.38, 0.04), (0.24, 0.34), (0.07, 0.62)], [(0.07, 0.62), (0.36, 0.61), (0.70, 0.58)],
          [(0.51, 0.34), (0.49, 0.66), (0.46, 0.97)]],
    "5": [[(0.18, 0.06), (0.16, 0.24), (0.13, 0.45)],
          [(0.13, 0.45), (0.36, 0.37), (0.59, 0.52), (0.60, 0.78), (0.37, 0.97), (0.08, 0.88)],
          [(0.18, 0.06), (0.40, 0.06), (0.64, 0.04)]],
    "6": [[(0.50, 0.03), (0.28, 0.22), (0.13, 0.54), (0.15, 0.82), (0.35, 0.97), (0.56, 0.86), (0.58, 0.66),
           (0.40, 0.54), (0.21, 0.64), (0.14, 0.78)]],
    "7": [[(0.08, 0.09), (0.34, 0.09), (0.64, 0.06)], [(0.64, 0.06), (0.46, 0.38), (0.33, 0.68), (0.26, 0.97)]],
    "8": [[(0.56, 0.15), (0.36, 0.03), (0.17, 0.17), (0.28, 0.40), (0.50, 0.55), (0.61, 0.77), (0.40, 0.97),
           (0.16, 0.82), (0.25, 0.58), (0.48, 0.42), (0.58, 0.24), (0.52, 0.10)]],
    "9": [[(0.58, 0.20), (0.40, 0.04), (0.17, 0.17), (0.18, 0.41), (0.38, 0.48), (0.56, 0.34), (0.60, 0.18)],
          [(0.60, 0.18), (0.59, 0.50), (0.52, 0.76), (0.40, 0.97)]],
    "1 or 7": [[(0.27, 0.16), (0.37, 0.095), (0.47, 0.04)], [(0.47, 0.04), (0.435, 0.50), (0.39, 0.97)]],
}  # fmt: skip


@dataclass(frozen=True)
class Pen:
    """What is written with: its colour, width in pixels, how much it covers, and how rough its line is."""

    colour: Colour
    width: float
    covers: float = 1.0
    rough: float = 0.0


@dataclass(frozen=True)
class Photo:
    """A photo before it is taken.

    Attributes:
        paper: (H, W, 3), with its lines, without shadow.
        light: (H, W), share of the light that falls on it.
        chance: what moves strokes and makes noise.
    """

    paper: Floats
    light: Floats
    chance: np.random.Generator

    def write(self, text: str, pen: Pen, left: float, top: float, height: float, slant: float = 0.08) -> None:
        """Write one digit, whose box begins at ``left`` and ``top``, onto the paper."""
        ink = np.zeros(self.light.shape)
        for stroke in STROKES[text]:
            moved = np.array(stroke) + self.chance.normal(0, 0.008, (len(stroke), 2))
            across = moved[:, 0] + slant * (0.5 - moved[:, 1])
            ink = np.maximum(ink, self._line(np.stack([left + height * across, top + height * moved[:, 1]], 1), pen))
        if pen.rough:
            grain = ndimage.gaussian_filter(self.chance.normal(0, 1, ink.shape), 0.7)
            ink *= np.clip(1 - pen.rough * (0.5 + grain / grain.std()), 0, 1)
        cover = (pen.covers * ink)[:, :, None]
        self.paper[:] = self.paper * (1 - cover) + cover * np.array(pen.colour)

    def _line(self, points: Floats, pen: Pen) -> Floats:
        """Return the ink (H, W) of one stroke through points (n, 2), pressed harder in its middle."""
        line = spline(points)
        share = np.linspace(0, 1, len(line))
        widths = pen.width * (0.86 + 0.14 * np.sin(math.pi * share)) * (1 + 0.05 * np.sin(9 * share + points[0, 0]))
        sheet = Image.new("L", tuple(FINE * side for side in self.light.shape[::-1]))
        draw = ImageDraw.Draw(sheet)
        for (x, y), radius in zip(FINE * line, FINE * widths / 2, strict=True):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return np.asarray(sheet.resize(self.light.shape[::-1], Image.Resampling.BOX), np.float64) / 255

    def taken(self, blur: float = 0.8, noise: float = 0.006) -> Image.Image:
        """Return the photo: light on the paper, out of focus, with the noise of a camera."""
        shown = ndimage.gaussian_filter(self.paper * self.light[:, :, None], (blur, blur, 0))
        shown += self.chance.normal(0, noise, shown.shape)
        return Image.fromarray((shown.clip(0, 1) * 255).round().astype(np.uint8))


def spline(points: Floats) -> Floats:
    """Return points (m, 2), half a pixel apart, of a smooth line through points (n, 2) (Catmull and Rom 1974)."""
    ends = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    pieces = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        t = np.linspace(0, 1, max(int(2 * np.hypot(*(c - b))), 2))[:, None]
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate(pieces)


def sheet(
    size: tuple[int, int], colour: Colour, seed: int, shadow: float = 0.0, side: float = 0.0, grain: float = 0.012
) -> Photo:
    """Return an empty sheet (height, width).

    Args:
        size: in pixels.
        colour: of the paper.
        seed: of all that is drawn by chance.
        shadow: share of the light that a shadow takes.
        side: direction that the shadow falls from, in radians.
        grain: how rough the paper is.
    """
    chance = np.random.default_rng(seed)
    height, width = size
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    along = x * math.cos(side) + y * math.sin(side)
    across = y * math.cos(side) - x * math.sin(side)
    edge = along - 0.25 - 0.18 * np.sin(2.2 * across + seed)
    light = (1 - 0.10 * (x * x + y * y) / 2) * (1 - shadow / (1 + np.exp(-7 * edge)))
    fibres = ndimage.gaussian_filter(chance.normal(0, 1, size), 1.2) + 2 * ndimage.gaussian_filter(
        chance.normal(0, 1, size), 6
    )
    paper = np.array(colour) * (1 + grain * fibres / fibres.std())[:, :, None]
    return Photo(paper, light, chance)


def rule(photo: Photo, colour: Colour, apart: float, first: float, squared: bool = False, slope: float = 0.012) -> None:
    """Print lines on a sheet, all across it, a little out of true; squared paper has them in both directions."""
    height, width = photo.light.shape
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    lines = _lines(y - slope * x, apart, first)
    if squared:
        lines = np.maximum(lines, _lines(x + slope * y, apart, first))
    photo.paper[:] = photo.paper * (1 - lines[:, :, None]) + lines[:, :, None] * np.array(colour)


def _lines(level: Floats, apart: float, first: float) -> Floats:
    away = np.abs((level - first + apart / 2) % apart - apart / 2)
    return np.clip(1.5 - away, 0, 1) * 0.8


def seven() -> Image.Image:
    photo = sheet((480, 640), WHITE, 7, shadow=0.45, side=-0.6)
    photo.write("7", Pen(BLUE, 8), 130, 190, 190)
    return photo.taken()


def three_ruled() -> Image.Image:
    photo = sheet((480, 640), WHITE, 3, shadow=0.35, side=2.6)
    rule(photo, DARK, 62, 40)
    photo.write("3", Pen(BLUE, 9), 330, 150, 205)
    return photo.taken()


def five_squared() -> Image.Image:
    photo = sheet((480, 480), CREAM, 5, shadow=0.25, side=0.8)
    rule(photo, MIDDLE, 40, 20, squared=True, slope=-0.008)
    photo.write("5", Pen(BLACK, 9), 150, 150, 190)
    return photo.taken()


def two_pencil() -> Image.Image:
    photo = sheet((480, 640), CREAM, 2, shadow=0.2, side=1.2)
    photo.write("2", Pen(GREY, 5, covers=0.85, rough=0.25), 380, 90, 230)
    return photo.taken()


def eight_note() -> Image.Image:
    photo = sheet((480, 480), YELLOW, 8, shadow=0.2, side=3.6)
    photo.write("8", Pen(RED, 22), 190, 120, 220)
    return photo.taken()


def four_chalk() -> Image.Image:
    photo = sheet((480, 640), BOARD, 4, shadow=0.3, side=0.3, grain=0.05)
    photo.write("4", Pen(CHALK, 17, covers=0.95, rough=0.2), 110, 110, 260)
    return photo.taken()


def doubtful() -> Image.Image:
    photo = sheet((480, 480), WHITE, 1, shadow=0.2, side=0.5)
    photo.write("1 or 7", Pen(BLACK, 10), 160, 110, 240)
    return photo.taken()


def side_by_side() -> Image.Image:
    photo = sheet((480, 640), WHITE, 42, shadow=0.2, side=2.0)
    photo.write("4", Pen(BLUE, 10), 150, 130, 210)
    photo.write("2", Pen(BLUE, 10), 350, 140, 200)
    return photo.taken()


def cut_off() -> Image.Image:
    photo = sheet((480, 480), WHITE, 9, shadow=0.15, side=1.0)
    photo.write("9", Pen(BLACK, 12), 160, -14, 280)
    return photo.taken()


def empty() -> Image.Image:
    return sheet((480, 640), CREAM, 11, shadow=0.2, side=-0.9).taken()


# The lines of the page; a bar joins two digits that touch.
PAGE = ("3 1 4 1 5 9", "2 6|5 3 5 8", "9 7 9 3 2 3")


def page() -> Image.Image:
    photo = sheet((900, 1200), WHITE, 31, shadow=0.35, side=0.4)
    rule(photo, PALE, 110, 60, slope=0.02)
    pen = Pen(BLUE, 9)
    for number, line in enumerate(PAGE):
        left = 110.0 + 30 * number
        for i, text in enumerate(line):
            if text.isdigit():
                height = 150 * float(photo.chance.uniform(0.92, 1.08))
                top = 90 + 250 * number + 0.02 * left + float(photo.chance.uniform(-8, 8))
                photo.write(text, pen, left, top, height)
                joined = line[i + 1 : i + 2] == "|"
                left += 0.59 * height if joined else 165
    return photo.taken()


PHOTOS: dict[str, Callable[[], Image.Image]] = {
    "photos/seven": seven,
    "photos/three-ruled": three_ruled,
    "photos/five-squared": five_squared,
    "photos/two-pencil": two_pencil,
    "photos/eight-note": eight_note,
    "photos/four-chalk": four_chalk,
    "doubts/doubtful": doubtful,
    "doubts/side-by-side": side_by_side,
    "doubts/cut-off": cut_off,
    "doubts/empty": empty,
    "page": page,
}


def main() -> None:
    """Write all files."""
    for name, drawn in PHOTOS.items():
        path = OUT / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn().save(path, quality=QUALITY)


if __name__ == "__main__":
    main()
