"""The config of layers in every family: activations and initialisations."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from fcnet.config.fields import LARGEST, Named, Section
from fcnet.system.paths import PathText


class PlainActivation(Section):
    """An activation without parameters."""

    name: Literal["sigmoid", "tanh", "relu", "softplus", "gelu", "silu", "identity"]


class LeakyReLU(Section):
    """x for x > 0, else slope * x."""

    name: Literal["leaky_relu"] = "leaky_relu"
    slope: float = Field(0.01, ge=0, le=LARGEST, description="the slides' gamma, for x <= 0")


class PReLU(Section):
    """Leaky ReLU with a learned slope."""

    name: Literal["prelu"] = "prelu"
    slope: float = Field(0.25, ge=-LARGEST, le=LARGEST, description="initial value of the learned slope")
    shared: bool = Field(False, description="one slope for the whole layer instead of one per unit")


class ELU(Section):
    """x for x > 0, else alpha * (exp(x) - 1)."""

    name: Literal["elu"] = "elu"
    alpha: float = Field(1.0, gt=0, le=LARGEST, description="the slides' gamma")


class Maxout(Section):
    """The largest of several linear units (Goodfellow et al. 2013); `hidden` counts the outputs."""

    name: Literal["maxout"] = "maxout"
    pieces: int = Field(5, ge=2, le=1000, description="linear units of each output")


Elementwise = PlainActivation | LeakyReLU | PReLU | ELU  # as many outputs as inputs
Activation = Elementwise | Maxout
OneElementwise = Annotated[Elementwise, Named()]
Elementwises = Annotated[Elementwise | list[OneElementwise], Named()]
Activations = Annotated[Activation | list[Annotated[Activation, Named()]], Named()]


def per_layer(given: Activation | Sequence[Activation], layers: int) -> list[Activation]:
    """Return the activation of each layer, given one for all or a list with one for each."""
    return [given] * layers if isinstance(given, Activation) else list(given)


class DefaultInit(Section):
    """The default of torch.nn.Linear: weights and biases uniform in ±1/sqrt(fan_in)."""

    name: Literal["default"] = "default"


class KaimingInit(Section):
    """He et al. 2015; biases 0."""

    name: Literal["kaiming_uniform", "kaiming_normal"]
    a: float = Field(0.0, ge=0, le=LARGEST, description="negative slope of the activation that follows")
    mode: Literal["fan_in", "fan_out"] = Field(
        "fan_in", description="whether the forward (fan_in) or the backward (fan_out) pass keeps its variance"
    )


class GainInit(Section):
    """Glorot and Bengio 2010 (xavier), Saxe et al. 2013 (orthogonal); biases 0."""

    name: Literal["xavier_uniform", "xavier_normal", "orthogonal"]
    gain: float = Field(1.0, gt=0, le=LARGEST, description="factor on the weights")


class NormalInit(Section):
    """Gaussian weights; biases 0."""

    name: Literal["normal", "trunc_normal"]
    std: float = Field(0.01, gt=0, le=LARGEST, description="standard deviation; trunc_normal truncates at two of them")


class UniformInit(Section):
    """Uniform weights in [-bound, bound]; biases 0."""

    name: Literal["uniform"] = "uniform"
    bound: float = Field(0.05, gt=0, le=LARGEST, description="largest absolute weight")


class EncoderInit(Section):
    """The encoder of a trained autoencoder, followed by an output layer with the default initialisation."""

    name: Literal["encoder"] = "encoder"
    run: PathText = Field(description="run directory of the autoencoder, as for run; its layers must be the net's")
    frozen: bool = Field(
        False, description="train only the output layer: a linear probe of how well the codes separate the classes"
    )


class RunInit(Section):
    """All weights of a trained net with the same layers, to continue training from there with other settings."""

    name: Literal["run"] = "run"
    run: PathText = Field(
        description="run directory, or model file in one, of a net with the same layers; of a directory, the weights of"
        " the best epoch by validation are taken if there are any, else the last ones"
    )


Init = DefaultInit | KaimingInit | GainInit | NormalInit | UniformInit
TrainedInit = EncoderInit | RunInit  # weights from a run
AutoencoderInit = Annotated[Init | RunInit, Named()]
FCNetInit = Annotated[Init | RunInit | EncoderInit, Named()]
