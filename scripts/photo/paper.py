"""Sheets by program: paper, boards, their shadows, ink on them, and how cameras and programs save them.

Imported by scripts/photos.py; does nothing by itself. A picture is float32 (H, W, 3) between 0 and 1.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from photo.digits import Mask
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.floating]
Colour = tuple[float, float, float]

SIDE = 2048  # of the textures
FIBRES = 2500

INKS: dict[str, Colour] = {
    "blue": (0.13, 0.22, 0.62),
    "red": (0.76, 0.14, 0.17),
    "green": (0.10, 0.45, 0.22),
    "black": (0.10, 0.10, 0.12),
    "pencil": (0.42, 0.42, 0.44),
}
CHALKS: dict[str, Colour] = {"chalk": (0.93, 0.93, 0.90), "yellow chalk": (0.93, 0.86, 0.55)}
BOARDS: list[Colour] = [(0.14, 0.24, 0.19), (0.15, 0.15, 0.16), (0.12, 0.17, 0.26)]
TURNS = {  # EXIF's orientation, and how the pixels of an upright picture are stored with it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
ORIENTATION = 0x0112  # its number among EXIF's tags

PAPERS: list[Colour] = [(0.95, 0.95, 0.94), (0.92, 0.90, 0.85), (0.86, 0.87, 0.90), (0.88, 0.82, 0.70)]


@dataclass(frozen=True)
class Textures:
    """Square textures of mean 0 and variance 1, from which sheets are cut: fine grain, clouds, fibres, plain noise."""

    grain: Mask
    clouds: Mask
    fibres: Mask
    noise: Mask


@cache
def textures(seed: int, side: int = SIDE) -> Textures:
    """Make the textures."""
    rng = np.random.default_rng([seed, 1])
    return Textures(
        normed(octaves(rng, side, [side, side // 2, side // 4, side // 16], [1, 1, 0.8, 0.5])),
        normed(octaves(rng, side, [4, 8, 16, 32], [2, 1, 0.5, 0.3])),
        normed(fibres(rng, side)),
        rng.standard_normal((side, side), dtype=np.float32),
    )


def normed(texture: Mask) -> Mask:
    """Return a texture with mean 0 and variance 1."""
    return ((texture - texture.mean()) / texture.std()).astype(np.float32)


def octaves(rng: Generator, side: int, cells: list[int], weights: list[float]) -> Mask:
    """Add up noise of several scales, given by how many cells a side has."""
    total = np.zeros((side, side), np.float32)
    for cell, weight in zip(cells, weights, strict=True):
        noise = Image.fromarray(rng.standard_normal((cell, cell), dtype=np.float32))
        total += np.float32(weight) * np.asarray(noise.resize((side, side), Image.Resampling.BICUBIC))
    return total


def fibres(rng: Generator, side: int) -> Mask:
    """Draw short curved fibres in all directions."""
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    for _ in range(FIBRES * side**2 // SIDE**2):
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.25, 8))
        steps = rng.uniform(2, 7) * np.stack([np.cos(angle), np.sin(angle)], 1)
        points = rng.uniform(0, side, 2) + np.cumsum(steps, 0)
        pen.line([tuple(point) for point in points.tolist()], fill=int(rng.integers(60, 255)))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), np.float32)


def cut(texture: Mask, height: int, width: int, rng: Generator) -> Mask:
    """Cut a piece out of a texture, turned or mirrored at random; a larger piece than the texture repeats it."""
    if rng.random() < 0.5:
        texture = texture.T
    texture = texture[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    repeats = [-(-side // have) for side, have in zip((height, width), texture.shape, strict=True)]
    if max(repeats) > 1:
        texture = np.tile(texture, repeats)
    down, across = (
        int(rng.integers(have - side + 1)) for side, have in zip((height, width), texture.shape, strict=True)
    )
    return texture[down : down + height, across : across + width]


def plain(height: int, width: int, colour: Colour) -> Picture:
    """Return a sheet of one colour."""
    return np.broadcast_to(np.array(colour, np.float32), (height, width, 3)).copy()


def tinted(light: Mask, colour: Colour) -> Picture:
    """Return a sheet of one colour under a light."""
    return light[:, :, None] * np.array(colour, np.float32)


def paper(made: Textures, height: int, width: int, rng: Generator, colour: Colour | None = None) -> Picture:
    """Return paper: grain, fibres, and a slight unevenness."""
    light = 1 + np.float32(rng.uniform(0.008, 0.03)) * cut(made.grain, height, width, rng)
    light += np.float32(rng.uniform(0.005, 0.025)) * cut(made.clouds, height, width, rng)
    light -= np.float32(rng.uniform(0, 0.02)) * cut(made.fibres, height, width, rng)
    return tinted(light, colour or PAPERS[rng.integers(len(PAPERS))])


def board(made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return a dark board with wiped chalk on it."""
    smear = cut(made.clouds, height, width, rng) * np.float32(0.5) + cut(made.grain, height, width, rng)
    light = 1 + np.float32(rng.uniform(0.03, 0.10)) * smear
    return tinted(np.maximum(light, 0), BOARDS[rng.integers(len(BOARDS))])


def linear(height: int, width: int, rng: Generator, least: float) -> Mask:
    """Return a light that falls off across the sheet from 1 to a factor."""
    angle = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    way = (down[:, None] + across) / np.float32(abs(np.cos(angle)) + abs(np.sin(angle))) + np.float32(0.5)
    return 1 - np.float32(1 - least) * way


def edge(height: int, width: int, rng: Generator, least: float) -> Mask:
    """Return a light with a shadow on one side, which has a soft edge."""
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(-0.25, 0.25)
    softness = 1 / rng.uniform(0.008, 0.06)  # of the sheet's height
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle) * width / height)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    bend = np.float32(rng.uniform(-0.3, 0.3)) * np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    way = np.clip((down[:, None] + across + bend - np.float32(place)) * np.float32(softness), -30, 30)
    return 1 - np.float32(1 - least) / (1 + np.exp(-way))


def shadow(height: int, width: int, rng: Generator) -> Mask:
    """Return the light of a sheet in shadow, between 0.4 and 1: falling off, a shadow's edge, or both."""
    kind = rng.integers(3)
    light = np.ones((height, width), np.float32)
    if kind != 1:
        light *= linear(height, width, rng, rng.uniform(0.4, 0.8))
    if kind != 0:
        light *= edge(height, width, rng, rng.uniform(0.4, 0.75))
    return np.maximum(light, np.float32(0.4))


def draw(sheet: Picture, mask: Mask, colour: Colour, down: int, across: int) -> None:
    """Put ink onto a sheet where a mask has it; what lies outside is lost."""
    top, left = max(down, 0), max(across, 0)
    part = sheet[top : down + mask.shape[0], left : across + mask.shape[1]]
    seen = mask[top - down : top - down + part.shape[0], left - across : left - across + part.shape[1], None]
    part += seen * (np.array(colour, np.float32) - part)


def grainy(mask: Mask, made: Textures, rng: Generator, amount: float) -> Mask:
    """Let ink miss some of the paper's grain, as pencil and chalk do."""
    holes = cut(made.grain, mask.shape[0], mask.shape[1], rng)
    return mask * np.clip(1 - np.float32(amount) * np.maximum(holes, 0), 0, 1)


def noisy(sheet: Picture, made: Textures, rng: Generator, amount: float) -> None:
    """Add a sensor's noise, of one standard deviation for all colours."""
    sheet += np.float32(amount) * cut(made.noise, sheet.shape[0], sheet.shape[1], rng)[:, :, None]


def bytes_of(sheet: Picture) -> NDArray[np.uint8]:
    """Return a picture's bytes."""
    return (np.clip(sheet, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def save(pixels: NDArray[np.uint8], file: Path, quality: int | None = None, orientation: int = 1) -> Path:
    """Write a picture as PNG, or as JPEG of a quality, with its pixels turned and the tag that turns them back."""
    image, exif = Image.fromarray(pixels), Image.Exif()
    if orientation != 1:
        exif[ORIENTATION] = orientation
        image = image.transpose(TURNS[orientation])
    if quality is None:
        file = file.with_suffix(".png")
        image.save(file, compress_level=1, exif=exif)
    else:
        file = file.with_suffix(".jpg")
        image.save(file, quality=quality, exif=exif)
    return file
