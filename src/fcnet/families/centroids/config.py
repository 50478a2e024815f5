"""The `model` section of centroid nets."""

import math
from typing import Annotated, Literal

from pydantic import Field

from fcnet.config.fields import LARGEST, Positive
from fcnet.families.common.spec import ModelSection, Size, named_sizes


class CentroidModel(ModelSection):
    """A radial basis function network (Moody and Darken 1989): k-means centroids, then a linear read-out.

    The centroids are found first, by k-means; then the read-out is trained like an fcnet.
    """

    kind: Literal["centroids"]
    hidden: Positive = Field(100, description="centroids, K: hidden units that respond to images near them")
    width: Annotated[float, Field(gt=0, le=LARGEST)] | None = Field(
        None,
        description="width of the units' Gaussians, with pixels in [0, 1]; default: the mean distance from a centroid"
        " to its nearest neighbour",
    )
    rounds: Positive = Field(100, description="maximum number of passes of k-means over its images")

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return pixels, centroids and classes."""
        return named_sizes(math.prod(size), [self.hidden], classes)
