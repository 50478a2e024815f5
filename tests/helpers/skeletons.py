"""Pen strokes from images of digits: their skeletons, thinned by Zhang and Suen (1984), walked from end to end."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Points = NDArray[np.float64]  # (n, 2): x and y in pixels of the image
Mask = NDArray[np.bool_]

FINE = 4  # subpixels of the skeleton in each pixel
SHORT = 2.0  # pixels: shorter strokes are spurs of the skeleton
# Neighbours clockwise from above: rows and columns.
AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def strokes(image: NDArray[np.uint8], seed: int, jitter: float = 0.15) -> list[Points]:
    """The strokes of a light digit on black (28, 28), with noise of so many pixels that is smooth along them."""
    random = np.random.default_rng(seed)
    large = np.asarray(Image.fromarray(image).resize((28 * FINE, 28 * FINE), Image.Resampling.BICUBIC))
    found = [(path[:, ::-1] + 0.5) / FINE for path in _paths(_thinned(large > 100))]
    whole = [path for path in found if np.hypot(*np.diff(path, axis=0).T).sum() > SHORT] or found
    return [_smooth(path) + _smooth(random.normal(0, 2 * jitter, path.shape)) for path in whole]


def _smooth(path: Points) -> Points:
    """A path without the steps of its grid; its ends stay."""
    window = min(7, len(path) // 2 * 2 - 1)
    if window < 3:
        return path
    padded = np.pad(path, ((window // 2, window // 2), (0, 0)), mode="reflect", reflect_type="odd")
    return np.stack([np.convolve(line, np.full(window, 1 / window), "valid") for line in padded.T], 1)


def _shifted(mask: Mask) -> NDArray[np.int8]:
    padded = np.pad(mask, 1).astype(np.int8)
    height, width = mask.shape
    return np.stack([padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in AROUND])


def _thinned(mask: Mask) -> Mask:
    mask = mask.copy()
    while True:
        before = int(mask.sum())
        for first, second in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            near = _shifted(mask)
            count, turns = near.sum(0), ((near == 0) & (np.roll(near, -1, 0) == 1)).sum(0)
            gone = mask & (count >= 2) & (count <= 6) & (turns == 1)
            gone &= (near[list(first)].prod(0) == 0) & (near[list(second)].prod(0) == 0)
            mask &= ~gone
        if int(mask.sum()) == before:
            return mask


def _paths(skeleton: Mask) -> list[Points]:
    """Walks over all points (row, column), which begin at ends if there are any, and go on as straight as they can."""
    left = {(int(row), int(column)) for row, column in np.argwhere(skeleton)}
    found = []
    while left:
        start = min(left, key=lambda one: (len(_near(one, left)), one))
        path, step = [start], (0, 0)
        left.discard(start)
        while near := _near(path[-1], left):
            here = path[-1]
            back = path[-6] if len(path) > 5 else path[0]
            step = (here[0] - back[0], here[1] - back[1])
            there = max(near, key=lambda one: _along(step, (one[0] - here[0], one[1] - here[1])))
            left.discard(there)
            left -= {one for one in near if one != there and len(_near(one, left)) <= 1 and _beside(one, there)}
            path.append(there)
        found.append(np.array(path, float))
    return found


def _near(point: tuple[int, int], among: set[tuple[int, int]]) -> list[tuple[int, int]]:
    return [one for y, x in AROUND if (one := (point[0] + y, point[1] + x)) in among]


def _along(step: tuple[int, int], way: tuple[int, int]) -> float:
    return float((step[0] * way[0] + step[1] * way[1]) / np.hypot(*way))


def _beside(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(one[0] - other[0]) + abs(one[1] - other[1]) == 1
