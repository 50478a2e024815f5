"""Check whether a training gives equal bits with every number of threads, by a few steps of its own.

Kernels divide their work among threads. Where each thread computes whole sums, the bits do not depend on how many there
are; where a sum is divided, they do. Which of the two holds depends on the shapes, so it is tried, not assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fcnet.data.batches import Batches
from fcnet.data.dataset import ImageFolder
from fcnet.training.evaluate import EVALUATION_BATCH
from fcnet.training.last_good import copy
from fcnet.training.metrics import Metrics
from fcnet.training.steps.step import changed_by

if TYPE_CHECKING:
    from fcnet.training.loop import GradientTraining

STEPS = 6  # at most, the last one with the size of an epoch's last batch

TINY = 1e-39  # a number that is flushed to 0 where ``flush_denormals`` holds
SHARED = 1 << 15  # numbers that torch gives to one thread

Use = Callable[[int], None]


@dataclass(frozen=True)
class Equality:
    """What does not depend on the number of threads.

    Attributes:
        steps: how many were compared.
        training: whether losses, logits, weights and the optimiser's state have equal bits.
        evaluation: whether metrics of other images have.
    """

    steps: int
    training: bool
    evaluation: bool


def compare(training: GradientTraining, numbers: Sequence[int], use: Use) -> Equality:
    """Compare steps and evaluations with some numbers of threads; the training is left as it was.

    Args:
        training: between two steps, on the CPU.
        numbers: of threads.
        use: sets the number of threads; afterwards it is the last one of ``numbers``.
    """
    first, *others = numbers
    others_equal, evaluated_equal = True, True
    steps, expected = _outcome(training, first, max(numbers), use)
    metrics = _evaluated(training)
    for number in others:
        others_equal = others_equal and same(_outcome(training, number, max(numbers), use)[1], expected)
        use(number)
        evaluated_equal = evaluated_equal and _evaluated(training) == metrics
    return Equality(steps, others_equal, evaluated_equal)


def same(some: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    """Return whether tensors have equal bits: 0.0 is not -0.0, and a NaN is itself."""
    return all(
        a.shape == b.shape and a.dtype == b.dtype and torch.equal(_bytes(a), _bytes(b))
        for a, b in zip(some, others, strict=True)
    )


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _outcome(training: GradientTraining, number: int, most: int, use: Use) -> tuple[int, list[Tensor]]:
    """Take steps with a number of threads, and undo them; return how many, and copies of all that they gave."""
    use(number)
    found = [torch.full((SHARED * most,), TINY) * 0.5]  # whether all threads flush such numbers, or none
    with untouched(training):
        training.stepper.model.train()
        lr = torch.tensor(training.lr(training.step), dtype=torch.float64)
        steps = 0
        for pixels, labels in _sample(training):
            output = training.stepper(pixels, labels, lr)
            steps += 1
            kept = (output.loss, output.logits, output.terms)
            found += [tensor.detach().clone() for tensor in kept if tensor is not None]
        found += [tensor.clone() for tensor in changed_by(training.stepper)]
        found += [stream for stream in training.randomness.state().values() if isinstance(stream, Tensor)]
    return steps, found


def _sample(training: GradientTraining) -> Batches:
    """Return some whole batches of this epoch, and one of the size of its last batch; ``STEPS`` in all."""
    n, size = len(training.images), training.settings.batch_size
    some = min(STEPS - 1, n // size) * size + n % size
    return training.images.batches(size, training.plan.order(training.epoch)[:some], 0, training.stepper.dtype)


@contextmanager
def untouched(training: GradientTraining) -> Iterator[None]:
    """Undo the steps taken inside a ``with`` block, and what they have drawn."""
    before = [tensor.clone() for tensor in changed_by(training.stepper)]
    with training.randomness.kept(), torch.random.fork_rng([]):
        try:
            yield
        finally:
            copy(before, changed_by(training.stepper))


def _evaluated(training: GradientTraining) -> dict[str, Any]:
    """Return metrics of some images of each split but the training one, by the training's own evaluation."""
    found: dict[str, Any] = {}
    for name, split in training.splits.items():
        if name != "train":
            found[name] = training.evaluate(some(split))
            # The sums over all images: of arbitrary outputs, which need no net.
            outputs = torch.rand(len(split), max(len(split.classes), 1), generator=torch.Generator().manual_seed(0))
            found[f"{name}, all"] = Metrics.of(outputs, split.labels.clamp(0, outputs.shape[1] - 1))
    return found


def some(split: ImageFolder) -> ImageFolder:
    """Return the images of one whole batch of an evaluation, and of one of the size of its last batch."""
    n = min(len(split), EVALUATION_BATCH + len(split) % EVALUATION_BATCH)
    if split.mapped:
        return split.subset(torch.arange(n))
    return replace(split, images=split.images[:n], labels=split.labels[:n], names=split.names[:n])
