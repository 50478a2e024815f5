"""Gradients of a batch by the slides' back-propagation, in a fast implementation.

Module ``backprop`` is the readable version. This one needs no graph and writes gradients in place, which saves a tenth
of a step on a CPU.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.data.batches import numbers_of
from fcnet.training.metrics import Output
from fcnet.training.objective import Classify
from fcnet.training.steps.backprop import FROM_OUTPUT
from fcnet.training.torch_private import fastest_linear, relu_backward_


class ByHand:
    """Gradients of plain nets: linear layers with an activation of ``FROM_OUTPUT`` between every two.

    In bf16, the products of hidden layers take rounded copies of inputs, weights and deltas, renewed at each step, and
    give rounded results; the output layer, the weights and the optimiser's updates are fp32.

    Attributes:
        layers: the linear layers.
        activations: between them.
        smoothing: of the labels.
        dtype: of the input pixels.
    """

    def __init__(self, model: nn.Module, objective: Classify, precision: str = "fp32") -> None:
        modules = list(model.children())
        self.layers = [module for module in modules if isinstance(module, nn.Linear)]
        self.activations = modules[1::2]
        self.smoothing = objective.label_smoothing
        output = self.layers[-1].weight
        self.name = f"by hand, {output.device.type}, {precision} (a plain net)"
        self._classes = torch.arange(output.shape[0], device=output.device)
        self._gradients = [(torch.zeros_like(layer.weight), torch.zeros_like(layer.bias)) for layer in self.layers]
        for layer, (weight, bias) in zip(self.layers, self._gradients, strict=True):
            layer.weight.grad, layer.bias.grad = weight, bias
        # Of each layer: weights, bias and weight gradient in the precision of the products.
        self._working = [
            (layer.weight.detach(), layer.bias.detach(), gradient)
            for layer, (gradient, _) in zip(self.layers, self._gradients, strict=True)
        ]
        self.dtype = output.dtype
        self._to_round: list[tuple[Tensor, Tensor]] = []
        if precision == "bf16" and len(self.layers) > 1:
            self.dtype = torch.bfloat16
            for number, (weight, bias, gradient) in enumerate(self._working[:-1]):
                self._working[number] = rounded(weight), rounded(bias), rounded(gradient)
                self._to_round += [(self._working[number][0], weight), (self._working[number][1], bias)]
        self._linear = fastest_linear(self.dtype, output.device)

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, labels: Tensor) -> Output:
        """Return loss and logits of pixels (B, D) and labels (B,), without a graph."""
        for copy, exact in self._to_round:
            copy.copy_(exact)
        outputs = [pixels]  # a(0), a(1), ... a(L-1)
        for (weight, bias, _), activation in zip(self._working, self.activations, strict=False):
            z = self._linear(outputs[-1], weight, bias)
            outputs.append(z.relu_() if type(activation) is nn.ReLU else activation(z))
        weight, bias, _ = self._working[-1]
        outputs[-1] = outputs[-1].to(weight.dtype)
        # Takes half the time of ``linear``, in which the bias makes a narrow product slow on CPUs.
        logits = torch.mm(outputs[-1], weight.T).add_(bias)
        loss, delta = self._loss(logits, labels)
        for number in range(len(self.layers) - 1, -1, -1):
            self._keep_gradient(number, delta, outputs[number])
            if number:
                weight, f = self._working[number][0], self.activations[number - 1]
                delta = through(f, outputs[number], delta @ weight).to(self.dtype)
        return Output(loss, logits)

    def _keep_gradient(self, number: int, delta: Tensor, a: Tensor) -> None:
        """Write dL/dW and dL/db of a layer from delta (B, M_out) and the layer's inputs (B, M_in)."""
        (weight, bias), product = self._gradients[number], self._working[number][2]
        torch.mm(delta.T, a, out=product)
        if product is not weight:
            weight.copy_(product)
        torch.sum(delta, 0, dtype=bias.dtype, out=bias)

    def _loss(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean cross-entropy () of logits (B, C) with smoothed targets, and its derivative (B, C)."""
        log_p = functional.log_softmax(logits, 1)
        if (shares := numbers_of(labels)) is not None:
            target = (1 - self.smoothing) * shares + self.smoothing / logits.shape[1]
            return -(target * log_p).sum(1).mean(), log_p.exp().sub_(target).div_(len(labels))
        loss = functional.nll_loss(log_p, labels)
        if self.smoothing:
            loss = (1 - self.smoothing) * loss - self.smoothing * log_p.mean()
        delta = log_p.exp()
        if self.smoothing:
            delta.sub_(self.smoothing / logits.shape[1])
        delta.add_(labels[:, None] == self._classes, alpha=self.smoothing - 1)
        return loss, delta.div_(len(labels))


def rounded(tensor: Tensor) -> Tensor:
    """Return memory for a copy of a tensor in bfloat16."""
    return torch.empty_like(tensor, dtype=torch.bfloat16)


def through(f: nn.Module, a: Tensor, da: Tensor) -> Tensor:
    """Return dL/dz (B, M) for a = f(z), from a and dL/da, which may be overwritten."""
    if type(f) is nn.ReLU:
        return relu_backward_(da, a)
    return da.mul_(FROM_OUTPUT[type(f)](f, a))
