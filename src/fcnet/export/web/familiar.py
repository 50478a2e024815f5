"""Whether an image looks like those of its class, for a net is often sure of a scribble.

Of each class, the page has the mean and the first principal components of reduced training images, all those that the
net puts into it. What these cannot reconstruct of an image is its distance from the class; the distances of held-out
images say which are usual. (Oja 1983, Subspace Methods of Pattern Recognition, classifies by such distances.)
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fcnet.data.dataset import ImageFolder
from fcnet.export.web import packing
from fcnet.export.web.measure import AT_ONCE, REFUSED
from fcnet.export.web.packing import Packed
from fcnet.families.common import plain

LOOKED_AT = 20_000  # training images, evenly spread, at most
SIDE = 14  # pixels of a side that are enough to tell strokes from scribbles
COMPONENTS = 16  # of a class: with fewer, digits are further away; with more, scribbles are closer
MOST = 100  # classes: more would make the page large


@dataclass(frozen=True)
class Familiar:
    """Classes by the images that the net puts into them.

    Attributes:
        factor: pixels of a side that are averaged.
        classes: mean, and components of length 1, of reduced images: (1 + K, D) each; None without images.
        limit: a squared distance that few held-out images have.
        stored: the classes for JSON.
    """

    factor: int
    classes: list[Tensor | None]
    limit: float
    stored: list[dict[str, Any] | None]

    def data(self) -> dict[str, Any]:
        """Return what the page knows of it."""
        return {"factor": self.factor, "limit": self.limit, "classes": self.stored}


def look(packed: Packed, classes: int, train: ImageFolder, held_out: ImageFolder) -> Familiar | None:
    """Return what images of each class look like; None if there are too many classes, or too few images."""
    if classes > MOST:
        return None
    factor = _factor(train.size)
    reduced, answers = _answers(packed, train.some(LOOKED_AT), factor)
    stored = [_class(reduced[answers == number]) for number in range(classes)]
    known = [None if one is None else one[0] for one in stored]
    seen, given = _answers(packed, held_out.some(LOOKED_AT), factor)
    far = distances(known, seen, given)
    if not bool(far.isfinite().any()):
        return None
    limit = float(far[far.isfinite()].quantile(1 - REFUSED))
    return Familiar(factor, known, limit, [None if one is None else one[1] for one in stored])


def _factor(size: tuple[int, int]) -> int:
    """Return the largest factor that divides both sides and leaves ``SIDE`` pixels of each."""
    height, width = size
    found = [one for one in range(1, min(size) // SIDE + 1) if height % one == 0 and width % one == 0]
    return max(found, default=1)


def _answers(packed: Packed, pixels: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Return reduced images (N, D), and the classes (N,) that the net puts them into."""
    x = pixels.float() / 255
    answers = [plain.run(packed.net.layers, part.flatten(1)).argmax(1) for part in torch.split(x, AT_ONCE)]
    return functional.avg_pool2d(x[:, None], factor).flatten(1), torch.cat(answers)


def _class(reduced: Tensor) -> tuple[Tensor, dict[str, Any]] | None:
    """Return mean and components (1 + K, D) of reduced images (n, D) as they are stored, and for JSON."""
    if not len(reduced):
        return None
    mean = reduced.double().mean(0)
    away = reduced.double() - mean
    vectors = torch.linalg.eigh(away.T @ away).eigenvectors.flip(1)
    count = min(COMPONENTS, len(reduced) - 1, reduced.shape[1] // 4)
    return packing.matrix(torch.cat([mean[None], vectors.T[:count]]).float(), "int8")


def distances(classes: list[Tensor | None], reduced: Tensor, answers: Tensor) -> Tensor:
    """Return squared distances (N,) of reduced images (N, D) from their classes (N,); infinite from an empty one."""
    found = torch.full((len(reduced),), torch.inf)
    for number, known in enumerate(classes):
        mine = answers == number
        if known is None or not bool(mine.any()):
            continue
        away = reduced[mine] - known[0]
        found[mine] = (away - away @ known[1:].T @ known[1:]).square().sum(1)
    return found
