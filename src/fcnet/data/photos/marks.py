"""From ink to the marks on a picture, and which of them make the digit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from fcnet.data.photos.ground import Floats, Ink, Mask
from fcnet.data.photos.rules import rules

STROKE, FAINT = 0.45, 0.25  # of the ink in the middle of strokes: what begins a mark, and what belongs to it
STROKES, LOW, HIGH = 90, 0.7, 2.0  # percentile of the ink of strokes, and what it may be
EDGE = 0.003  # of the picture's longer side: how far the soft edge of a stroke reaches
NOISES = 4.0  # times the spread of the paper

SPECK = 0.02  # of the largest mark's area: less is a speck
NEAR = 0.3  # of the largest mark's longer side: marks further away do not belong to it
ALONG = 0.35  # of a side of the picture: marks that touch it on more are its frame, a shadow or another object

# A second digit: as tall as this share of the first, with this share of its area, and this share of its height away.
TALL, MUCH, APART = 0.5, 0.25, 0.08
# More second digits than this are a texture, unless the smallest of them have more than a share of the largest ones'
# height (10 of 100 are left out at both ends), they are this high in pixels, strokes rather than dots, not too many.
MANY = 15
ALIKE, LEGIBLE, MOST = 0.6, 8, 500
SOLID = 0.55  # of its longer side: a mark that is this thick is a spot
SMALL = 64  # pixels of a side of a picture
LEAST = 0.03  # of the picture's longer side: smaller marks are no digits

BOTH = np.ones((3, 3), bool)  # neighbours, diagonal ones too


@dataclass(frozen=True)
class Marks:
    """Connected marks on a picture.

    Attributes:
        labels: (H, W), 0 where nothing is, else the number of the mark.
        boxes: (n, 4) top, left, bottom, right (exclusive) of marks 1 to n.
        areas: (n,) pixels of each.
        ruled: whether rules were taken off.
        uneven: whether the ground has shadow or texture.
    """

    labels: NDArray[np.int32]
    boxes: NDArray[np.int64]
    areas: NDArray[np.int64]
    ruled: bool
    uneven: bool

    @property
    def heights(self) -> NDArray[np.int64]:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def widths(self) -> NDArray[np.int64]:
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def sides(self) -> NDArray[np.int64]:
        """Return the longer side of each."""
        return np.maximum(self.heights, self.widths)


def marks(ink: Ink) -> Marks:
    """Return the marks that ink makes, without rules."""
    faint = ink.amount > max(FAINT, NOISES * ink.noise)
    off = rules(faint)
    level = 1.0 if off is None else _level(ink.amount[faint & ~off])
    strong = ink.amount > max(STROKE * level, NOISES * ink.noise)
    reach = 2 * max(round(EDGE * max(strong.shape)), 1) + 1
    weak = (ink.amount > max(FAINT * level, NOISES * ink.noise)) & ndimage.maximum_filter(strong, reach)
    if off is not None:
        strong, weak = strong & ~off, weak & ~off
    labels, n = ndimage.label(weak, BOTH)
    begun = np.zeros(n + 1, bool)
    begun[labels[strong]] = True
    begun[0] = False
    numbers = np.cumsum(begun) * begun
    labels = numbers[labels].astype(np.int32)
    boxes = np.array([(r.start, c.start, r.stop, c.stop) for r, c in ndimage.find_objects(labels)], np.int64)
    areas = np.bincount(labels.ravel(), minlength=1)[1:]
    return Marks(labels, boxes.reshape(-1, 4), areas, off is not None, ink.uneven)


def _level(amount: Floats) -> float:
    """Return how much ink the middle of strokes has, of all that is off the rules: these may have been taken for it."""
    return min(max(float(np.percentile(amount, STROKES)), LOW), HIGH) if amount.size else 1.0


def frames(found: Marks) -> Mask:
    """Return which marks (n,) lie along an edge of the picture: frames, shadows, and objects that reach in."""
    height, width = found.labels.shape
    labels = found.labels
    edges = ((labels[0], width), (labels[-1], width), (labels[:, 0], height), (labels[:, -1], height))
    share = np.zeros(len(found.areas))
    for line, side in edges:
        share = np.maximum(share, np.bincount(line, minlength=len(found.areas) + 1)[1:] / side)
    return share > ALONG


def gaps(boxes: NDArray[np.int64], box: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distances (n,) down and across between boxes and one box; negative where they overlap."""
    down = np.maximum(boxes[:, 0] - box[2], box[0] - boxes[:, 2])
    across = np.maximum(boxes[:, 1] - box[3], box[1] - boxes[:, 3])
    return down, across


def around(boxes: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """Return the box around boxes (n, 4)."""
    top, left = (int(edge) for edge in boxes[:, :2].min(0))
    bottom, right = (int(edge) for edge in boxes[:, 2:].max(0))
    return top, left, bottom, right


@dataclass(frozen=True)
class Digit:
    """The digit of a picture, or why there is none.

    Attributes:
        members: numbers of its marks, from 1; empty if there is none.
        box: top, left, bottom, right (exclusive), in pixels of the picture.
        problem: why it may not be read: nothing written, more than one; empty if it may.
        touches: edges of the picture that it touches, in words.
        specks: whether marks were left out.
    """

    members: NDArray[np.int64]
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    problem: str = ""
    touches: str = ""
    specks: bool = False


NOTHING = Digit(np.zeros(0, np.int64), problem="nothing written found")


def the_digit(found: Marks, single: bool = True) -> Digit:
    """Return the one digit that marks make; if it need not be ``single``, all that is written as one sign."""
    framing = frames(found)
    weights = found.areas if framing.all() else np.where(framing, 0, found.areas)
    if not len(weights):
        return NOTHING
    largest = int(weights.argmax())
    others = _others(found, largest, weights)
    none = found.sides[largest] < max(LEAST * max(found.labels.shape), 3) or _is_spot(found, largest)
    if none and len(others) <= MANY:
        return NOTHING
    if len(others) and (single or none):
        return _several(found, largest, others)
    down, across = gaps(found.boxes, found.boxes[largest])
    near = np.maximum(down, across) < NEAR * found.sides[largest]
    near[others] = True
    whole = near & (weights > SPECK * weights[largest])
    members = np.flatnonzero(whole)
    chosen = found.boxes[members]
    box = around(chosen)
    return Digit(members + 1, box, touches=_touches(box, found.labels.shape), specks=len(members) < len(weights))


def _is_spot(found: Marks, number: int) -> bool:
    """Return whether a mark is a spot rather than strokes.

    One at an edge of a picture with shadow is continued beyond the edge: it may be the end of a shadow. (Small pictures
    are drawings, or cut close.)
    """
    top, left, bottom, right = found.boxes[number]
    mine = found.labels[top:bottom, left:right] == number + 1
    height, width = found.labels.shape
    side = int(found.sides[number])
    goes_on = found.uneven and min(height, width) >= SMALL
    for axis, ends in enumerate(((top == 0, bottom == height), (left == 0, right == width))):
        for at_end, at_edge in enumerate(ends):
            margin = [(0, 0), (0, 0)]
            margin[axis] = (0, side) if at_end else (side, 0)
            mine = np.pad(mine, margin, mode="edge") if at_edge and goes_on else np.pad(mine, np.minimum(margin, 1))
    inside = ndimage.distance_transform_edt(mine)
    return bool(2 * inside.max() > SOLID * side)


def _others(found: Marks, largest: int, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the marks that could be digits beside the largest one."""
    side = found.sides[largest]
    down, across = gaps(found.boxes, found.boxes[largest])
    apart = np.maximum(down, across) > APART * side
    tall = found.heights > TALL * found.heights[largest]
    tall |= (down > 0) & (found.sides > TALL * side)
    return np.flatnonzero(apart & tall & (weights > MUCH * weights[largest]))


def _several(found: Marks, largest: int, others: NDArray[np.int64]) -> Digit:
    if len(others) > MANY and not _are_digits(found, np.append(others, largest)):
        return NOTHING
    down, across = gaps(found.boxes[others], found.boxes[largest])
    where = "side by side" if (across >= down).all() else "on the picture"
    return Digit(NOTHING.members, problem=f"{len(others) + 1} digits {where}: --find")


def _are_digits(found: Marks, many: NDArray[np.int64]) -> bool:
    """Return whether many marks are the digits of a page rather than a texture."""
    low, usual, high = np.percentile(found.heights[many], (10, 50, 90))
    thick = np.median(found.areas[many] / found.sides[many] ** 2)
    return bool(len(many) <= MOST and low > ALIKE * high and usual >= LEGIBLE and thick < SOLID)


def _touches(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> str:
    """Return the edges that a box touches, such as "top and left"."""
    top, left, bottom, right = box
    sides = {"top": top == 0, "left": left == 0, "bottom": bottom == shape[0], "right": right == shape[1]}
    return " and ".join(side for side, touched in sides.items() if touched)


def ink_of(found: Marks, ink: Ink, members: NDArray[np.int64], box: tuple[int, int, int, int]) -> Floats:
    """Return the ink (h, w) of some marks within their box, with its soft edge."""
    top, left, bottom, right = box
    around = tuple(slice(first, last) for first, last in ((top, bottom), (left, right)))
    mine = np.isin(found.labels[around], members)
    amount: Floats = np.where(mine, ink.amount[around], np.float32(0))
    return amount
