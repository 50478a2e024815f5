"""The step of a plain net by fcnet's own kernels: three for each layer, two for the output, one for the update."""

import torch
from torch import Tensor

from fcnet.training.gpu.launches import PRECISION, Launches, LayerMemory
from fcnet.training.gpu.slots import Buffers, Images
from fcnet.training.gpu.updates import FusedUpdate
from fcnet.training.steps.by_hand import ByHand
from fcnet.training.steps.step import EagerStep

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
        self.optimizer, bf16 = step.optimizer, by_hand.dtype == torch.bfloat16
        self._gradients = [gradient_of(layer.weight) for layer in by_hand.layers]
        layers = [
            LayerMemory(layer.weight, layer.bias, gradient_of(layer.bias), activation)
            for layer, activation in zip(by_hand.layers, [*by_hand.activations, None], strict=True)
        ]
        self._launches = Launches(layers, [by_hand.smoothing], images, bf16, precision)
        self.buffers = Buffers(images, steps, 0, per_image=True)
        self._update = FusedUpdate(step.optimizer, self.buffers.rates)
        self.name = f"own kernels, {images.pixels.device.type}, {'bf16' if bf16 else 'fp32'} (a plain net)"

    def __call__(self, slot: int) -> None:
        """Take a step."""
        to, launches = self.buffers, self._launches
        with torch.inference_mode():
            rows = to.rows(slot)
            for number in range(len(self._gradients) - 1):
                launches.forward(number, rows)
            launches.output(rows, to.losses[slot], to.hits[slot])
            for number in range(len(self._gradients) - 1, -1, -1):
                launches.weight_gradient(number, rows, self._gradients[number])
                if number:
                    launches.backward(number)
            self._update.slot = slot
            self._update.step(to.lrs[slot])

    def settle(self) -> None:
        """Tell the update where the gradients are."""
        self._update.settle()


def gradient_of(parameter: Tensor) -> Tensor:
    """Return where a parameter has its gradient, which stays the same."""
    assert parameter.grad is not None
    return parameter.grad


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
