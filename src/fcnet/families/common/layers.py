"""Layers as modules: activations, and the initialisation of linear layers."""

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
    NormalInit,
    PlainActivation,
    PReLU,
    RunInit,
    TrainedInit,
    UniformInit,
)
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
