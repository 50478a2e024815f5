"""The `model` section of ladder networks."""

import math
from typing import Annotated, ClassVar, Literal, Self

from annotated_types import Len
from pydantic import Field, Tag, model_validator

from fcnet.config.fields import LARGEST, by_type
from fcnet.families.common.spec import ModelSection, Size, named_sizes

_Amount = Annotated[float, Field(ge=0, le=LARGEST)]

PerLayer = Annotated[
    Annotated[_Amount, Tag("|number")] | Annotated[list[_Amount], Len(3), Tag("|list")],
    by_type({"|number": (int, float), "|list": list}, "should be a number, or a list with one per layer, input first"),
]


class LadderModel(ModelSection):
    """A ladder network (Rasmus et al. 2015): a classifier that also learns to denoise each of its layers.

    A clean and a corrupted encoder share their weights; a decoder reconstructs each clean layer from the corrupted one
    and from the layer above. So images without labels teach too; see `data.labelled`.
    """

    unlabelled: ClassVar[bool] = True

    kind: Literal["ladder"]
    hidden: Annotated[list[Annotated[int, Field(ge=1, le=10_000_000)]], Len(1)] = Field(
        [1000, 500, 250, 250, 250], description="units of each hidden layer; all have batch norm and ReLU"
    )
    noise: PerLayer = Field(
        0.3,
        description="standard deviation of the Gaussian noise on the pixels and on each normalised layer: a number for"
        " all, or a list with one per layer, input first, outputs last",
    )
    denoising: PerLayer = Field(
        2000.0,
        description="weight of each layer's denoising cost (squared error, averaged over units and images): a list with"
        " one per layer, input first, outputs last; or a number for the pixels alone",
    )

    @property
    def noises(self) -> list[float]:
        """Return the noise of each layer, input first."""
        return self.noise if isinstance(self.noise, list) else [self.noise] * self._layers

    @property
    def costs(self) -> list[float]:
        """Return the weight of each layer's denoising cost, input first."""
        if isinstance(self.denoising, list):
            return self.denoising
        return [self.denoising] + [0.0] * (self._layers - 1)

    @property
    def _layers(self) -> int:
        return len(self.hidden) + 2

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return the units of each layer, from the pixels to the outputs."""
        return named_sizes(math.prod(size), self.hidden, classes)

    @model_validator(mode="after")
    def _one_per_layer(self) -> Self:
        for name, value in (("noise", self.noise), ("denoising", self.denoising)):
            if isinstance(value, list) and len(value) != self._layers:
                raise ValueError(
                    f"`{name}` lists {len(value)} numbers, but there are {self._layers} layers with input and outputs;"
                    " give one number per layer"
                )
        return self
