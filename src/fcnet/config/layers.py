"""What layers of every family are made of, as a config says it: activations and initialisations."""

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
    slope: float = Field(0.25, ge=-LARGEST, le=LARGEST, description="value of the learned slope at the start")
    shared: bool = Field(False, description="one slope for the whole layer instead of one per unit")


class ELU(Section):
    """x for x > 0, else alpha * (exp(x) - 1)."""

    name: Literal["elu"] = "elu"
    alpha: float = Field(1.0, gt=0, le=LARGEST, description="the slides' gamma")


Activation = PlainActivation | LeakyReLU | PReLU | ELU
OneActivation = Annotated[Activation, Named()]
Activations = Annotated[Activation | list[OneActivation], Named()]


def per_layer(given: Activation | list[Activation], layers: int) -> list[Activation]:
    """The activation of each layer, of one for all or a list with one for each."""
    return list(given) if isinstance(given, list) else [given] * layers


class DefaultInit(Section):
    """What torch.nn.Linear does by itself: weights and biases uniform in ±1/sqrt(fan_in)."""

    name: Literal["default"] = "default"


class KaimingInit(Section):
    """He et al. 2015; biases 0."""

    name: Literal["kaiming_uniform", "kaiming_normal"]
    a: float = Field(0.0, ge=0, le=LARGEST, description="negative slope of the activation that follows")
    mode: Literal["fan_in", "fan_out"] = Field("fan_in", description="which side keeps its variance")


class GainInit(Section):
    """Glorot and Bengio 2010 (xavier), Saxe et al. 2013 (orthogonal); biases 0."""

    name: Literal["xavier_uniform", "xavier_normal", "orthogonal"]
    gain: float = Field(1.0, gt=0, le=LARGEST, description="factor on the weights")


class NormalInit(Section):
    """Gaussian weights; biases 0."""

    name: Literal["normal", "trunc_normal"]
    std: float = Field(0.01, gt=0, le=LARGEST, description="standard deviation; trunc_normal cuts at two of them")


class UniformInit(Section):
    """Uniform weights in [-bound, bound]; biases 0."""

    name: Literal["uniform"] = "uniform"
    bound: float = Field(0.05, gt=0, le=LARGEST, description="largest absolute weight")


class EncoderInit(Section):
    """The encoder of a trained autoencoder, with an output layer behind it that begins as by default."""

    name: Literal["encoder"] = "encoder"
    run: PathText = Field(description="run directory of the autoencoder; its layers have to be the net's")
    frozen: bool = Field(
        False, description="train the output layer alone: a linear probe of what the codes tell of the classes"
    )


class RunInit(Section):
    """All weights of a trained net with the same layers, whose training goes on from there in another way."""

    name: Literal["run"] = "run"
    run: PathText = Field(description="run directory, or model file in one, of a net with the same layers")


Init = DefaultInit | KaimingInit | GainInit | NormalInit | UniformInit
TrainedInit = EncoderInit | RunInit  # of weights that lie in a run
AutoencoderInit = Annotated[Init | RunInit, Named()]
FCNetInit = Annotated[Init | RunInit | EncoderInit, Named()]
