"""The parts of what a model shows. Images are uint8 (N, H, W), 0 is black, unless a part says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fcnet.families.common.classify import Outcomes

Images = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

MOST = 40  # images of one part


@dataclass(frozen=True)
class Answers:
    """A classifier's answers to labelled images.

    Attributes:
        outcomes: the answers.
        loss: mean cross-entropy in nats.
        mistakes: the images of the first of ``outcomes.mistakes``, at most ``MOST``.
    """

    outcomes: Outcomes
    loss: float
    mistakes: Images


@dataclass(frozen=True)
class FirstLayer:
    """The weights of a first layer.

    Attributes:
        weights: of the units with the largest norms, the largest first (n, H, W).
        norms: Euclidean ones of these (n,).
        numbers: of these units in the layer, from 0.
        total: units of the layer.
        what: a row of the weights is.
        names: of these units, if each belongs to a class.
    """

    weights: Floats
    norms: Floats
    numbers: Sequence[int]
    total: int
    what: Literal["units", "filters", "centroids"] = "units"
    names: Sequence[str] | None = None


@dataclass(frozen=True)
class Reconstructions:
    """Images and their reconstructions.

    Attributes:
        rows: images by name, such as original, corrupted and reconstruction, all (n, H, W) of the same n images.
        n: number of images that the metrics are of.
        metrics: squared error per image (of images without noise) and PSNR in dB, by the names of ``fcnet eval``.
    """

    rows: Mapping[str, Images]
    n: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Codes:
    """Codes in a plane.

    Attributes:
        points: (n, 2): the codes themselves, or their first two principal components.
        labels: (n,), positions in ``classes``.
        classes: names.
        values: numbers in a code.
        share: of the variance that the plane has, in [0, 1]; None if the points are the codes.
    """

    points: Floats
    labels: NDArray[np.int64]
    classes: Sequence[str]
    values: int
    share: float | None


@dataclass(frozen=True)
class Samples:
    """Images decoded from drawn codes.

    Attributes:
        images: (n, H, W), in rows of equal length.
        columns: images in a row.
        source: the codes are drawn from N(0, 1), from a learned prior, or lie in the plane at quantiles of N(0, 1).
    """

    images: Images
    columns: int
    source: Literal["normal", "learned", "plane"]


@dataclass(frozen=True)
class Separation:
    """A number for each image that should tell outliers from normal images.

    Attributes:
        normal: of the normal images (n,).
        outliers: of the others (m,).
        classes: the normal ones.
        auroc: area under the ROC curve, in [0, 1].
        quantity: what the number is: a score, lower for outliers, or a squared error, higher for outliers.
        metrics: more figures, by the names of ``fcnet eval``.
    """

    normal: Floats
    outliers: Floats
    classes: Sequence[str]
    auroc: float
    quantity: Literal["score", "squared_error"]
    metrics: Mapping[str, float] = field(default_factory=dict)


Part = Answers | FirstLayer | Reconstructions | Codes | Samples | Separation
