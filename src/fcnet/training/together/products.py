"""Products of K nets at once that have the bits of one net alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fcnet.training.together.stack import Layer
from fcnet.training.torch_private import Linear, fastest_linear

Write = Callable[..., Any]  # a product of some tensors, written to ``out``


@dataclass(frozen=True)
class Product:
    """A product of K nets: batched, or for one net after the other.

    Attributes:
        batched: of tensors (K, ...).
        alone: the same of one net's, as ``steps.by_hand`` computes it.
        as_one: whether the batched one is used.
    """

    batched: Write
    alone: Write
    as_one: bool

    @classmethod
    def of(
        cls, batched: Write, alone: Write, out: Sequence[int], *shapes: Sequence[int], device: torch.device
    ) -> "Product":
        """Return a product of tensors of some shapes, batched if that has equal bits, by random numbers.

        Libraries choose among kernels by shape, batched or not, and these sum in other orders. On a CPU single products
        cost little more, since the time is in the products; on a GPU many launches would cost most of it.
        """
        if device.type != "cpu":
            return cls(batched, alone, True)
        generator = torch.Generator().manual_seed(0)  # always the same, so that equal runs take the same way
        factors = [torch.randn(2, *shape, generator=generator) for shape in shapes]
        found, expected = torch.empty(2, *out), torch.empty(2, *out)
        cls(batched, alone, True)(found, *factors)
        cls(batched, alone, False)(expected, *factors)
        return cls(batched, alone, torch.equal(found, expected))

    def __call__(self, out: Tensor, *factors: Tensor) -> None:
        """Write the product of factors (K, ...) to out (K, ...)."""
        if self.as_one:
            self.batched(*factors, out=out)
            return
        for one, *single in zip(out, *factors, strict=True):
            self.alone(*single, out=one)


class Products:
    """All products of a layer, with M outputs of D inputs, for batches of B images.

    Args:
        layer: of K nets.
        batch: B.
        plain: whether the nets have no dropout: alone, these take the fastest linear layer.

    Attributes:
        hidden: x W^T + b (B, M) of x (B, D), W (M, D), b (M,), as a hidden layer has it.
        output: the same as the output layer has it.
        weights: delta^T x (M, D) of delta (B, M) and x (B, D).
        biases: the sums (M,) of the rows of delta (B, M).
        inputs: delta W (B, D).
    """

    def __init__(self, layer: Layer, batch: int, plain: bool) -> None:
        _, m, d = layer.weight.shape
        device, dtype = layer.weight.device, layer.weight.dtype
        linear = fastest_linear(dtype, device) if plain else functional.linear
        b, w, x, delta = (m,), (m, d), (batch, d), (batch, m)
        self.hidden = Product.of(_hidden, _alone(linear), delta, x, w, b, device=device)
        self.output = Product.of(_output, _output_alone, delta, x, w, b, device=device)
        self.weights = Product.of(_weights, _weights, w, delta, x, device=device)
        self.biases = Product.of(_biases, _biases, b, delta, device=device)
        self.inputs = Product.of(torch.bmm, torch.mm, x, delta, w, device=device)


def _hidden(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
    torch.baddbmm(bias[:, None], x, weight.mT, out=out)


def _alone(linear: Linear) -> Write:
    """Return a linear layer of one net that writes its result."""

    def hidden(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        out.copy_(linear(x, weight, bias))

    return hidden


def _output(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
    torch.bmm(x, weight.mT, out=out).add_(bias[:, None])


def _output_alone(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
    torch.mm(x, weight.mT, out=out).add_(bias)


def _weights(delta: Tensor, x: Tensor, out: Tensor) -> None:
    torch.matmul(delta.mT, x, out=out)


def _biases(delta: Tensor, out: Tensor) -> None:
    torch.sum(delta, -2, out=out)
