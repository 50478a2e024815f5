"""Compare another way to take steps with the eager step, on the run's own images, before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fcnet.training.gpu.done import Burst
from fcnet.training.gpu.slots import Slots
from fcnet.training.last_good import copy

# Largest differences, relative to what the steps change. Rounding alone gives about 1e-5 in fp32: Adam turns even the
# smallest gradients into steps of full size, and a gradient that is nothing but rounding may have either sign.
TOLERANCE = {"fp32": 1e-3, "bf16": 5e-2}

# How far chance may bring a net that is computed rightly. Rounding turns a hidden unit whose input is within 1e-7 of 0
# on for an image in one way and off in the other: then the gradients of its weights differ, and Adam makes that 0.001
# to 0.01 of the changes in four steps. It happens to one in 60 nets of 784-500-10 (on an H200), in a step of its own;
# an error in a kernel happens to all nets, in all steps.
TURNED = 5e-2


@dataclass(frozen=True)
class Difference:
    """How far another way to take steps is from the eager one.

    Attributes:
        loss: largest difference of a step's loss, relative to the loss.
        change: norm of the differences of weights and averages, over the norm of what the steps changed.
    """

    loss: float
    change: float

    def __str__(self) -> str:
        if self.loss == self.change == 0:
            return "equal bits"
        return f"losses within {self.loss:.0e}, changes of the weights within {self.change:.0e}"

    def within(self, tolerance: float) -> bool:
        """Return whether the difference is small enough; NaN is not."""
        return self.loss <= tolerance and self.change <= tolerance


class Snapshot:
    """Copies of tensors and of random streams, to restore."""

    def __init__(self, tensors: Sequence[Tensor], generators: Sequence[torch.Generator]) -> None:
        self.tensors, self._generators = list(tensors), list(generators)
        self.copies = [tensor.clone() for tensor in tensors]
        self._states = [generator.get_state() for generator in generators]

    @torch.no_grad()
    def restore(self) -> None:
        """Give all tensors and streams the values they had."""
        copy(self.copies, self.tensors)
        for generator, state in zip(self._generators, self._states, strict=True):
            generator.set_state(state)


def difference(before: Snapshot, eager: Slots, burst: Burst) -> Difference:
    """Take the steps in the buffers of ``eager`` both ways from the same state, and restore it.

    Args:
        before: the state.
        eager: the reference, with order and learning rates of n steps in its first n slots.
        burst: the other way.
    """
    buffers, tensors = eager.buffers, before.tensors
    n = buffers.steps
    for slot in range(n):
        eager(slot)
    losses, expected = buffers.losses[:n, 0].double(), [tensor.clone() for tensor in tensors]
    before.restore()
    done = burst(buffers.order[: n * buffers.batch], buffers.lrs[:n])
    found = between(before, expected, losses, done.losses)
    before.restore()
    return found


def between(before: Snapshot, expected: Sequence[Tensor], losses: Tensor, found_losses: Tensor) -> Difference:
    """Return how far the tensors are now from those expected, and losses (n,) from those found.

    Args:
        before: the state before the steps, with the tensors that they have changed.
        expected: what the eager steps make of the tensors.
        losses: of the eager steps.
        found_losses: of the others.
    """
    found = before.tensors
    loss = float(((found_losses - losses).abs() / losses.abs().clamp_min(1e-30)).max())
    moving = [i for i, tensor in enumerate(found) if tensor.is_floating_point() and tensor.dim()]
    missed = _norm([found[i] - expected[i] for i in moving])
    moved = _norm([expected[i] - before.copies[i] for i in moving])
    return Difference(loss, missed / moved if moved else missed)


def _norm(tensors: list[Tensor]) -> float:
    return float(torch.stack([tensor.double().square().sum() for tensor in tensors]).sum().sqrt())
