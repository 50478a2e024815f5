"""Lines drawn with a pen: strokes given by points, and the middle lines of printed letters.

Imported by scripts/photos.py; does nothing by itself.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from photo.digits import Mask, resized, trimmed, warped
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

Points = NDArray[np.float64]  # (N, 2), x to the right and y down, between 0 and 1

FONTS = Path(matplotlib.get_data_path()) / "fonts/ttf"
PRINTED = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Italic")
PLAIN = "DejaVuSans"  # whose middle lines look like a person's
SIDE = 96  # of letters whose middle line is sought
FINER = 2  # times which strokes are drawn larger before they are scaled down


def printed(letter: str, font: str, height: int) -> Mask:
    """Return a printed letter of a height."""
    face = ImageFont.truetype(FONTS / f"{font}.ttf", max(2 * height, 24))
    left, top, right, bottom = face.getbbox(letter)
    image = Image.new("L", (round(right - left) + 4, round(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), letter, fill=255, font=face)
    mask = trimmed(np.asarray(image, np.float32) / 255)
    return resized(mask, height, round(mask.shape[1] * height / mask.shape[0]))


def thinned(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middle line of ink, one pixel wide (Zhang and Suen, 1984)."""
    ink = np.pad(ink, 1)
    while True:
        before = ink.sum()
        for first in (True, False):
            ink = ink & ~loose(ink, first)
        if ink.sum() == before:
            return ink[1:-1, 1:-1]


def loose(ink: NDArray[np.bool_], first: bool) -> NDArray[np.bool_]:
    """Return the pixels of the border that can go without breaking the line, in the first or second half of a step."""
    ways = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]  # clockwise from above
    around = np.stack([np.roll(ink, (-down, -across), (0, 1)) for down, across in ways])
    count = around.sum(0)
    starts = (~around & np.roll(around, -1, 0)).sum(0)
    above, right, below, left = around[::2]
    gaps = (
        ~(above & right & below) & ~(right & below & left)
        if first
        else ~(above & right & left) & ~(above & below & left)
    )
    return ink & (count >= 2) & (count <= 6) & (starts == 1) & gaps


def traced(line: NDArray[np.bool_], height: int, width: float, rng: Generator, wobble: float = 0.02) -> Mask:
    """Draw a line again, with a pen of a width and an unsteady hand; width and wobble are shares of the height."""
    rows, columns = np.flatnonzero(line.any(1)), np.flatnonzero(line.any(0))
    line = np.pad(line[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 24)
    tall = line.shape[0] - 48
    far = gaussian_filter(distance_transform_edt(~line), 0.8).astype(np.float32)
    shift = [gaussian_filter(rng.standard_normal(line.shape), tall / 8) for _ in range(2)]
    grid = np.indices(line.shape) + [s / (s.std() + 1e-9) * wobble * tall for s in shift]
    far = map_coordinates(far, grid, order=1, mode="nearest").astype(np.float32)
    scale = height / tall
    size = (round(line.shape[1] * scale), round(line.shape[0] * scale))
    larger = np.asarray(Image.fromarray(far).resize(size, Image.Resampling.BICUBIC))
    return trimmed(np.clip((width * tall / 2 - larger) * scale + 0.5, 0, 1))


def written(letter: str, height: int, rng: Generator) -> Mask:
    """Return a letter as a hand writes it: its middle line, unsteady, slanted and turned, with a thin or thick pen."""
    line = thinned(printed(letter, PLAIN, SIDE) > 0.5)
    mask = traced(line, height, rng.uniform(0.05, 0.13), rng, rng.uniform(0.015, 0.035))
    return askew(mask, rng)


def askew(mask: Mask, rng: Generator, turn: float = 10, slant: float = 0.25, stretch: float = 0.15) -> Mask:
    """Turn a mask by up to so many degrees, slant and stretch it."""
    angle, shear = np.radians(rng.uniform(-turn, turn)), rng.uniform(-slant, slant)
    wide = np.exp(rng.uniform(-stretch, stretch))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return trimmed(warped(mask, (turned @ np.array([[wide, shear], [0, 1]])).tolist()))


def stroked(strokes: Sequence[Points], height: int, width: float) -> Mask:
    """Draw strokes with a round pen, whose width is a share of the height."""
    room, pen = 0.2, max(width * height * FINER, 2)
    points = np.concatenate(strokes)
    low, high = points.min(0) - room, points.max(0) + room
    side = height * FINER
    image = Image.new("L", tuple(int(length) for length in np.ceil((high - low) * side)))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        path = [(float(x), float(y)) for x, y in (stroke - low) * side]
        draw.line(path, fill=255, width=round(pen), joint="curve")
        for x, y in (path[0], path[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    mask = trimmed(np.asarray(image, np.float32) / 255)
    return resized(mask, mask.shape[0] // FINER, mask.shape[1] // FINER)


def curve(points: Sequence[tuple[float, float]], steps: int = 24) -> Points:
    """Return a smooth line through points (Catmull and Rom's)."""
    at = np.array([points[0], *points, points[-1]], float)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(at, at[1:], at[2:], at[3:], strict=False)
    ]
    return np.concatenate([*parts, at[-1:]])


def arc(x: float, y: float, radius: float, start: float = 0, end: float = 360) -> Points:
    """Return points of a circle; angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 73))
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1)
