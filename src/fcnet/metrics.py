"""Figures of a data set, from sums and counts reduced once, and the records that a training yields."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# Batches whose figures are summed together: their logits are small, and a call costs as much as their sums.
SUMMED_AT_ONCE = 100


@dataclass(frozen=True)
class Metrics:
    """Figures over n images.

    Attributes:
        loss: mean cross-entropy, in nats.
        accuracy: share of images classified right, in [0, 1].
        n: number of images.
    """

    loss: float
    accuracy: float
    n: int

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> "Metrics":
        """The figures of logits (N, C) for labels (N,), all images at once."""
        loss = functional.cross_entropy(logits.double(), labels)
        return cls(float(loss), float((logits.argmax(1) == labels).double().mean()), len(labels))

    def loss_since(self, earlier: "Metrics") -> float:
        """Mean loss of the images that were added after an earlier state of the same sums."""
        return (self.loss * self.n - earlier.loss * earlier.n) / (self.n - earlier.n)

    def to_dict(self) -> dict[str, Any]:
        """The figures by name, as they are written to JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Start:
    """Training begins.

    Attributes:
        step: how a step is computed, and why so.
    """

    step: str


@dataclass(frozen=True)
class Tick:
    """A step was done; nothing was read from the device. A loop may stop here."""

    epoch: int
    step: int
    steps: int


@dataclass(frozen=True)
class StepRecord:
    """What is logged every so many steps, and at the last step of an epoch.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        loss: of this step's batch, with smoothing and l2, in nats.
        loss_mean: the same, mean over the steps since the last record.
        accuracy: share of this epoch's images so far that were classified right, each before its step.
        lr: learning rate of this step.
        images_per_s: since the last record.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    loss_mean: float
    accuracy: float
    lr: float
    images_per_s: float


@dataclass(frozen=True)
class EpochRecord:
    """What is known after an epoch.

    Attributes:
        epoch: from 1.
        train: over the epoch, each batch before its step; the loss with smoothing and l2.
        validation: of the held-out images, where there are some.
        test: of the test images, where there are some.
        seconds: of training, without evaluation.
    """

    epoch: int
    train: Metrics
    validation: Metrics | None
    test: Metrics | None
    seconds: float

    def figures(self) -> dict[str, Metrics]:
        """The figures of each split that there is, by its name."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: metrics for name, metrics in parts.items() if metrics is not None}


Record = Start | Tick | StepRecord | EpochRecord


class Sums:
    """Loss and hits summed over batches, kept on the device: a batch adds to them without waiting for it."""

    def __init__(self, device: torch.device) -> None:
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._hits = torch.zeros((), dtype=torch.int64, device=device)
        self._waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        self.n = 0

    def add(self, mean_loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add a batch: its mean loss (), logits (B, C) and labels (B,)."""
        self._waiting.append((mean_loss, logits, labels))
        self.n += len(labels)
        if len(self._waiting) == SUMMED_AT_ONCE:
            self._sum()

    def _sum(self) -> None:
        losses, logits, labels = zip(*self._waiting, strict=True)
        # Sizes are multiplied in as Python numbers: a tensor of them would have to be copied to the device.
        sizes = {len(batch) for batch in labels}
        if len(sizes) == 1:
            self._loss += torch.stack(losses).double().sum() * sizes.pop()
        else:
            self._loss += torch.stack([loss * len(batch) for loss, batch in zip(losses, labels, strict=True)]).sum()
        self._hits += (torch.cat(logits).argmax(1) == torch.cat(labels)).sum()
        self._waiting = []

    def reduce(self) -> Metrics:
        """The figures so far. Waits for the device."""
        if self._waiting:
            self._sum()
        return Metrics(float(self._loss) / self.n, int(self._hits) / self.n, self.n)
