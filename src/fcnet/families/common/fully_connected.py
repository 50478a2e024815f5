"""Fully-connected nets as a module: ``FCNet``, as in the course's program."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from fcnet.config.layers import Activation, DefaultInit, Init, PlainActivation, TrainedInit
from fcnet.families.common import plain
from fcnet.families.common.layers import (
    Dropout,
    GaussianNoise,
    NoisyBatchNorm,
    activation_module,
    initialise,
    linear_units,
)


class FCNet(nn.Module):
    """The slides' feed-forward net: z(l) = W(l) a(l-1) + b(l), a(l) = f(z(l)), and the last z are the logits.

    Layers are named as in the course's program, ``fc1`` ... ``fcL``, so that its ``FCNet`` can load the weights of a
    net with one hidden layer.

    Args:
        input_size: pixels per image, D.
        hidden: units of each hidden layer; () is the single-layer perceptron (softmax regression).
        output_size: classes, C.
        activation: of every hidden layer, or one for each.
        dropout: share of each hidden layer's outputs dropped during training.
        input_dropout: share of the inputs dropped during training.
        input_noise: standard deviation of Gaussian noise added to the inputs during training.
        hidden_noise: standard deviation of Gaussian noise added to each normalised z during training; for batch norm.
        batch_norm: normalise each z before its activation (Ioffe and Szegedy 2015).
        init: initialisation of the weights.
        bias: whether layers have biases.
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
        input_noise: float = 0.0,
        hidden_noise: float = 0.0,
        batch_norm: bool = False,
        init: Init | TrainedInit = DefaultInit(),  # noqa: B008
        bias: bool = True,
    ) -> None:
        super().__init__()
        sizes = (input_size, *hidden, output_size)
        activations = list(activation) if isinstance(activation, Sequence) else [activation] * len(hidden)
        # The order of registration is the order of computation: ``forward`` iterates over the children.
        self._add("noise0", GaussianNoise(input_noise) if input_noise else None)
        self._add("drop0", Dropout(input_dropout) if input_dropout else None)
        for layer, (before, outputs) in enumerate(pairwise(sizes), 1):
            after = linear_units(activations[layer - 1], outputs) if layer <= len(hidden) else outputs
            linear = nn.Linear(before, after, bias=bias)
            initialise(linear, init)
            self._add(f"fc{layer}", linear)
            if layer <= len(hidden):
                self._add(f"bn{layer}", _norm(after, hidden_noise) if batch_norm else None)
                self._add(f"act{layer}", activation_module(activations[layer - 1], after))
                self._add(f"drop{layer}", Dropout(dropout) if dropout else None)

    def _add(self, name: str, module: nn.Module | None) -> None:
        if module is not None:
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, C) of pixels (B, D) or images (B, 1, H, W) in [0, 1]."""
        a = x.flatten(1)
        for module in self.children():
            a = module(a)
        return a

    def described(self) -> plain.Plain:
        """Return the net as plain layers."""
        return plain.Plain(plain.of(*self.children()))


def _norm(width: int, noise: float) -> nn.BatchNorm1d:
    """Return the batch normalisation of so many units, with noise of a standard deviation, if it is above 0."""
    return NoisyBatchNorm(width, noise) if noise else nn.BatchNorm1d(width)
