"""The `model` section of fully-connected nets."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fcnet.config.fields import Fraction
from fcnet.config.layers import (
    Activation,
    Activations,
    DefaultInit,
    EncoderInit,
    FCNetInit,
    PlainActivation,
    per_layer,
)
from fcnet.families.common.spec import ModelSection, Size, named_sizes


class FCNetModel(ModelSection):
    """A fully-connected net: linear, [batch norm,] activation, [dropout,] ..., linear."""

    kind: Literal["fcnet"] = "fcnet"
    hidden: list[Annotated[int, Field(ge=1, le=10_000_000)]] = Field(
        [500], description="units of each hidden layer; [] gives the single-layer perceptron"
    )
    activation: Activations = Field(
        PlainActivation(name="relu"),
        description="activation of the hidden layers: one for all, or a list with one per layer",
    )
    dropout: Fraction = Field(0.0, description="share of each hidden layer's outputs dropped during training")
    input_dropout: Fraction = Field(0.0, description="share of the pixels dropped during training")
    input_noise: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None, description="standard deviation of Gaussian noise added to the pixels during training; white is 1"
    )
    hidden_noise: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None,
        description="standard deviation of Gaussian noise added to each hidden unit's input during training, once it is"
        " normalised to a variance of 1; needs `batch_norm`",
    )
    batch_norm: bool = Field(False, description="batch normalisation before each activation")
    init: FCNetInit = Field(
        DefaultInit(),
        description="initialisation of the weights, named as in torch.nn.init; or encoder, from a trained autoencoder's"
        " encoder; or run, from another run",
    )

    @property
    def activations(self) -> list[Activation]:
        """Return the activation of each hidden layer."""
        return per_layer(self.activation, len(self.hidden))

    @property
    def apart(self) -> str:
        """Return why such a net is not trained together with others of its shape; "" if it can be."""
        if self.batch_norm:
            return "model.batch_norm is true"
        if self.input_noise:
            return "model.input_noise is set"
        if isinstance(self.init, EncoderInit):
            return "model.init is an encoder"
        known = [one for one in self.activations if one.name in ("prelu", "gelu", "silu", "maxout")]
        return f"model.activation is {known[0].name}" if known else ""

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return the units of each layer, from the pixels to the outputs."""
        return named_sizes(math.prod(size), self.hidden, classes)

    @model_validator(mode="after")
    def _noise_of_a_known_size(self) -> Self:
        if self.hidden_noise and not self.batch_norm:
            raise ValueError("`hidden_noise` is measured in units of batch norm; set batch_norm: true")
        return self

    @model_validator(mode="after")
    def _one_per_layer(self) -> Self:
        if isinstance(self.activation, list) and len(self.activation) != len(self.hidden):
            raise ValueError(
                f"`activation` lists {len(self.activation)} activations, but `hidden` lists {len(self.hidden)} layers; "
                "give one activation per hidden layer, or a single one for all"
            )
        return self
