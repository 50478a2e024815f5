"""Digits of an image folder, spoiled as those are that people draw, scan and photograph.

Imported by scripts/photos.py; does nothing by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from photo import paper
from photo.digits import Mask, enlarged, extent, trimmed
from photo.paper import TURNS, Colour, Picture, Textures
from photo.pen import thinned, traced

SHARES = {  # kind of spoiling: share of pictures
    "inverted": 0.75,  # dark on light; the rest are light on dark
    "scaled": 0.8,  # 200 to 2,000 pixels wide; the rest have the digit as large as it was
    "moved": 0.7,  # off centre, on a larger sheet; the rest are framed as they were
    "paper": 0.5,  # texture of paper, or of a board
    "shadow": 0.45,
    "ink": 0.5,  # coloured ink, pencil or chalk; the rest are black or white
    "jpeg": 0.45,  # quality 30
    "turned": 0.35,  # orientation tag
}
THIN = "thin"  # kind of those drawn again with a thin pen, which MNIST's digits are not; none unless asked for
THIN_PEN = (0.025, 0.06)  # width, of the digit's height
NARROWEST, WIDEST, TALLEST = 200, 2000, 2000
SMALLEST, LARGEST = 0.15, 0.70  # height of a digit that was moved, of the sheet's
FIELD = 28
POOR, GOOD = 30, 92  # quality of JPEG


@dataclass(frozen=True)
class Spoiled:
    """A picture, what was done to the digit, and how to save it."""

    pixels: NDArray[np.uint8]
    kinds: list[str]
    ink: str
    quality: int | None
    orientation: int


def spoil(digit: NDArray[np.uint8], made: Textures, rng: Generator, thin: float = 0) -> Spoiled:
    """Spoil an image in a random mix of ways; a share of those that are scaled are drawn with a thin pen."""
    kinds = [kind for kind, share in SHARES.items() if rng.random() < share]
    if rng.random() < thin and "scaled" in kinds:
        kinds.append(THIN)
    mask, height, width = placed(digit, kinds, rng)
    name, colour = ink(kinds, rng)
    sheet = ground(kinds, made, height, width, rng)
    down, across = place(mask, height, width, "moved" in kinds, rng)
    if name in ("pencil", *paper.CHALKS):
        mask = paper.grainy(mask, made, rng, rng.uniform(0.1, 0.3))
    paper.draw(sheet, mask, colour, down, across)
    if "shadow" in kinds:
        sheet *= paper.shadow(height, width, rng)[:, :, None]
    if "paper" in kinds:
        paper.noisy(sheet, made, rng, rng.uniform(0.003, 0.02))
    turned = "turned" in kinds
    quality = POOR if "jpeg" in kinds else GOOD if turned and rng.random() < 0.8 else None
    return Spoiled(paper.bytes_of(sheet), kinds, name, quality, int(rng.choice(list(TURNS))) if turned else 1)


def placed(digit: NDArray[np.uint8], kinds: list[str], rng: Generator) -> tuple[Mask, int, int]:
    """Return the digit's mask in its size, and the sheet's height and width."""
    sharp, tall = bool(rng.random() < 0.6), extent(digit)[0]
    share = rng.uniform(SMALLEST, LARGEST) if "moved" in kinds else tall / FIELD
    if "scaled" in kinds:
        width = round(float(np.exp(rng.uniform(np.log(NARROWEST), np.log(WIDEST)))))
        form = np.exp(rng.uniform(-0.3, 0.3)) if "moved" in kinds else 1
        height = min(round(width * form), TALLEST)
        scale = height * share / tall
    else:
        scale, height = 1.0, round(tall / share)
        width = round(height * np.exp(rng.uniform(-0.3, 0.3))) if "moved" in kinds else height
    if THIN in kinds:
        return redrawn(digit, scale, rng), height, width
    if "moved" not in kinds:
        return enlarged(digit, scale, sharp), height, width
    scale = min(scale, 0.9 * width / extent(digit)[1])
    return trimmed(enlarged(digit, scale, sharp)), height, max(width, FIELD)


def redrawn(digit: NDArray[np.uint8], scale: float, rng: Generator) -> Mask:
    """Return a digit drawn with a thin pen along the middle of its lines."""
    line = thinned(trimmed(enlarged(digit, 4, sharp=True)) > 0.5)
    return traced(line, max(round(extent(digit)[0] * scale), 1), rng.uniform(*THIN_PEN), rng, wobble=0.005)


def place(mask: Mask, height: int, width: int, moved: bool, rng: Generator) -> tuple[int, int]:
    """Return where the upper left corner of a mask goes: anywhere on the sheet, or in the middle."""
    room = np.array([height - mask.shape[0], width - mask.shape[1]])
    share = rng.uniform(0.08, 0.92, 2) if moved else np.array([0.5, 0.5])
    down, across = (int(side) for side in np.floor(share * room))
    return down, across


def ink(kinds: list[str], rng: Generator) -> tuple[str, Colour]:
    """Return the name of an ink and its colour."""
    dark = "inverted" in kinds
    if "ink" not in kinds:
        return ("plain black", (0.0, 0.0, 0.0)) if dark else ("plain white", (1.0, 1.0, 1.0))
    inks = paper.INKS if dark else paper.CHALKS
    name = list(inks)[rng.integers(len(inks))]
    red, green, blue = np.clip(np.array(inks[name]) + rng.normal(0, 0.04, 3), 0, 1)
    return name, (float(red), float(green), float(blue))


def ground(kinds: list[str], made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return the sheet: plain, paper or a board."""
    dark = "inverted" in kinds
    if "paper" in kinds:
        return (paper.paper if dark else paper.board)(made, height, width, rng)
    if "ink" in kinds and not dark:
        return paper.plain(height, width, paper.BOARDS[rng.integers(len(paper.BOARDS))])
    return paper.plain(height, width, (1.0, 1.0, 1.0) if dark else (0.0, 0.0, 0.0))
