"""The step of a plain net by fcnet's own kernels: three for each layer, two for the output, one for the update."""

from typing import Any

import torch
from torch import Tensor, nn

from fcnet.training.gpu import kernels
from fcnet.training.gpu.slots import Buffers, Images
from fcnet.training.gpu.updates import FusedUpdate
from fcnet.training.steps.by_hand import ByHand
from fcnet.training.steps.step import EagerStep

_KINDS: dict[type[nn.Module], tuple[Any, str]] = {  # with the attribute that is their setting
    nn.Identity: (kernels.IDENTITY, ""),
    nn.ReLU: (kernels.RELU, ""),
    nn.LeakyReLU: (kernels.LEAKY_RELU, "negative_slope"),
    nn.ELU: (kernels.ELU, "alpha"),
    nn.Sigmoid: (kernels.SIGMOID, ""),
    nn.Tanh: (kernels.TANH, ""),
    nn.Softplus: (kernels.SOFTPLUS, ""),
}

# Numbers of fp32 are the sums of two of TF32, nearly: three products of those give about the precision of fp32.
PRECISION = "tf32x3"

# Weights between hidden layers up to which these kernels are faster than torch's. On an H200, 784-1000-500-300-10 takes
# 168 µs a step with them and 188 with torch's; 784-1000-1000-1000-10, with two million, 320 and 254.
MOST_BETWEEN = 1_000_000

MOST_CLASSES = 128  # columns of the output kernel's tile


class PlainSlots:
    """The eager step of a plain net, with its gradients in the same places.

    Args:
        step: the eager step, whose gradient is ``ByHand``.
        images: the training images.
        steps: how many fit into the buffers.
        precision: of the products: tf32x3 or ieee.
    """

    counts = False

    def __init__(self, step: EagerStep, images: Images, steps: int, precision: str = PRECISION) -> None:
        by_hand = step.gradient
        assert isinstance(by_hand, ByHand)
        self._images, self.optimizer, self._precision = images, step.optimizer, precision
        self._layers, self._smoothing = by_hand.layers, by_hand.smoothing
        self._bf16 = by_hand.dtype == torch.bfloat16
        self._activations = [
            (kind, float(getattr(module, setting)) if setting else 0.0)
            for module in by_hand.activations
            for kind, setting in [_KINDS[type(module)]]
        ]
        self.buffers = Buffers(images, steps, 0, per_image=True)
        self._update = FusedUpdate(step.optimizer, self.buffers.rates)
        device, batch = images.pixels.device, images.batch
        widths = [layer.out_features for layer in self._layers]
        self._outputs = [torch.zeros(batch, width, device=device) for width in widths[:-1]]
        self._deltas = [torch.zeros(batch, width, device=device) for width in widths]
        self.name = f"own kernels, {device.type}, {'bf16' if self._bf16 else 'fp32'} (a plain net)"

    def __call__(self, slot: int) -> None:
        """Take a step."""
        with torch.inference_mode():
            rows = self.buffers.rows(slot)
            for number in range(len(self._layers) - 1):
                self._forward(number, rows)
            self._output(slot, rows)
            for number in range(len(self._layers) - 1, -1, -1):
                self._weight_gradient(number, rows)
                if number:
                    self._backward(number)
            self._update.slot = slot
            self._update.step(self.buffers.lrs[slot])

    def settle(self) -> None:
        """Tell the update where the gradients are."""
        self._update.settle()

    def _inputs(self, number: int) -> tuple[Tensor, bool]:
        """Return the inputs of a layer, and whether they are pixels."""
        return (self._outputs[number - 1], False) if number else (self._images.pixels, True)

    def _forward(self, number: int, rows: Tensor) -> None:
        layer, (x, pixels), (kind, slope) = self._layers[number], self._inputs(number), self._activations[number]
        batch, width = self._outputs[number].shape
        tile = {"BM": 32, "BN": 16, "BK": 64}
        kernels.layer[(blocks(batch, 32), blocks(width, 16))](
            *(x, rows, layer.weight, layer.bias, self._outputs[number], batch, layer.in_features, width, slope),
            PIXELS=pixels,
            KIND=kind,
            BF16=self._bf16,
            PRECISION=self._precision,
            num_stages=3,
            **tile,
        )

    def _output(self, slot: int, rows: Tensor) -> None:
        """Compute losses, hits and delta of the output layer, and its bias gradient."""
        layer, delta, to = self._layers[-1], self._deltas[-1], self.buffers
        batch, classes = delta.shape
        a = self._outputs[-1] if self._outputs else self._images.at(rows, torch.float32)[0]
        columns = power_of_two(classes)
        kernels.outputs[(blocks(batch, 16),)](
            *(a, self._images.labels, rows, layer.weight, layer.bias, delta, to.losses[slot], to.hits[slot]),
            *(batch, layer.in_features, classes, self._smoothing),
            PRECISION=self._precision,
            BM=16,
            BC=columns,
            BK=64,
            num_stages=3,
        )
        kernels.column_sums[(1,)](delta, layer.bias.grad, batch, classes, BM=32, BC=columns)

    def _weight_gradient(self, number: int, rows: Tensor) -> None:
        layer, (x, pixels), last = self._layers[number], self._inputs(number), number == len(self._layers) - 1
        batch, width = self._deltas[number].shape
        high = 16 if width <= 16 else 32
        kernels.weight_gradient[(blocks(width, high), blocks(layer.in_features, 64))](
            *(self._deltas[number], x, rows, layer.weight.grad, batch, width, layer.in_features),
            PIXELS=pixels,
            BF16=self._bf16 and not last,
            PRECISION=self._precision,
            num_stages=2,
            BM=high,
            BN=64,
            BK=32,
        )

    def _backward(self, number: int) -> None:
        """Compute delta and the bias gradient of the layer before."""
        layer, (kind, slope) = self._layers[number], self._activations[number - 1]
        batch, before = self._deltas[number - 1].shape
        last = number == len(self._layers) - 1
        kernels.backward[(blocks(before, 16),)](
            *(self._deltas[number], layer.weight, self._outputs[number - 1], self._deltas[number - 1]),
            *(self._layers[number - 1].bias.grad, batch, layer.out_features, before, slope),
            KIND=kind,
            BF16=self._bf16,
            LAST=last,
            PRECISION=self._precision,
            num_stages=2,
            BM=power_of_two(min(batch, 64)),
            BN=16,
            BK=16 if layer.out_features <= 16 else 32,
        )


def misfit(step: EagerStep) -> str | None:
    """Return why fcnet's own kernels do not support a step; None if they do."""
    if not isinstance(step.gradient, ByHand):
        return "not a plain net"
    if not step.plain:
        return "l2 or clip_grad_norm"
    classes = step.gradient.layers[-1].out_features
    if classes > MOST_CLASSES:
        return f"{classes} classes, more than {MOST_CLASSES}"
    between = sum(layer.weight.numel() for layer in step.gradient.layers[1:-1])
    if between > MOST_BETWEEN:
        return f"{between:,} weights between hidden layers, for which torch's kernels are faster"
    return None


def blocks(size: int, block: int) -> int:
    """Return how many blocks cover a size."""
    return -(-size // block)


def power_of_two(size: int) -> int:
    """Return the next power of two, at least 16, which a product in Triton needs."""
    return max(16, 1 << (size - 1).bit_length())
