"""Back-propagation as in the slides, for a plain net of any depth; for students, and as a reference for tests.

For one image, with f_L the softmax and L the cross-entropy -y^T log(a(L)):

    z(l) = W(l) a(l-1) + b(l)        a(l) = f_l(z(l))
    delta(L) = a(L) - y              delta(l) = f_l'(z(l)) * (W(l+1)^T delta(l+1))
    dL/dW(l) = delta(l) a(l-1)^T     dL/db(l) = delta(l)

Here images are rows, and the loss is the mean over a batch. ``by_hand`` is the fast version of this.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# f'(z) from a = f(z), for activations whose derivative is a function of their output.
FROM_OUTPUT: dict[type[nn.Module], Callable[[Any, Tensor], Tensor]] = {
    nn.ReLU: lambda _, a: a > 0,
    nn.LeakyReLU: lambda f, a: torch.where(a > 0, a.new_ones(()), f.negative_slope),
    nn.ELU: lambda f, a: torch.where(a > 0, a.new_ones(()), a + f.alpha),
    nn.Sigmoid: lambda _, a: a * (1 - a),
    nn.Tanh: lambda _, a: 1 - a * a,
    nn.Softplus: lambda _, a: -torch.expm1(-a),
    nn.Identity: lambda _, a: torch.ones_like(a),
}

# f'(z) from z, for the others.
FROM_INPUT: dict[type[nn.Module], Callable[[Any, Tensor], Tensor]] = {
    nn.PReLU: lambda f, z: torch.where(z > 0, z.new_ones(()), f.weight),
    nn.SiLU: lambda _, z: z.sigmoid() * (1 + z * (1 - z.sigmoid())),
    nn.GELU: lambda _, z: torch.special.ndtr(z) + z * (-0.5 * z * z).exp() / math.sqrt(2 * math.pi),
}


def derivative(f: nn.Module, z: Tensor) -> Tensor:
    """Return f'(z), elementwise, of the shape of z. Raises KeyError if f is not an activation of an ``FCNet``."""
    if type(f) in FROM_INPUT:
        return FROM_INPUT[type(f)](f, z)
    return FROM_OUTPUT[type(f)](f, f(z)).to(z.dtype)


@dataclass(frozen=True)
class Layer:
    """The values of layer l for a batch of B images, one row each.

    Attributes:
        z: net inputs (B, M_l).
        a: outputs (B, M_l); of the last layer, the softmax.
        delta: error terms dL/dz (B, M_l).
        weight: dL/dW (M_l, M_l-1).
        bias: dL/db (M_l,).
        slope: dL/dgamma of a PReLU, with the size of its slopes; None for other activations.
    """

    z: Tensor
    a: Tensor
    delta: Tensor
    weight: Tensor
    bias: Tensor
    slope: Tensor | None = None


@torch.no_grad()
def back_propagate(net: nn.Module, x: Tensor, labels: Tensor) -> tuple[Tensor, list[Layer]]:
    """Return loss () and all layers, from the first to the last, for images x (B, D) with labels (B,).

    Args:
        net: linear layers with an activation between every two, like a plain ``FCNet``.
        x: pixels, in the precision of the weights.
        labels: classes, from 0.

    Raises:
        ValueError: the net has other modules, such as dropout.
    """
    linears, activations = parts(net)
    inputs: list[Tensor] = []  # z(1), ... z(L)
    outputs = [x.flatten(1)]  # a(0), ... a(L)
    for linear, f in zip(linears, [*activations, nn.Softmax(1)], strict=True):
        inputs.append(outputs[-1] @ linear.weight.T + linear.bias)
        outputs.append(f(inputs[-1]))
    y = functional.one_hot(labels, outputs[-1].shape[1]).to(x.dtype)
    loss = -(y * inputs[-1].log_softmax(1)).sum(1).mean()
    delta, slope = (outputs[-1] - y) / len(x), None
    layers: list[Layer] = []
    for number in range(len(linears) - 1, -1, -1):
        z, a, before = inputs[number], outputs[number + 1], outputs[number]
        layers.append(Layer(z, a, delta, delta.T @ before, delta.sum(0), slope))
        if number:
            f, z = activations[number - 1], inputs[number - 1]
            error = delta @ linears[number].weight  # dL/da of the layer below
            slope, delta = slope_gradient(f, z, error), derivative(f, z) * error
    return loss, layers[::-1]


def slope_gradient(f: nn.Module, z: Tensor, error: Tensor) -> Tensor | None:
    """Return dL/dgamma of a PReLU a = max(z, 0) + gamma min(z, 0), from z and dL/da (B, M); else None."""
    if not isinstance(f, nn.PReLU):
        return None
    each = (error * z.clamp_max(0)).sum(0)
    return each if f.weight.numel() > 1 else each.sum(0, keepdim=True)


def parts(net: nn.Module) -> tuple[list[nn.Linear], list[nn.Module]]:
    """Return the linear layers and the activations between them. Raises ValueError if a net has other modules."""
    modules = list(net.children())
    linears, activations = modules[::2], modules[1::2]
    known = {nn.Linear, *FROM_OUTPUT, *FROM_INPUT}
    others = [type(one).__name__ for one in modules if type(one) not in known]
    if others or len(linears) == len(activations) or any(type(one) is not nn.Linear for one in linears):
        found = ", ".join(others or [type(one).__name__ for one in modules])
        raise ValueError(f"back-propagation by hand is for linear layers with activations between them; found {found}")
    return [one for one in linears if isinstance(one, nn.Linear)], activations
