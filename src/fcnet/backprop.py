"""Gradients of a batch: by the slides' back-propagation where a net is plain, else by autograd.

The slides' recursion, for a batch in rows: with delta(l) = dL/dz(l), shape (B, M_l),

    delta(L) = (softmax(z(L)) - y) / B                    cross-entropy after softmax
    delta(l) = f_l'(z(l)) * (delta(l+1) W(l+1))           * element by element
    dL/dW(l) = delta(l)^T a(l-1)
    dL/db(l) = sum of delta(l) over the batch

Written out it needs no graph and writes gradients where they lie, which saves a tenth of a step on a CPU.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.objective import Classify

# f'(z) from a = f(z). These are the activations whose derivative their output tells.
DERIVATIVES: dict[type[nn.Module], Callable[[Any, Tensor], Tensor]] = {
    nn.ReLU: lambda _, a: a > 0,
    nn.LeakyReLU: lambda f, a: torch.where(a > 0, a.new_ones(()), f.negative_slope),
    nn.ELU: lambda f, a: torch.where(a > 0, a.new_ones(()), a + f.alpha),
    nn.Sigmoid: lambda _, a: a * (1 - a),
    nn.Tanh: lambda _, a: 1 - a * a,
    nn.Softplus: lambda _, a: -torch.expm1(-a),
    nn.Identity: lambda _, a: torch.ones_like(a),
}


class Gradients(Protocol):
    """Puts the gradient of a batch's loss into the parameters' ``grad``."""

    name: str
    dtype: torch.dtype  # of the pixels that it takes

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss () and logits (B, C) of pixels (B, D) and labels (B,), without a graph."""


class Autograd:
    """Any model, by torch's automatic differentiation."""

    def __init__(self, model: nn.Module, objective: Classify, precision: str, reason: str) -> None:
        weight = next(model.parameters())
        self.name = f"autograd, {weight.device.type}, {precision} ({reason})"
        self.dtype = weight.dtype
        self._model = model
        self._objective = objective
        self._bf16 = precision == "bf16"

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss () and logits (B, C) of pixels (B, D) and labels (B,), without a graph."""
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self._bf16):
            logits = self._model(pixels)
        loss = self._objective.loss(logits, labels)
        self._model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), logits.detach()


class ByHand:
    """Plain nets: linear layers with one activation of ``DERIVATIVES`` between two of them.

    In bf16 the products of hidden layers take rounded copies of inputs and weights, made anew each step; sums inside a
    product, the output layer, gradients and weights stay fp32.
    """

    def __init__(self, model: nn.Module, objective: Classify, precision: str = "fp32") -> None:
        modules = list(model.children())
        self._layers = [module for module in modules if isinstance(module, nn.Linear)]
        self._activations = modules[1::2]
        self._smoothing = objective.label_smoothing
        output = self._layers[-1].weight
        self.name = f"by hand, {output.device.type}, {precision} (a plain net)"
        # y of each class.
        self._targets = torch.full((output.shape[0],) * 2, self._smoothing / output.shape[0]).to(output)
        self._targets.diagonal().add_(1 - self._smoothing)
        self._gradients = [(torch.zeros_like(layer.weight), torch.zeros_like(layer.bias)) for layer in self._layers]
        for layer, (weight, bias) in zip(self._layers, self._gradients, strict=True):
            layer.weight.grad, layer.bias.grad = weight, bias
        # Of each layer: weights, bias and weight gradient as the products take them.
        self._working = [
            (layer.weight.detach(), layer.bias.detach(), gradient)
            for layer, (gradient, _) in zip(self._layers, self._gradients, strict=True)
        ]
        self.dtype = output.dtype
        self._to_round: list[tuple[Tensor, Tensor]] = []
        if precision == "bf16" and len(self._layers) > 1:
            self.dtype = torch.bfloat16
            for number, (weight, bias, gradient) in enumerate(self._working[:-1]):
                self._working[number] = rounded(weight), rounded(bias), rounded(gradient)
                self._to_round += [(self._working[number][0], weight), (self._working[number][1], bias)]

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss () and logits (B, C) of pixels (B, D) and labels (B,), without a graph."""
        for copy, exact in self._to_round:
            copy.copy_(exact)
        outputs = [pixels]  # a(0), a(1), ... a(L-1)
        for (weight, bias, _), activation in zip(self._working, self._activations, strict=False):
            outputs.append(hidden(outputs[-1], weight, bias, activation))
        weight, bias, _ = self._working[-1]
        outputs[-1] = outputs[-1].to(weight.dtype)
        # Half the time of ``linear``, whose bias makes a narrow product slow on CPUs.
        logits = torch.mm(outputs[-1], weight.T).add_(bias)
        loss, delta = self._loss(logits, labels)
        for number in range(len(self._layers) - 1, -1, -1):
            self._keep_gradient(number, delta, outputs[number])
            if number:
                weight, f = self._working[number][0], self._activations[number - 1]
                delta = through(f, outputs[number], delta @ weight).to(self.dtype)
        return loss, logits

    def _keep_gradient(self, number: int, delta: Tensor, a: Tensor) -> None:
        """Write dL/dW and dL/db of a layer from delta (B, M_out) and the layer's inputs (B, M_in)."""
        (weight, bias), product = self._gradients[number], self._working[number][2]
        torch.mm(delta.T, a, out=product)
        if product is not weight:
            weight.copy_(product)
        torch.sum(delta, 0, dtype=bias.dtype, out=bias)

    def _loss(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy () of logits (B, C) with smoothed targets, and its derivative (B, C)."""
        log_p = functional.log_softmax(logits, 1)
        loss = functional.nll_loss(log_p, labels)
        if self._smoothing:
            loss = (1 - self._smoothing) * loss - self._smoothing * log_p.mean()
        return loss, log_p.exp().sub_(self._targets.index_select(0, labels)).div_(len(labels))


def rounded(tensor: Tensor) -> Tensor:
    """Memory for a copy of a tensor in bfloat16."""
    return torch.empty_like(tensor, dtype=torch.bfloat16)


# oneDNN's product with the activation done on its way out: a tenth faster than a product and a pass after it.
_HAS_ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
_FUSED = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if _HAS_ONEDNN else None


def hidden(x: Tensor, weight: Tensor, bias: Tensor, f: nn.Module) -> Tensor:
    """Outputs f(x W^T + b), shape (B, M), of a layer for its inputs x (B, D)."""
    if _FUSED and type(f) is nn.ReLU and x.device.type == "cpu" and x.dtype != torch.float64:
        outputs: Tensor = _FUSED(x, weight, bias, "relu", [], "")
    else:
        outputs = f(functional.linear(x, weight, bias))
    return outputs


def through(f: nn.Module, a: Tensor, da: Tensor) -> Tensor:
    """dL/dz (B, M) where a = f(z), from a and dL/da, which it may overwrite."""
    if type(f) is nn.ReLU:
        torch.ops.aten.threshold_backward.grad_input(da, a, 0, grad_input=da)  # in one pass
        return da
    return da.mul_(DERIVATIVES[type(f)](f, a))


def choose(model: nn.Module, objective: Classify, precision: str) -> Gradients:
    """The faster of the two that can do it; its ``name`` says which and why."""
    others = [type(module).__name__ for module in model.children() if type(module) not in (nn.Linear, *DERIVATIVES)]
    if others:
        return Autograd(model, objective, precision, f"has {others[0]}")
    return ByHand(model, objective, precision)
