"""The config section `weights` of extreme learning machines: how a hidden layer is drawn."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from annotated_types import Len
from pydantic import Field, model_validator

from fcnet.config.fields import LARGEST, Named, Positive, Section

Length = Annotated[float, Field(ge=0, le=LARGEST)]
PairBias = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
_LENGTH = "length to which each unit's weights are scaled; 0 leaves them as drawn"

MIDWAY = -1.0  # the bias of C that puts zero half way between the two images

_PAIR_BIAS = (
    "the bias is this multiple of w (x1 + x2) / 2, where x1 and x2 are the unit's two images: -1 puts zero half way"
    " between them; 0.5 is that of the program of McDonnell et al. for length 2"
)


class PlainWeights(Section):
    """Weights that do not depend on the data: ±1, N(0, 1), uniform in [-1, 1], or orthogonal to each other."""

    name: Literal["sign", "gaussian", "uniform", "orthogonal"]
    length: Length = Field(2.0, description=_LENGTH)
    bias: float = Field(0.0, ge=0, le=LARGEST, description="biases are uniform in [-bias, bias]")


class SampleWeights(Section):
    """Each unit's weights are a training image: the centres of radial basis functions."""

    name: Literal["samples"] = "samples"
    length: Length = Field(0.0, description=_LENGTH)


class ComputedWeights(Section):
    """CIW (Tapson et al. 2015): sums of a class's training images with random signs."""

    name: Literal["ciw"] = "ciw"
    length: Length = Field(2.0, description=_LENGTH)


class ConstrainedWeights(Section):
    """C (Zhu et al. 2015): differences of two images of different classes; the bias puts zero half way between them."""

    name: Literal["c"] = "c"
    length: Length = Field(2.0, description=_LENGTH)
    bias: PairBias = Field(MIDWAY, description=_PAIR_BIAS)


class FieldWeights(Section):
    """RF, RF-CIW, RF-C (McDonnell et al. 2015): ±1, CIW or C within one random rectangle of pixels per unit."""

    name: Literal["rf", "rf-ciw", "rf-c"]
    length: Length = Field(2.0, description=_LENGTH)
    margin: Annotated[int, Field(ge=0, le=10_000)] = Field(3, description="rows and columns left out at each edge")
    least_area: Positive = Field(10, description="minimum number of pixels of a rectangle")
    least_side: Positive = Field(1, description="minimum height and width of a rectangle")
    most_side: Positive | None = Field(
        None, description="maximum height and width of a rectangle; default: all that the margin leaves"
    )
    bias: PairBias | None = Field(None, description=f"of rf-c alone: {_PAIR_BIAS}; default: -1")

    @model_validator(mode="after")
    def _only_pairs_have_biases(self) -> Self:
        if self.bias is not None and self.name != "rf-c":
            raise ValueError(f"`bias` is only used with rf-c, but the name is {self.name}; remove `bias`")
        return self

    def misfit(self, size: Sequence[int]) -> str | None:
        """Return why images of a size (height, width) have no such rectangle; None if they have."""
        inner = [max(side - 2 * self.margin, 0) for side in size]
        most = [min(side, self.most_side or side) for side in inner]
        if min(most) >= self.least_side and most[0] * most[1] >= self.least_area:
            return None
        return (
            f"{self.name}: margin {self.margin} leaves {inner[0]}x{inner[1]} of {size[0]}x{size[1]} pixels, and"
            f" rectangles of at most {most[0]}x{most[1]} (most_side) are too small for least_side {self.least_side} or"
            f" least_area {self.least_area}; lower margin, least_side or least_area"
        )


class LocalWeights(Section):
    """LRF (Huang et al. 2015): filters at every position of an image; a unit is the root of a sum of their squares."""

    name: Literal["lrf"] = "lrf"
    side: Positive = Field(9, description="height and width of the filters, which are orthogonal as far as possible")
    pool: Positive = Field(6, description="height and width, in filter positions, of the square that a unit sums over")
    stride: Positive = Field(3, description="filter positions between neighbouring squares")

    def grid(self, size: Sequence[int]) -> tuple[int, int]:
        """Return rows and columns of a filter's units for images of a size (height, width); 0 or less if none fits."""
        height, width = ((side - self.side + 1 - self.pool) // self.stride + 1 for side in size)
        return height, width

    def misfit(self, size: Sequence[int], units: int) -> str | None:
        """Return why images of a size cannot give so many units; None if they can."""
        rows, columns = self.grid(size)
        if min(rows, columns) < 1:
            return (
                f"weights: lrf: filters of side {self.side}, pooled over {self.pool}x{self.pool} positions, need"
                f" {self.side + self.pool - 1} pixels, but images have {size[0]}x{size[1]}; lower side or pool"
            )
        each = rows * columns
        if units % each:
            near = units // each * each
            choice = f"{near} or {near + each}" if near else str(each)
            return (
                f"hidden: is {units}, but each lrf filter has {rows}x{columns} units for images of"
                f" {size[0]}x{size[1]} pixels; set a multiple of {each}, such as {choice}"
            )
        return None


Weights = PlainWeights | SampleWeights | ComputedWeights | ConstrainedWeights | FieldWeights | LocalWeights
OneWeights = Annotated[Weights, Named()]
WeightsOrList = Annotated[Weights | Annotated[list[OneWeights], Len(2)], Named()]
