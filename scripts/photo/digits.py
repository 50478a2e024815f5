"""Images of an image folder, and digits drawn larger than they are there.

Imported by scripts/photos.py; does nothing by itself. A mask is float32 (H, W): 1 where there is ink, 0 elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, label

Mask = NDArray[np.floating]

INK = 40  # of 255, from which a pixel of MNIST belongs to the digit
EDGE = 1.5  # pixels from paper to ink of a sharp edge
FINER, SMOOTH = 4, 0.45  # pixels to a pixel, and of these the blur, where outlines become curves
WAISTS = (0.42, 0.34, 0.26, 0.2)  # of full ink, where a sharp edge may run: the first that breaks no line


@dataclass(frozen=True)
class Digits:
    """The files of a split in their order, and their labels."""

    files: list[Path]
    labels: list[str]

    @classmethod
    def of(cls, data: Path, split: str = "t10k") -> "Digits":
        """Return a split of an image folder written by fcnet data mnist."""
        files = sorted((data / f"{split}-images").glob("*.png"), key=lambda file: int(file.stem))
        labels = (data / f"{split}-labels.txt").read_text(encoding="ascii").split()
        if not files or len(files) != len(labels):
            raise SystemExit(f"{data}: {len(files)} images, {len(labels)} labels; write it with: fcnet data mnist")
        return cls(files, labels)

    def spread(self, n: int) -> list[int]:
        """Return n indices, or all if there are fewer, evenly spread."""
        return [int(i) for i in np.linspace(0, len(self.files) - 1, min(n, len(self.files))).round()]

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Read an image."""
        with Image.open(self.files[index]) as image:
            return np.asarray(image.convert("L"))


def bounds(mask: NDArray[Any], least: float) -> tuple[slice, slice]:
    """Return the rows and columns of pixels that are at least so large."""
    ink = mask >= least
    down, across = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    return slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)


def extent(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """Return height and width of the digit on an image."""
    down, across = bounds(pixels, INK)
    return down.stop - down.start, across.stop - across.start


def resized(mask: Mask, height: int, width: int) -> Mask:
    """Return a mask of another size, bicubic."""
    image = Image.fromarray(mask).resize((max(width, 1), max(height, 1)), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image), 0, 1)


def enlarged(pixels: NDArray[np.uint8], scale: float, sharp: bool) -> Mask:
    """Draw an image larger: smoothly, or with sharp edges, as if its outlines were curves."""
    mask = np.pad(pixels.astype(np.float32) / 255, 1)
    height, width = (round(side * scale) for side in mask.shape)
    if sharp and scale > 1.5:
        mask = gaussian_filter(resized(mask, *(FINER * side for side in mask.shape)), SMOOTH * FINER)  # no steps
        steepness = 2 * scale / EDGE  # an edge of MNIST is two pixels wide
        drawn = np.clip((resized(mask, height, width) - waist(mask)) * steepness + 0.5, 0, 1)
    else:
        drawn = resized(mask, height, width)
    margin = round(scale)
    return drawn[margin : height - margin, margin : width - margin]


def waist(mask: Mask) -> float:
    """Return how much ink counts where edges are to be sharp."""
    parts = [label(mask >= least)[1] for least in WAISTS]
    return WAISTS[parts.index(parts[-1])]


def trimmed(mask: Mask, least: float = INK / 255) -> Mask:
    """Return a mask without its empty border."""
    return mask[bounds(mask, least)]


def warped(mask: Mask, matrix: Sequence[Sequence[float]]) -> Mask:
    """Turn and shear a mask about its middle; the result is as large as it has to be."""
    forward = np.asarray(matrix, float)
    corners = np.array([(x, y) for x in (-1, 1) for y in (-1, 1)]) * np.array(mask.shape[::-1]) / 2
    width, height = (int(side) for side in np.ceil(2 * np.abs(corners @ forward.T).max(0)) + 2)
    back = np.linalg.inv(forward)
    offset = np.array(mask.shape[::-1]) / 2 - back @ np.array([width / 2, height / 2])
    words = (*back[0], offset[0], *back[1], offset[1])
    image = Image.fromarray(mask).transform(
        (width, height), Image.Transform.AFFINE, [float(word) for word in words], Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(image), 0, 1)
