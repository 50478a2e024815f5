"""The `model` section of one-class nets."""

import math
from typing import Annotated, Literal, Self

from annotated_types import Len
from pydantic import Field, model_validator

from fcnet.config.fields import LARGEST, Named, Positive, Section
from fcnet.config.layers import Activation, Activations, DefaultInit, Init, LeakyReLU, per_layer
from fcnet.families.common.spec import ModelSection, Size, named_sizes


class GradientPenalty(Section):
    """weight * |gradient of the score with respect to the image| ^ power, averaged over images (Hu et al. 2020)."""

    weight: Annotated[float, Field(ge=0, le=LARGEST)] = Field(0.1, description="weight of the penalty")
    power: Annotated[float, Field(ge=2, le=100)] = Field(
        12.0, description="power of the gradient's 2-norm: the higher, the more of a limit near 1 it is"
    )


class OneClassModel(ModelSection):
    """A net with one output, the score of a normal image, trained on normal images alone (HRN, Hu et al. 2020).

    It maximises the log of the sigmoid of the score, and is kept from growing without bound by a penalty of the score's
    gradient. Each image is scaled to a 2-norm of 1, then its mean is subtracted. Layers have no biases.
    """

    classifies = False
    drawn = ("loss",)

    kind: Literal["one_class"]
    hidden: Annotated[list[Positive], Len(1)] = Field([100], description="units of each hidden layer")
    activation: Activations = Field(
        LeakyReLU(), description="activation of the hidden layers: one for all, or a list with one per layer"
    )
    init: Annotated[Init, Named()] = Field(
        DefaultInit(), description="initialisation of the weights, named as in torch.nn.init"
    )
    penalty: GradientPenalty = Field(GradientPenalty(), description="penalty of the score's gradient")

    @property
    def activations(self) -> list[Activation]:
        """Return the activation of each hidden layer."""
        return per_layer(self.activation, len(self.hidden))

    def layer_sizes(self, size: Size, classes: int) -> list[str]:  # noqa: ARG002
        """Return pixels, hidden units and the score."""
        return named_sizes(math.prod(size), self.hidden, 1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden):
            raise ValueError(
                f"`activation` lists {len(self.activation)} activations, but there are {len(self.hidden)} hidden"
                " layers; give one per layer, or a single one for all"
            )
        return self
