"""Fully-connected nets: ``FCNet``, its activations and its initialisations."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from fcnet.model_schema import (
    ELU,
    Activation,
    DefaultInit,
    EncoderInit,
    FCNetModel,
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
    """The activation of a layer of ``width`` units, element by element."""
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
    """Fill a layer's weights from torch's global generator; biases become 0 unless ``init`` is the default."""
    weight, bias = layer.weight, layer.bias
    match init:
        case DefaultInit() | EncoderInit() | RunInit():  # trained weights are put in where their run is at hand
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
    nn.init.zeros_(bias)


class FCNet(nn.Module):
    """The slides' feed-forward net: z(l) = W(l) a(l-1) + b(l), a(l) = f(z(l)), and the last z are the logits.

    Layers are named as in the course's program, ``fc1`` ... ``fcL``, so that its ``FCNet`` loads the weights of a net
    with one hidden layer.

    Args:
        input_size: pixels per image, D.
        hidden: units of each hidden layer; () is the single-layer perceptron (softmax regression).
        output_size: classes, C.
        activation: of every hidden layer, or one for each.
        dropout: share of each hidden layer's outputs dropped while training.
        input_dropout: share of the inputs dropped while training.
        batch_norm: normalise each z before its activation (Ioffe and Szegedy 2015).
        init: how weights begin.
    """

    def __init__(
        self,
        input_size: int,
        hidden: Sequence[int],
        output_size: int,
        activation: Activation | Sequence[Activation] = PlainActivation(name="relu"),  # noqa: B008  (it is frozen)
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        batch_norm: bool = False,
        init: Init | TrainedInit = DefaultInit(),  # noqa: B008
    ) -> None:
        super().__init__()
        sizes = (input_size, *hidden, output_size)
        activations = list(activation) if isinstance(activation, Sequence) else [activation] * len(hidden)
        # The order of registration is the order of the computation: ``forward`` runs through the children.
        self._add("drop0", nn.Dropout(input_dropout) if input_dropout else None)
        for layer, (before, after) in enumerate(pairwise(sizes), 1):
            linear = nn.Linear(before, after)
            initialise(linear, init)
            self._add(f"fc{layer}", linear)
            if layer <= len(hidden):
                self._add(f"bn{layer}", nn.BatchNorm1d(after) if batch_norm else None)
                self._add(f"act{layer}", activation_module(activations[layer - 1], after))
                self._add(f"drop{layer}", nn.Dropout(dropout) if dropout else None)

    def _add(self, name: str, module: nn.Module | None) -> None:
        if module is not None:
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, C) of pixels (B, D) or images (B, 1, H, W) in [0, 1]."""
        a = x.flatten(1)
        for module in self.children():
            a = module(a)
        return a


def build(spec: FCNetModel, size: tuple[int, int], classes: int) -> FCNet:
    """The net that a config describes, for images of a size (height, width), with fresh weights."""
    return FCNet(
        math.prod(size),
        spec.hidden,
        classes,
        spec.activations,
        dropout=spec.dropout,
        input_dropout=spec.input_dropout,
        batch_norm=spec.batch_norm,
        init=spec.init,
    )


def weight_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The weights between layers, which L2 and weight decay shrink; not biases, slopes or normalisers."""
    return [parameter for parameter in model.parameters() if parameter.ndim == 2]
