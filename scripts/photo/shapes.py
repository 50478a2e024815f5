"""Symbols and scribbles as strokes; none looks like a digit.

Imported by scripts/photos.py; does nothing by itself.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from photo.pen import Points, arc, curve

HALF = 0.5


def polygon(*points: tuple[float, float]) -> Points:
    """Return a closed line through points."""
    return np.array([*points, points[0]], float)


def star(_: Generator) -> list[Points]:
    """Return a star of five points, in one line."""
    angles = np.radians(-90 + 144 * np.arange(5))
    return [polygon(*((HALF + HALF * np.cos(a), HALF + HALF * np.sin(a)) for a in angles))]


def arrow(rng: Generator) -> list[Points]:
    """Return an arrow to one of eight sides; its head has two long barbs."""
    strokes = [np.array([[0, HALF], [1, HALF]]), np.array([[0.65, 0.2], [1, HALF], [0.65, 0.8]])]
    angle = np.radians(45 * rng.integers(8))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [(stroke - HALF) @ turn + HALF for stroke in strokes]


def heart(_: Generator) -> list[Points]:
    """Return a heart."""
    t = np.linspace(0, 2 * np.pi, 90)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [np.stack([HALF + x / 32, HALF - y / 32], 1)]


def face(_: Generator) -> list[Points]:
    """Return a face that smiles."""
    eyes = [arc(x, 0.38, 0.04) for x in (0.33, 0.67)]
    return [arc(HALF, HALF, HALF), *eyes, arc(HALF, 0.55, 0.25, 20, 160)]


def scribble(rng: Generator) -> list[Points]:
    """Return a scribble of many turns."""
    return [curve([(float(x), float(y)) for x, y in rng.uniform(0, 1, (int(rng.integers(9, 20)), 2))])]


def zigzag(rng: Generator) -> list[Points]:
    """Return hatching, back and forth."""
    n = int(rng.integers(8, 14))
    across = np.linspace(0, 1, n) + rng.normal(0, 0.02, n)
    return [np.stack([across, np.arange(n) % 2 * rng.uniform(0.5, 0.9) + rng.normal(0, 0.05, n)], 1)]


def cross(_: Generator) -> list[Points]:
    """Return a cross of two diagonals."""
    return [np.array([[0, 0], [1, 1]], float), np.array([[1, 0], [0, 1]], float)]


def plus(_: Generator) -> list[Points]:
    """Return a plus."""
    return [np.array([[0, HALF], [1, HALF]]), np.array([[HALF, 0], [HALF, 1]])]


def triangle(_: Generator) -> list[Points]:
    """Return a triangle."""
    return [polygon((HALF, 0), (1, 0.87), (0, 0.87))]


def box(_: Generator) -> list[Points]:
    """Return a rectangle with its diagonals."""
    return [polygon((0, 0.1), (1, 0.1), (1, 0.9), (0, 0.9)), *cross(_)]


def house(_: Generator) -> list[Points]:
    """Return a house with a door."""
    return [
        polygon((0.05, 0.45), (HALF, 0), (0.95, 0.45), (0.95, 1), (0.05, 1)),
        np.array([[0.4, 1], [0.4, 0.65], [0.6, 0.65], [0.6, 1]]),
        np.array([[0.05, 0.45], [0.95, 0.45]]),
    ]


def flower(_: Generator) -> list[Points]:
    """Return a flower of six petals."""
    petals = [arc(HALF + 0.28 * np.cos(a), HALF + 0.28 * np.sin(a), 0.18) for a in np.arange(6) * np.pi / 3]
    return [arc(HALF, HALF, 0.12), *petals]


def wave(_: Generator) -> list[Points]:
    """Return two waves, one above the other."""
    x = np.linspace(0, 1, 80)
    return [np.stack([x, up + 0.12 * np.sin(5 * np.pi * x)], 1) for up in (0.3, 0.65)]


SHAPES: dict[str, Callable[[Generator], list[Points]]] = {
    shape.__name__: shape
    for shape in (star, arrow, heart, face, scribble, zigzag, cross, plus, triangle, box, house, flower, wave)
}


def shape(name: str, rng: Generator) -> list[Points]:
    """Return a shape by name, with points a little out of place."""
    strokes = SHAPES[name](rng)
    return [stroke + gentle(len(stroke), rng) for stroke in strokes]


def gentle(n: int, rng: Generator) -> Points:
    """Return shifts of n points that change slowly along a stroke."""
    knots = rng.normal(0, 0.02, (5, 2))
    along = np.linspace(0, 4, n)
    return np.stack([np.interp(along, np.arange(5), knots[:, axis]) for axis in (0, 1)], 1)
