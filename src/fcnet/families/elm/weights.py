"""The config's `weights` of extreme learning machines: how a hidden layer is drawn."""

from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Len
from pydantic import Field

from fcnet.config.fields import LARGEST, Named, Positive, Section

Length = Annotated[float, Field(ge=0, le=LARGEST)]
_LENGTH = "each unit's weights are scaled to this length; 0 leaves them as they are drawn"


class PlainWeights(Section):
    """Weights that do not look at the data: ±1, N(0, 1), uniform in [-1, 1], or orthogonal to each other."""

    name: Literal["sign", "gaussian", "uniform", "orthogonal"]
    length: Length = Field(2.0, description=_LENGTH)
    bias: float = Field(0.0, ge=0, le=LARGEST, description="biases are uniform between minus this and this")


class SampleWeights(Section):
    """A unit's weights are a training image: the centres of radial basis functions."""

    name: Literal["samples"] = "samples"
    length: Length = Field(0.0, description=_LENGTH)


class ComputedWeights(Section):
    """CIW (Tapson et al. 2015): sums of a class's training images with random signs."""

    name: Literal["ciw"] = "ciw"
    length: Length = Field(2.0, description=_LENGTH)


class ConstrainedWeights(Section):
    """C (Zhu et al. 2015): differences of two images of different classes; the bias puts 0 half way between them."""

    name: Literal["c"] = "c"
    length: Length = Field(2.0, description=_LENGTH)


class FieldWeights(Section):
    """RF, RF-CIW, RF-C (McDonnell et al. 2015): ±1, CIW or C within one random rectangle of pixels per unit."""

    name: Literal["rf", "rf-ciw", "rf-c"]
    length: Length = Field(2.0, description=_LENGTH)
    margin: Annotated[int, Field(ge=0, le=10_000)] = Field(3, description="rows and columns at the edge left out")
    least_area: Positive = Field(10, description="pixels of the smallest rectangle")
    least_side: Positive = Field(1, description="its least height and width")
    most_side: Positive | None = Field(None, description="its largest height and width; without it the margin's")

    def misfit(self, size: Sequence[int]) -> str | None:
        """Why images of a size (height, width) have no such rectangle, where they have none."""
        inner = [max(side - 2 * self.margin, 0) for side in size]
        most = [min(side, self.most_side or side) for side in inner]
        if min(most) >= self.least_side and most[0] * most[1] >= self.least_area:
            return None
        return (
            f"{self.name}: margin {self.margin} leaves {inner[0]}x{inner[1]} of {size[0]}x{size[1]} pixels, and"
            f" rectangles of at most {most[0]}x{most[1]} (most_side) are too small for least_side {self.least_side} or"
            f" least_area {self.least_area}; lower one of them"
        )


class LocalWeights(Section):
    """LRF (Huang et al. 2015): filters at every place of an image; a unit is the root of a sum of their squares."""

    name: Literal["lrf"] = "lrf"
    side: Positive = Field(9, description="height and width of the filters, which are orthogonal as far as that goes")
    pool: Positive = Field(6, description="height and width, in places of a filter, of the square that a unit sums up")
    stride: Positive = Field(3, description="places between two such squares")

    def grid(self, size: Sequence[int]) -> tuple[int, int]:
        """Rows and columns of a filter's units for images of a size (height, width); 0 or less where none fits."""
        height, width = ((side - self.side + 1 - self.pool) // self.stride + 1 for side in size)
        return height, width

    def misfit(self, size: Sequence[int], units: int) -> str | None:
        """Why so many units cannot be had of images of a size, where they cannot."""
        rows, columns = self.grid(size)
        if min(rows, columns) < 1:
            return (
                f"weights: lrf: filters of side {self.side}, of which {self.pool}x{self.pool} places make a unit, need"
                f" {self.side + self.pool - 1} pixels, and images have {size[0]}x{size[1]}; lower side or pool"
            )
        each = rows * columns
        if units % each:
            near = units // each * each
            choice = f"{near} or {near + each}" if near else str(each)
            return (
                f"hidden: is {units}; each lrf filter makes {rows}x{columns} units of images of {size[0]}x{size[1]}"
                f" pixels; give a multiple of {each}, such as {choice}"
            )
        return None


Weights = PlainWeights | SampleWeights | ComputedWeights | ConstrainedWeights | FieldWeights | LocalWeights
OneWeights = Annotated[Weights, Named()]
WeightsOrList = Annotated[Weights | Annotated[list[OneWeights], Len(2)], Named()]
