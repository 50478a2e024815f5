"""The layers of several nets of one shape, side by side in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fcnet.training.randomness import Drawing
from fcnet.training.steps.backprop import FROM_OUTPUT


@dataclass(frozen=True)
class Part:
    """A linear layer of one net, and what follows it.

    Attributes:
        linear: the layer.
        activation: that follows; None after the last layer.
        dropout: of the activation's outputs; None for none.
    """

    linear: nn.Linear
    activation: nn.Module | None = None
    dropout: Drawing | None = None


@dataclass(frozen=True)
class Parts:
    """A net: the dropout of its inputs, None for none, and its layers."""

    dropout: Drawing | None
    layers: list[Part]


def parts_of(net: nn.Module) -> Parts:
    """Return the layers of a net. Raises ValueError if it has others than linear ones, activations and dropout."""
    first: Drawing | None = None
    layers: list[Part] = []
    for module in net.children():
        if type(module) is nn.Linear:
            layers.append(Part(module))
        elif type(module) in FROM_OUTPUT and layers and layers[-1].activation is None:
            layers[-1] = Part(layers[-1].linear, module)
        elif isinstance(module, Drawing) and module.stream == "dropout" and not layers:
            first = module
        elif isinstance(module, Drawing) and module.stream == "dropout" and layers[-1].activation is not None:
            layers[-1] = Part(layers[-1].linear, layers[-1].activation, module)
        else:
            raise ValueError(f"nets with {type(module).__name__} are not trained together")
    if not layers or layers[-1].activation is not None or any(one.activation is None for one in layers[:-1]):
        raise ValueError("nets are trained together if they are linear layers with an activation between every two")
    return Parts(first, layers)


@dataclass(frozen=True)
class Layer:
    """A layer of K nets, with M outputs of D inputs.

    Attributes:
        weight: (K, M, D); the nets' own parameters are views of it, and so of all that follow.
        bias: (K, M).
        weight_gradient, bias_gradient: of the same shapes.
        activation: that follows, the same for all nets; None after the last layer.
        dropouts: of each net, None where it has none.
    """

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    activation: nn.Module | None
    dropouts: list[Drawing | None]


class Stack:
    """Several nets of one shape, whose parameters become views of common memory.

    Args:
        nets: of equal layers, on one device.

    Attributes:
        layers: of all nets.
        dropouts: of the inputs of each net, None where it has none.

    Raises:
        ValueError: a net has other layers than those that can be trained together.
    """

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        found = [parts_of(net) for net in nets]
        self.dropouts = [one.dropout for one in found]
        self.layers = [self._layer(list(same)) for same in zip(*(one.layers for one in found), strict=True)]
        self._parameters = [[_of(one.linear) for one in net.layers] for net in found]

    def _layer(self, parts: list[Part]) -> Layer:
        """Lay a layer of all nets side by side."""
        if len({repr(part.activation) for part in parts}) > 1:
            raise ValueError("nets with other activations are not trained together")
        weight, bias = (side_by_side([getattr(part.linear, name) for part in parts]) for name in ("weight", "bias"))
        gradients = torch.zeros_like(weight), torch.zeros_like(bias)
        return Layer(weight, bias, *gradients, parts[0].activation, [part.dropout for part in parts])

    def parameters(self, number: int) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """Return weights and biases of a net's layers."""
        return self._parameters[number]

    def lend_gradients(self, number: int) -> None:
        """Let the parameters of a net have their gradients in the common memory."""
        for layer, (weight, bias) in zip(self.layers, self._parameters[number], strict=True):
            weight.grad, bias.grad = layer.weight_gradient[number], layer.bias_gradient[number]

    def own_gradients(self, number: int) -> list[tuple[Tensor, Tensor | None]]:
        """Return the parameters of a net and where they have their gradients now."""
        return [(parameter, parameter.grad) for pair in self._parameters[number] for parameter in pair]

    def leave(self, number: int) -> None:
        """Give a net memory of its own again; its place in the common one is 0 from now on."""
        for layer, pair in zip(self.layers, self._parameters[number], strict=True):
            for parameter, common in zip(pair, (layer.weight, layer.bias), strict=True):
                parameter.data = parameter.detach().clone()
                common[number].zero_()


def _of(linear: nn.Linear) -> tuple[nn.Parameter, nn.Parameter]:
    """Return weights and biases of a layer."""
    weight, bias = linear.weight, linear.bias
    assert isinstance(weight, nn.Parameter)
    assert isinstance(bias, nn.Parameter)
    return weight, bias


def side_by_side(tensors: Sequence[Tensor]) -> Tensor:
    """Return equal tensors as one (K, ...), of which they become views."""
    common = torch.stack([tensor.detach() for tensor in tensors])
    for number, tensor in enumerate(tensors):
        tensor.data = common[number]
    return common
