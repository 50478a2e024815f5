"""How the training images show their digits: ground, ink, size of the box, width of strokes, position.

It is measured from the training images of a run, and photos are drawn alike before the net sees them.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]  # (N, H, W)
Measures = dict[str, NDArray[np.float64]]  # (N,) each

# Images of which at least this share have a ground of one brightness are drawn on a plain ground.
PLAIN = 0.9
EVEN = 16  # levels of 255 that the outermost pixels of such an image differ from the ground of all, in the median
DRAWN = 0.45  # of the box: wider strokes are surfaces, not strokes
INK = 0.1  # of the contrast between ground and ink: what counts as part of a digit
# How far measures may lie outside the range of the training images looked at: of that range, and at least, in pixels or
# shares of ink; for the box in pixels, for the edges in levels.
BEYOND, AT_LEAST = 0.1, {"edge": 8.0, "box": 2.0, "width": 0.3}
OTHERS = 0.5
WIDTHS = (25, 50, 99)  # percentiles of the widths of strokes: thin, middle, thick
# Photos and drawings that nobody prepared: their edges are lighter than this, each of even brightness (standard
# deviation in levels), but not all of one; or their centres spread more than this share of the side, or their sizes by
# this factor.
PAPER, SMOOTH = 140, 20.0
MIDDLE, SIZES = 0.08, 1.6
SMALLEST = 8  # pixels of a side: on smaller images signs are not told from other things
LOOKED_AT = 4000  # training images, evenly spread, at most
# Signs of several parts, such as 二 and 川: the second largest part has this share of the largest one's side; and the
# share of images with two such parts from which on not each shows one sign. (0.2 % of MNIST's do: broken strokes.)
TALL, SEVERAL = 0.5, 0.01
PARTED, PARTS = 500, 4  # images, evenly spread, and parts of each that are looked at


@dataclass(frozen=True)
class Style:
    """How images show their digits.

    Attributes:
        size: height and width in pixels.
        ground: brightness of the background, 0 to 255.
        ink: brightness of the middle of strokes, 0 to 255.
        box: the longer side of the digits' box, in pixels.
        thin: width of thin strokes, in pixels.
        thick: width of thick strokes.
        by_mass: whether the centre of mass is in the middle, not that of the box.
        middle: row and column where it is.
        bounds: least and greatest value of each measure of the images, with what may lie beyond.
        single: whether each shows one connected sign, so that a photo of several parts shows several signs.
    """

    size: tuple[int, int]
    ground: float
    ink: float
    box: int
    thin: float
    thick: float
    by_mass: bool
    middle: tuple[float, float]
    bounds: dict[str, tuple[float, float]]
    single: bool = True

    def fits(self, image: NDArray[np.uint8]) -> bool:
        """Return whether an image (H, W) is made as these are."""
        found = measures(image[None], self.ground, self.ink)
        return all(low <= float(found[name][0]) <= high for name, (low, high) in self.bounds.items())

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Return what ``plain`` gave. Raises TypeError, KeyError, ValueError or AttributeError if it is damaged."""
        values = {"single": True} | values  # not recorded by the first runs that have a style
        known = {field.name: values[field.name] for field in fields(cls)}
        bounds = {str(name): (float(low), float(high)) for name, (low, high) in known["bounds"].items()}
        height, width = known["size"]
        row, column = known["middle"]
        known |= {"bounds": bounds, "size": (int(height), int(width)), "middle": (float(row), float(column))}
        return cls(**known)


def measured(images: Images) -> Style | None:
    """Return the style of images; None if they do not show strokes on a plain ground."""
    edges = _edges(images)
    ground = float(np.median(edges))
    if not _is_plain(edges, ground):
        return None
    away = np.abs(images.astype(np.int16) - round(ground)).reshape(len(images), -1)
    side = images.reshape(len(images), -1)[np.arange(len(images)), away.argmax(1)]
    ink = float(np.median(side))
    if abs(ink - ground) < EVEN:
        return None
    found = measures(images, ground, ink)
    shown = found["box"] > 0
    if not shown.any():
        return None
    found = {name: values[shown] for name, values in found.items()}
    box, width = float(np.median(found["box"])), np.percentile(found["width"], (WIDTHS))
    if width[1] > DRAWN * box:
        return None
    made = _style(found, images.shape[1:], ground, ink, box, (float(width[0]), float(width[2])))
    some = images[shown]
    parted = _parted(some[:: -(-len(some) // PARTED)], ground, ink)
    return replace(made, single=bool(parted.mean() < SEVERAL))


def _is_plain(edges: NDArray[Any], ground: float) -> bool:
    """Return whether most images, by their outermost pixels (n, K), have the same ground."""
    return bool(np.mean(np.abs(np.median(edges, 1) - ground) < EVEN) >= PLAIN)


def _parted(images: Images, ground: float, ink: float) -> NDArray[np.bool_]:
    """Return which images (n, H, W) show two large parts side by side, or one above the other."""
    inked = (images.astype(np.float32) - ground) / (ink - ground) > INK
    return _beside(inked, stacked=False) | _beside(inked.transpose(0, 2, 1), stacked=True)


def _beside(inked: NDArray[np.bool_], stacked: bool) -> NDArray[np.bool_]:
    """Return for which images (n, H, W) an empty column separates two parts of similar height.

    If these are ``stacked``, on images that were transposed, parts of similar length are as good.
    """
    columns = inked.any(1)
    starts = columns & ~np.pad(columns, ((0, 0), (1, 0)))[:, :-1]
    parts = starts.cumsum(1) * columns
    sides = np.zeros((PARTS, len(inked)), np.int64)
    for i in range(min(PARTS, parts.max())):
        mine = parts == i + 1
        rows = (inked & mine[:, None]).any(2)
        heights = np.where(rows.any(1), rows.shape[1] - rows[:, ::-1].argmax(1) - rows.argmax(1), 0)
        sides[i] = np.maximum(heights, mine.sum(1)) if stacked else heights
    sides.sort(0)
    found: NDArray[np.bool_] = sides[-2] > TALL * sides[-1]
    return found


def unprepared(images: Images) -> list[str]:
    """Return why images look like photos or drawings that nobody prepared, in words; nothing if they do not."""
    if min(images.shape[1:]) < SMALLEST:
        return []
    edges = _edges(images).astype(np.float32)
    ground = float(np.median(edges))
    if not _is_plain(edges, ground):
        return ["on paper of uneven brightness"] if ground > PAPER and np.median(edges.std(1)) < SMOOTH else []
    away = images.astype(np.float32) - ground
    ink = ground + (1 if away.max() > -away.min() else -1) * float(np.abs(away).max())
    if ink == ground:
        return []
    found = measures(images, ground, ink)
    off = min(max(found[f"{kind}_row"].std(), found[f"{kind}_column"].std()) for kind in ("mass", "box"))
    size = np.percentile(found["box"], (10, 90))
    words = {
        "off centre": off > MIDDLE * min(images.shape[1:]),
        "of different sizes": size[1] > SIZES * max(size[0], 1),
    }
    why = [word for word, applies in words.items() if applies]
    # Looked at last: most sets are as they should be, and need no more.
    return why if why and measured(images) is not None else []


def _style(found: Measures, size: Any, ground: float, ink: float, box: float, width: tuple[float, float]) -> Style:
    height, across = size
    spread = {kind: max(found[f"{kind}_row"].std(), found[f"{kind}_column"].std()) for kind in ("mass", "box")}
    kind = min(spread, key=lambda one: spread[one])
    middle = tuple(float(found[f"{kind}_{axis}"].mean()) for axis in ("row", "column"))
    names = ("edge", "peak", "box", "width", f"{kind}_row", f"{kind}_column")
    bounds = {name: _range(found[name], AT_LEAST.get(name, OTHERS)) for name in names}
    bounds["width"] = bounds["width"][0], float(max(height, across))  # strokes may be thick, but not thin
    return Style((height, across), ground, ink, round(box), *width, kind == "mass", (middle[0], middle[1]), bounds)


def _range(values: NDArray[np.float64], at_least: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    beyond = max(BEYOND * (high - low), at_least)
    return round(low - beyond, 3), round(high + beyond, 3)


def _edges(images: Images) -> NDArray[np.uint8]:
    """Return the outermost pixels (n, K) of images."""
    found = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    return np.concatenate([edge.reshape(len(images), -1) for edge in found], 1)


def measures(images: Images, ground: float, ink: float) -> Measures:
    """Return measures (n,) of images uint8 (n, H, W).

    These are: ``edge``, mean distance of the outermost pixels from the ground; ``peak``, the greatest amount of ink;
    ``box``, the longer side of the box; rows and columns of the centres of mass and box; ``width``, of strokes: twice
    their area over their outline, both taken from the brightness, which needs no threshold.
    """
    amount: NDArray[np.float32] = (images.astype(np.float32) - np.float32(ground)) / np.float32(ink - ground)
    rows, columns = amount.max(2) > INK, amount.max(1) > INK
    height, width = images.shape[1:]
    top, left = rows.argmax(1), columns.argmax(1)
    bottom, right = height - 1 - rows[:, ::-1].argmax(1), width - 1 - columns[:, ::-1].argmax(1)
    some = rows.any(1)
    positive = amount.clip(0, None)
    mass = np.maximum(positive.sum((1, 2)), 1e-6)
    down, across = np.diff(positive, axis=1), np.diff(positive, axis=2)
    outline = np.sqrt(down[:, :, :-1] ** 2 + across[:, :-1] ** 2).sum((1, 2))
    return {
        "edge": np.abs(_edges(images).astype(np.float64) - ground).mean(1),
        "peak": amount.max((1, 2)).astype(np.float64),
        "box": np.where(some, np.maximum(bottom - top, right - left) + 1, 0).astype(np.float64),
        "mass_row": (positive.sum(2) @ np.arange(height) / mass).astype(np.float64),
        "mass_column": (positive.sum(1) @ np.arange(width) / mass).astype(np.float64),
        "box_row": (top + bottom) / 2,
        "box_column": (left + right) / 2,
        "width": (2 * mass / np.maximum(outline, 1e-6)).astype(np.float64),
    }
