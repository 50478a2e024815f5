"""Pictures without a digit: blank sheets, textures, letters, shapes, photos.

Imported by scripts/photos.py; does nothing by itself.
"""

from dataclasses import dataclass
from string import ascii_letters

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from photo import paper
from photo.digits import Mask
from photo.paper import Picture, Textures
from photo.pen import PRINTED, askew, printed, stroked, written
from photo.scenes import PHOTOS, TEXTURES
from photo.shapes import SHAPES, shape
from photo.spoil import GOOD, NARROWEST, POOR, place

LIKE_DIGITS = "OoIlSsZzBbgqij"  # letters that a reader may take for a digit
LETTERS = "".join(letter for letter in ascii_letters if letter not in LIKE_DIGITS)
BLANK = ("white", "paper", "shadow", "board")
WIDEST = 1200
KINDS = {  # kind: its share of the pictures, the parts between which it turns
    "blank": (0.16, BLANK),
    "texture": (0.16, tuple(TEXTURES)),
    "letter": (0.26, ("printed", "written")),
    "letter like a digit": (0.08, ("printed", "written")),
    "shape": (0.18, tuple(SHAPES)),
    "photo": (0.16, tuple(PHOTOS)),
}


@dataclass(frozen=True)
class Empty:
    """A picture without a digit, the part of its kind, the letter if it has one, and how to save it."""

    pixels: NDArray[np.uint8]
    part: str
    letter: str
    quality: int | None


def plan(n: int) -> list[tuple[str, int]]:
    """Return kind and number within the kind for each of n pictures."""
    ends = np.round(np.cumsum([share for share, _ in KINDS.values()]) * n).astype(int)
    starts = [0, *ends[:-1]]
    return [(kind, i) for kind, start, end in zip(KINDS, starts, ends, strict=True) for i in range(end - start)]


def empty(kind: str, number: int, made: Textures, rng: Generator) -> Empty:
    """Make a picture of a kind; its number chooses part and letter."""
    parts = KINDS[kind][1]
    part, turn = parts[number % len(parts)], number // len(parts)
    width = round(float(np.exp(rng.uniform(np.log(NARROWEST), np.log(WIDEST)))))
    height = round(width * np.exp(rng.uniform(-0.3, 0.3)))
    letter = ""
    if kind == "blank":
        sheet = blank(part, made, height, width, rng)
    elif kind in ("texture", "photo"):
        sheet = (TEXTURES | PHOTOS)[part](made, height, width, rng)
    else:
        if kind != "shape":
            letters = LIKE_DIGITS if "digit" in kind else LETTERS
            letter = letters[turn % len(letters)]
        sheet = drawn(mark(part, letter, round(height * rng.uniform(0.25, 0.7)), rng), made, height, width, rng)
    if rng.random() < 0.5:
        paper.noisy(sheet, made, rng, rng.uniform(0.003, 0.015))
    quality = [None, POOR, GOOD][rng.integers(3)]
    return Empty(paper.bytes_of(sheet), part, letter, quality)


def blank(part: str, made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Return a sheet without anything on it."""
    if part == "white":
        return paper.plain(height, width, (1.0, 1.0, 1.0))
    if part == "board":
        return paper.board(made, height, width, rng)
    sheet = paper.paper(made, height, width, rng)
    return sheet * paper.shadow(height, width, rng)[:, :, None] if part == "shadow" else sheet


def mark(part: str, letter: str, height: int, rng: Generator) -> Mask:
    """Return a letter, printed or written, or a shape."""
    if part == "printed":
        return printed(letter, PRINTED[rng.integers(len(PRINTED))], height)
    if part == "written":
        return written(letter, height, rng)
    return askew(stroked(shape(part, rng), height, rng.uniform(0.03, 0.09)), rng, 8, 0.1)


def drawn(mask: Mask, made: Textures, height: int, width: int, rng: Generator) -> Picture:
    """Draw a mark on a sheet: plain, paper in shadow, or a board."""
    ground, dark = rng.integers(3), bool(rng.random() < 0.75)
    height, width = max(height, round(1.1 * mask.shape[0])), max(width, round(1.1 * mask.shape[1]))
    if ground == 0:
        sheet = paper.plain(height, width, (1.0, 1.0, 1.0) if dark else (0.0, 0.0, 0.0))
    else:
        sheet = (paper.paper if dark else paper.board)(made, height, width, rng)
    inks = list((paper.INKS if dark else paper.CHALKS).values())
    paper.draw(sheet, mask, inks[rng.integers(len(inks))], *place(mask, height, width, True, rng))
    if ground == 2:
        sheet *= paper.shadow(height, width, rng)[:, :, None]
    return sheet
