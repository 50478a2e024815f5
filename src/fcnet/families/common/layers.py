"""Layers as modules: activations, and the initialisation of linear layers or of a whole model."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fcnet.config.layers import (
    ELU,
    Activation,
    DefaultInit,
    EncoderInit,
    GainInit,
    Init,
    KaimingInit,
    LeakyReLU,
    Maxout,
    NormalInit,
    PlainActivation,
    PReLU,
    RunInit,
    TrainedInit,
    UniformInit,
)
from fcnet.families.common.family import Misfit, Trained
from fcnet.training.randomness import Drawing

_PLAIN: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "identity": nn.Identity,
}


def activation_module(spec: Activation, width: int) -> nn.Module:
    """Return the elementwise activation of a layer of ``width`` units."""
    match spec:
        case PlainActivation(name=name):
            return _PLAIN[name]()
        case LeakyReLU(slope=slope):
            return nn.LeakyReLU(slope)
        case PReLU(slope=slope, shared=shared):
            return nn.PReLU(1 if shared else width, init=slope)
        case ELU(alpha=alpha):
            return nn.ELU(alpha)
        case Maxout(pieces=pieces):
            return LargestOf(pieces)


def linear_units(spec: Activation, width: int) -> int:
    """Return how many linear units a layer of ``width`` outputs has."""
    return width * spec.pieces if isinstance(spec, Maxout) else width


@torch.no_grad()
def initialise(layer: nn.Linear, init: Init | TrainedInit) -> None:
    """Draw a layer's weights with torch's global generator; set any biases to 0 unless ``init`` is the default."""
    weight = layer.weight
    match init:
        case DefaultInit() | EncoderInit() | RunInit():  # trained weights are loaded later
            layer.reset_parameters()
            return
        case KaimingInit(name="kaiming_uniform", a=a, mode=mode):
            nn.init.kaiming_uniform_(weight, a, mode)
        case KaimingInit(a=a, mode=mode):
            nn.init.kaiming_normal_(weight, a, mode)
        case GainInit(name="xavier_uniform", gain=gain):
            nn.init.xavier_uniform_(weight, gain)
        case GainInit(name="xavier_normal", gain=gain):
            nn.init.xavier_normal_(weight, gain)
        case GainInit(gain=gain):
            nn.init.orthogonal_(weight, gain)
        case NormalInit(name="normal", std=std):
            nn.init.normal_(weight, std=std)
        case NormalInit(std=std):
            nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
        case UniformInit(bound=bound):
            nn.init.uniform_(weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class LargestOf(nn.Module):
    """The largest of every so many inputs: maxout units (Goodfellow et al. 2013)."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) of inputs (B, M * pieces); the pieces of an output are neighbours."""
        return x.reshape(-1, x.shape[1] // self.pieces, self.pieces).amax(2)


class GaussianNoise(Drawing):
    """Add Gaussian noise during training (Sietsma and Dow 1991).

    Args:
        deviation: the standard deviation; white is 1.
    """

    stream = "noise"

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs of the shape of x."""
        if not self.training:
            return x
        return x + torch.empty_like(x).normal_(0, self.deviation, generator=self.generator)


class NoisyBatchNorm(nn.BatchNorm1d):
    """Batch normalisation with Gaussian noise between the normalisation, and factor and shift, during training.

    Rasmus et al. (2015) train their baseline so. The net cannot escape the noise by a larger factor.

    Args:
        width: units.
        deviation: the standard deviation of the noise; that of the normalised values is 1.
    """

    def __init__(self, width: int, deviation: float) -> None:
        super().__init__(width)
        self.noise = GaussianNoise(deviation)

    def forward(self, z: Tensor) -> Tensor:
        """Return outputs (B, M) of z (B, M)."""
        normal: Tensor = super().forward(z)
        if not self.training:
            return normal
        noise: Tensor = self.noise(torch.zeros_like(normal))
        return normal + noise * self.weight


class Dropout(Drawing):
    """Set a share of the outputs to 0 during training, and scale up the others (Srivastava et al. 2014).

    Args:
        share: of the outputs, in [0, 1).
    """

    stream = "dropout"

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs of the shape of x."""
        if not self.training:
            return x
        kept = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator)
        return x * kept.div_(1 - self.share)


def take_all(net: nn.Module, other: Trained) -> None:
    """Load the weights of a model into a fresh one with the same layers."""
    net.load_state_dict(other.net.state_dict())


def check_alike(spec: Any, other: Trained, names: Sequence[str]) -> None:
    """Raise Misfit if another model has a different kind, or differs in one of the settings named."""
    theirs = other.settings.model
    if theirs.kind != spec.kind:
        raise Misfit(f"is not of kind {spec.kind}", spec.kind)
    for name in names:
        if getattr(spec, name) != getattr(theirs, name):
            key = name.replace("activations", "activation")
            raise Misfit(f"its model.{key} differs; copy the value from its config.yaml")
