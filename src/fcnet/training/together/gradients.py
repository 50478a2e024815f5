"""Gradients of K nets at once by the slides' back-propagation, as ``steps.by_hand`` has them of one."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fcnet.training.randomness import Drawing
from fcnet.training.steps.by_hand import through
from fcnet.training.together.products import Products
from fcnet.training.together.stack import Stack


class Stacked:
    """Writes the gradients of K nets to their stack, each for images of its own.

    Args:
        stack: the nets.
        smoothing: of each net's labels.
        batch: images of a step, B.

    Attributes:
        smoothing: (K, 1, 1).
    """

    def __init__(self, stack: Stack, smoothing: Sequence[float], batch: int) -> None:
        self._stack, self.classes = stack, stack.layers[-1].weight.shape[1]
        device = stack.layers[-1].weight.device
        self.smoothing = torch.tensor(smoothing, device=device)[:, None, None]
        self._targets = torch.tensor([one - 1 for one in smoothing], device=device)[:, None, None]
        self._spread = torch.tensor([one / self.classes for one in smoothing], device=device)[:, None, None]
        self._smooth = any(smoothing)
        self._numbers = torch.arange(self.classes, device=device)
        plain = not any(stack.dropouts) and not any(any(layer.dropouts) for layer in stack.layers)
        self._products = [Products(layer, batch, plain) for layer in stack.layers]

    def targets(self, labels: Tensor) -> Tensor:
        """Return what labels (n, K, B) add to probabilities (n, K, B, C): -1 at the class, less if smoothed."""
        return (labels[..., None] == self._numbers) * self._targets

    def __call__(self, pixels: Tensor, targets: Tensor, logits: Tensor, log_p: Tensor) -> None:
        """Write logits and their log-softmax (K, B, C), and all gradients.

        Args:
            pixels: of each net's batch (K, B, D), in [0, 1].
            targets: (K, B, C), of ``targets``.
            logits, log_p: where to write.
        """
        inputs, outputs, masks = self._forward(pixels)
        last = self._stack.layers[-1]
        self._products[-1].output(logits, inputs[-1], last.weight, last.bias)
        torch.log_softmax(logits, 2, out=log_p)
        delta = log_p.exp()
        if self._smooth:
            delta.sub_(self._spread)
        self._backward(delta.add_(targets).div_(pixels.shape[1]), inputs, outputs, masks)

    def _forward(self, pixels: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor | None]]:
        """Return the inputs of each layer, the outputs of the activations before dropout, and dropout's factors."""
        inputs, outputs, masks = [dropped(pixels, mask_of(self._stack.dropouts, pixels))], [], []
        for layer, products in zip(self._stack.layers[:-1], self._products, strict=False):
            f, z = layer.activation, pixels.new_empty(*pixels.shape[:2], layer.bias.shape[1])
            assert f is not None
            products.hidden(z, inputs[-1], layer.weight, layer.bias)
            outputs.append(z.relu_() if type(f) is nn.ReLU else f(z))
            masks.append(mask_of(layer.dropouts, outputs[-1]))
            inputs.append(dropped(outputs[-1], masks[-1]))
        return inputs, outputs, masks

    def _backward(self, delta: Tensor, inputs: list[Tensor], outputs: list[Tensor], masks: list[Tensor | None]) -> None:
        """Write the gradients of all layers, from the derivative of the losses by the logits (K, B, C)."""
        for number in range(len(inputs) - 1, -1, -1):
            layer, products = self._stack.layers[number], self._products[number]
            products.weights(layer.weight_gradient, delta, inputs[number])
            products.biases(layer.bias_gradient, delta)
            if number:
                f, mask = self._stack.layers[number - 1].activation, masks[number - 1]
                assert f is not None
                error = torch.empty_like(inputs[number])
                products.inputs(error, delta, layer.weight)
                delta = through(f, outputs[number - 1], error if mask is None else error.mul_(mask))


def mask_of(dropouts: Sequence[Drawing | None], x: Tensor) -> Tensor | None:
    """Return the factors (K, B, M) by which each net's dropout multiplies x (K, B, M); None if no net has any.

    Each net draws as it does alone: from its own stream, for its own batch.
    """
    if not any(dropouts):
        return None
    factors = torch.ones_like(x)
    for factor, dropout in zip(factors, dropouts, strict=True):
        if dropout is not None:
            factor.copy_(dropout(factor))
    return factors


def dropped(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return x (K, B, M) multiplied by dropout's factors, if there are any."""
    return x if mask is None else x * mask
