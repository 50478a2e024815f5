"""Pages of many digits in lines, and phone photos of one.

Imported by scripts/photos.py; does nothing by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from photo import paper
from photo.boxes import Box
from photo.digits import Digits, Mask, enlarged, extent, trimmed, warped
from photo.paper import Picture, Textures, cut
from PIL import Image

HEIGHT, WIDTH = 1500, 2000
LINES, COLUMNS = 10, 10
MARGIN = 0.1  # of height and width, to the middle of the outermost digits
TURN = 5  # degrees by which a page lies askew
SLANT = 0.1
JOINED = 2  # pairs of a line that touch, where digits touch
FAINT = (0.45, 0.62, 0.86)  # colour of printed lines

KINDS = ("plain", "ruled", "squared", "touching")

PHONE = (2016, 1512)  # height and width of a phone's photo, upright, of which each pixel becomes four


@dataclass(frozen=True)
class Digit:
    """A digit on a page: its box, its line from 0, its label."""

    box: Box
    line: int
    label: str


@dataclass(frozen=True)
class Page:
    """A page's pixels, and its digits in reading order."""

    pixels: NDArray[np.uint8]
    digits: list[Digit]

    @property
    def text(self) -> list[str]:
        """Return its lines."""
        return ["".join(digit.label for digit in self.digits if digit.line == line) for line in range(LINES)]


def page(digits: Digits, kind: str, made: Textures, rng: Generator) -> Page:
    """Write 100 digits on a sheet in ink, askew and in shadow."""
    angle = float(np.radians(TURN) * rng.choice([-1, 1]))
    sheet = paper.paper(made, HEIGHT, WIDTH, rng, paper.PAPERS[rng.integers(3)])
    if kind in ("ruled", "squared"):
        print_lines(sheet, angle, kind == "squared", rng)
    ink = paper.INKS[list(paper.INKS)[rng.integers(len(paper.INKS))]]
    chosen = rng.choice(len(digits.files), LINES * COLUMNS, replace=False).tolist()
    size, slant, written = rng.uniform(60, 85), rng.uniform(-SLANT, SLANT), []
    joined = [set(rng.choice(COLUMNS // 2, JOINED, replace=False).tolist()) for _ in range(LINES)]
    before: tuple[Mask, int, int] | None = None
    for number, index in enumerate(chosen):
        line, column = divmod(number, COLUMNS)
        mask = glyph(digits.pixels(index), size * rng.uniform(0.9, 1.1), angle, slant + rng.normal(0, 0.03))
        down, across = corner(mask, line, column, angle, rng)
        if kind == "touching" and column % 2 and column // 2 in joined[line] and before is not None:
            across = beside(before, mask, down)
        before = mask, down, across
        shade = rng.normal(0, 0.03)
        paper.draw(sheet, mask, (ink[0] + shade, ink[1] + shade, ink[2] + shade), down, across)
        written.append(Digit((across, down, mask.shape[1], mask.shape[0]), line, digits.labels[index]))
    sheet *= paper.shadow(HEIGHT, WIDTH, rng)[:, :, None]
    paper.noisy(sheet, made, rng, 0.01)
    return Page(paper.bytes_of(sheet), written)


def glyph(pixels: NDArray[np.uint8], height: float, angle: float, slant: float) -> Mask:
    """Return a digit of a height, slanted, and turned by the page's angle."""
    mask = enlarged(pixels, height / extent(pixels)[0], sharp=True)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return trimmed(warped(mask, (turn @ np.array([[1, slant], [0, 1]])).tolist()), 0.5)


def corner(mask: Mask, line: int, column: int, angle: float, rng: Generator) -> tuple[int, int]:
    """Return where a digit's upper left corner goes, in its place in the grid, a little out of it."""
    x = ((column / (COLUMNS - 1) - 0.5) * (1 - 2 * MARGIN)) * WIDTH + rng.normal(0, 8)
    y = ((line / (LINES - 1) - 0.5) * (1 - 2 * MARGIN)) * HEIGHT + rng.normal(0, 4)
    right = WIDTH / 2 + x * np.cos(angle) - y * np.sin(angle)
    low = HEIGHT / 2 + x * np.sin(angle) + y * np.cos(angle)
    return round(float(low - mask.shape[0] / 2)), round(float(right - mask.shape[1] / 2))


def beside(before: tuple[Mask, int, int], mask: Mask, down: int) -> int:
    """Return how far across a digit goes to touch the one before it."""
    other, above, left = before
    field = np.zeros((2, 400), int)  # how far the one reaches right, and the other left, by row
    start = min(above, down)
    for row, drawn, ahead in ((0, other, above - start), (1, mask[:, ::-1], down - start)):
        ink = drawn > 0.5
        field[row, ahead : ahead + len(ink)] = np.where(ink.any(1), ink.shape[1] - ink[:, ::-1].argmax(1), -1000)
        field[row, :ahead] = field[row, ahead + len(ink) :] = -1000
    reach = int((field[0] + field[1]).max())
    return left + reach - int(mask.shape[1]) - 3


def print_lines(sheet: Picture, angle: float, squared: bool, rng: Generator) -> None:
    """Print lines or squares on a sheet that lies askew."""
    pitch = (1 - 2 * MARGIN) * HEIGHT / (LINES - 1) / (3 if squared else 1)
    y = np.arange(HEIGHT, dtype=np.float32)[:, None] - HEIGHT / 2
    x = np.arange(WIDTH, dtype=np.float32) - WIDTH / 2
    down = y * np.cos(angle) - x * np.sin(angle) - 0.32 * pitch * (1 if squared else 1.5)
    lines = line_mask(down, pitch)
    if squared:
        lines = np.maximum(lines, line_mask(x * np.cos(angle) + y * np.sin(angle), pitch))
    paper.draw(sheet, lines * np.float32(rng.uniform(0.5, 0.8)), FAINT, 0, 0)


def line_mask(way: NDArray[np.floating], pitch: float) -> Mask:
    """Return lines two pixels wide where a coordinate is a multiple of the pitch."""
    far = np.abs((way + pitch / 2) % pitch - pitch / 2)
    return np.clip(1.5 - far, 0, 1).astype(np.float32)


def phone_photo(pixels: NDArray[np.uint8], made: Textures, rng: Generator) -> NDArray[np.uint8]:
    """Return a photo of 12 megapixels of a sheet with one digit, upright."""
    height, width = PHONE
    sheet = paper.paper(made, height, width, rng)
    tall = rng.uniform(0.15, 0.45) * height
    mask = trimmed(enlarged(pixels, min(tall / extent(pixels)[0], 0.7 * width / 28), sharp=True))
    down, across = (int(rng.uniform(0.1, 0.9) * room) for room in (height - mask.shape[0], width - mask.shape[1]))
    paper.draw(sheet, mask, paper.INKS[list(paper.INKS)[rng.integers(len(paper.INKS))]], down, across)
    sheet *= paper.shadow(height, width, rng)[:, :, None]
    image = Image.fromarray(paper.bytes_of(sheet)).resize((2 * width, 2 * height), Image.Resampling.BILINEAR)
    noise = np.round(4 * cut(made.noise, 2 * height, 2 * width, rng)).astype(np.int16)
    return np.clip(np.asarray(image) + noise[:, :, None], 0, 255).astype(np.uint8)
