"""Nets as plain layers, from which a program without torch can compute what they do.

Layers are in evaluation mode: dropout and noise are left out, and batch norm is part of the layer before it. Each is
also a function, the reference for such programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.families.common.layers import Dropout, GaussianNoise, LargestOf


@dataclass(frozen=True)
class Linear:
    """W x + b, of a weight (M, D) and a bias (M,), if any."""

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) of inputs (B, D)."""
        return functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class Affine:
    """A factor and a shift for each unit (M,), or for all ()."""

    factor: Tensor
    shift: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) of inputs (B, M)."""
        return x * self.factor + self.shift


@dataclass(frozen=True)
class Pointwise:
    """A function of each value.

    Attributes:
        function: its name in ``_FUNCTIONS``, or leaky or elu.
        value: its parameter: slopes for values below 0, () or (M,), or the alpha of elu; None if it has none.
    """

    function: str
    value: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs of the shape of inputs (B, M)."""
        match self.function:
            case "leaky":
                assert self.value is not None
                return torch.where(x > 0, x, x * self.value)
            case "elu":
                assert self.value is not None
                return torch.where(x > 0, x, self.value * torch.expm1(x.clamp(max=0)))
        found: Tensor = _FUNCTIONS[self.function](x)
        return found


_FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softplus": functional.softplus,
    "gelu": functional.gelu,
    "silu": functional.silu,
}


@dataclass(frozen=True)
class Largest:
    """The largest of every ``pieces`` inputs, which are neighbours."""

    pieces: int

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) of inputs (B, M * pieces)."""
        return x.reshape(len(x), -1, self.pieces).amax(2)


@dataclass(frozen=True)
class KLargest:
    """The k largest inputs; the others become 0."""

    k: int

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) of inputs (B, M)."""
        kept = x.topk(self.k, dim=1).indices
        return torch.zeros_like(x).scatter(1, kept, x.gather(1, kept))


@dataclass(frozen=True)
class Radial:
    """Gaussians exp(-|x - c|^2 / (2 width^2)) around the rows of a weight (M, D)."""

    weight: Tensor
    width: float

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) in (0, 1] of inputs (B, D)."""
        squares = x.square().sum(1, keepdim=True) - 2 * x @ self.weight.T + self.weight.square().sum(1)
        return torch.exp(squares.clamp(min=0) / (-2 * self.width**2))


@dataclass(frozen=True)
class Standardised:
    """Inputs shifted and scaled to mean 0 and standard deviation 1; if all are equal, to 0."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, D) of inputs (B, D)."""
        spread, mean = torch.std_mean(x, 1, correction=0, keepdim=True)
        return (x - mean) / torch.where(spread > 0, spread, 1.0)


@dataclass(frozen=True)
class Parallel:
    """Several nets on the same inputs; their outputs side by side."""

    nets: tuple[tuple[Layer, ...], ...]

    def __call__(self, x: Tensor) -> Tensor:
        """Return outputs (B, M1 + M2 + ...) of inputs (B, D)."""
        return torch.cat([run(net, x) for net in self.nets], 1)


Layer = Linear | Affine | Pointwise | Largest | KLargest | Radial | Standardised | Parallel


@dataclass(frozen=True)
class Plain:
    """A net as plain layers.

    Attributes:
        layers: from pixels (B, D) in [0, 1] to the outputs: logits, or the pixels that an autoencoder reconstructs.
        code: how many of the layers make the code of an autoencoder; None if it is none.
    """

    layers: tuple[Layer, ...]
    code: int | None = None


class Undescribed(ValueError):
    """A net has a module that is not described by plain layers; the text names it."""


@runtime_checkable
class Describes(Protocol):
    """A model that is described by plain layers."""

    def described(self) -> Plain:
        """Return it in evaluation mode, with copies of its weights on the CPU, in single precision."""


def run(layers: Iterable[Layer], x: Tensor) -> Tensor:
    """Return the outputs (B, M) of layers for inputs (B, D)."""
    for layer in layers:
        x = layer(x)
    return x


@torch.no_grad()
def of(*modules: nn.Module) -> tuple[Layer, ...]:
    """Return the layers of modules that follow each other. Raises Undescribed if one is unknown."""
    return joined(chain.from_iterable(map(_of, modules)))


def _of(module: nn.Module) -> Sequence[Layer]:
    if isinstance(module, Describes):
        return module.described().layers
    match module:
        case nn.Linear():
            return [Linear(_copy(module.weight), None if module.bias is None else _copy(module.bias))]
        case nn.BatchNorm1d():
            return [normalisation(module)]
        case nn.Sequential():
            return of(*module)
        case nn.Identity() | Dropout() | GaussianNoise():
            return []
        case LargestOf():
            return [Largest(module.pieces)]
    return [_pointwise(module)]


def _pointwise(module: nn.Module) -> Pointwise:
    match module:
        case nn.LeakyReLU(negative_slope=slope):
            return Pointwise("leaky", torch.tensor(float(slope)))
        case nn.PReLU():
            slopes = _copy(module.weight)
            return Pointwise("leaky", slopes[0] if len(slopes) == 1 else slopes)
        case nn.ELU(alpha=alpha):
            return Pointwise("elu", torch.tensor(float(alpha)))
    name = type(module).__name__.lower()
    if name not in _FUNCTIONS or not type(module).__module__.startswith("torch."):
        raise Undescribed(f"{type(module).__name__} is not described by plain layers")
    return Pointwise(name)


def normalisation(norm: nn.BatchNorm1d) -> Affine:
    """Return what batch norm does to each unit, by its averages of training."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = (norm.running_var.double().cpu() + norm.eps).rsqrt()
    shift = -norm.running_mean.double().cpu() * factor
    if norm.affine:
        own = norm.weight.double().cpu()
        factor, shift = factor * own, shift * own + norm.bias.double().cpu()
    return Affine(factor.detach(), shift.detach())


def joined(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return layers of which each factor and shift is part of the linear layer before, if there is one."""
    found: list[Layer] = []
    for layer in layers:
        before = found[-1] if found else None
        if isinstance(layer, Affine) and isinstance(before, Linear):
            units = len(before.weight)
            factor, shift = (one.double().expand(units) for one in (layer.factor, layer.shift))
            bias = shift if before.bias is None else before.bias.double() * factor + shift
            found[-1] = Linear((before.weight.double() * factor[:, None]).float(), bias.float())
        elif isinstance(layer, Affine):
            found.append(Affine(layer.factor.float(), layer.shift.float()))
        else:
            found.append(layer)
    return tuple(found)


def first_half(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return layers with the first half of their outputs: of means and log variances, the means."""
    *inner, last = layers
    assert isinstance(last, Linear)
    half = len(last.weight) // 2
    return (*inner, replace(last, weight=last.weight[:half], bias=None if last.bias is None else last.bias[:half]))


def _copy(values: Tensor) -> Tensor:
    return values.detach().to("cpu", torch.float32, copy=True)
