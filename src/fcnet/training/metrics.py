"""Figures of a data set, from sums and counts reduced once, and the records that a training yields."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
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
        loss: mean cross-entropy, in nats; or what else was minimised.
        accuracy: share of images classified right, in [0, 1]; None where they are not classified.
        n: number of images.
        parts: other figures, means over images, by name.
    """

    loss: float
    accuracy: float | None
    n: int
    parts: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> "Metrics":
        """The figures of logits (N, C) for labels (N,), all images at once."""
        loss = functional.cross_entropy(logits.double(), labels)
        return cls(float(loss), float((logits.argmax(1) == labels).double().mean()), len(labels))

    def loss_since(self, earlier: "Metrics") -> float:
        """Mean loss of the images that were added after an earlier state of the same sums."""
        return (self.loss * self.n - earlier.loss * earlier.n) / (self.n - earlier.n)

    def to_dict(self) -> dict[str, Any]:
        """The figures by name, as they are written to JSON; without those that there are not."""
        return {name: value for name, value in asdict(self).items() if value not in (None, {})}

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> "Metrics":
        """The figures that ``to_dict`` told. Raises ValueError where they are not finite."""
        accuracy = float(values["accuracy"]) if "accuracy" in values else None
        parts = {str(name): float(value) for name, value in values.get("parts", {}).items()}
        found = cls(float(values["loss"]), accuracy, int(values["n"]), parts)
        if not all(math.isfinite(value) for value in (found.loss, found.accuracy or 0.0, *parts.values())):
            raise ValueError(f"figures {found}")
        return found


@dataclass(frozen=True)
class Start:
    """Training begins.

    Attributes:
        step: how a step is computed, and why so.
    """

    step: str


@dataclass(frozen=True)
class Begin:
    """Work begins that takes long and tells nothing before its end. A loop may stop here.

    Attributes:
        what: for people.
    """

    what: str


@dataclass(frozen=True)
class Tick:
    """A step was done; nothing was read from the device. A loop may stop here.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        stage: what is being summed, where it is no training by gradients.
    """

    epoch: int
    step: int
    steps: int
    stage: str = ""


@dataclass(frozen=True)
class StepRecord:
    """What is logged every so many steps, and at the last step of an epoch.

    Attributes:
        epoch: from 1.
        step: within the epoch, from 1.
        steps: of an epoch.
        loss: of this step's batch, with smoothing and l2; of a classifier in nats.
        loss_mean: the same, mean over the steps since the last record.
        accuracy: share of this epoch's images so far that were classified right, each before its step; None where
            images are not classified.
        lr: learning rate of this step.
        images_per_s: since the last record.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    loss_mean: float
    accuracy: float | None
    lr: float
    images_per_s: float

    def to_dict(self) -> dict[str, Any]:
        """The record by name, as it is written to JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class EpochRecord:
    """What is known after an epoch.

    Attributes:
        epoch: from 1.
        train: over the epoch, each batch before its step; the loss with smoothing and l2.
        validation: of the held-out images, where there are some.
        test: of the test images, where there are some.
        seconds: of training, without evaluation.
        stage: what is trained, where it is a part of the net.
    """

    epoch: int
    train: Metrics
    validation: Metrics | None
    test: Metrics | None
    seconds: float
    stage: str = ""

    def figures(self) -> dict[str, Metrics]:
        """The figures of each split that there is, by its name."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: metrics for name, metrics in parts.items() if metrics is not None}

    def to_plain(self) -> dict[str, Any]:
        """The record as numbers and dicts alone, for a checkpoint."""
        figures = {name: metrics.to_dict() for name, metrics in self.figures().items()}
        return {"epoch": self.epoch, "seconds": self.seconds, "stage": self.stage, "figures": figures}

    def to_dict(self) -> dict[str, Any]:
        """The record by name, as it is written to JSON; the figures of splits that there are not are None."""
        figures: dict[str, Any] = dict.fromkeys(("train", "validation", "test")) | self.to_plain()["figures"]
        stage = {"stage": self.stage} if self.stage else {}
        return {"epoch": self.epoch} | stage | figures | {"seconds": self.seconds}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> "EpochRecord":
        """The record that ``to_plain`` told."""
        figures = {name: Metrics.of_dict(values) for name, values in plain["figures"].items()}
        train, validation, test = (figures.get(name) for name in ("train", "validation", "test"))
        if train is None:
            raise KeyError("train")
        stage = str(plain.get("stage", ""))
        return cls(int(plain["epoch"]), train, validation, test, float(plain["seconds"]), stage)


@dataclass(frozen=True)
class StageRecord:
    """One set of output weights was found in closed form.

    Attributes:
        epoch: number of the solution, from 1.
        figures: by name: its stage, units, images, condition number, ridge, seconds.
    """

    epoch: int
    figures: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The record by name, as it is written to JSON."""
        return asdict(self)


Record = Start | Begin | Tick | StepRecord | StageRecord | EpochRecord


class Sums:
    """Loss, and hits or parts, summed over batches, kept on the device: a batch adds to them without waiting for it.

    Args:
        device: where they are.
        parts: names of figures that are summed in place of hits.

    Losses are summed in blocks that begin after the last ``reduce``, wherever a checkpoint comes between: a sum taken
    up again gives the same bits as one that was never left.
    """

    def __init__(self, device: torch.device, parts: Sequence[str] = ()) -> None:
        self._names = tuple(parts)
        self._parts = torch.zeros(len(parts), dtype=torch.float64, device=device)
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._hits = torch.zeros((), dtype=torch.int64, device=device)
        self._losses: list[Tensor] = []  # () of each batch that waits to be summed, and its size
        self._sizes: list[int] = []
        self._outputs: list[tuple[Tensor, Tensor]] = []  # logits (B, C) and labels (B,) whose hits are not counted yet
        self._window: list[Tensor] = []  # losses since the last ``reduce`` that are summed already
        self.n = 0

    def add(self, mean_loss: Tensor, outputs: Tensor, labels: Tensor) -> None:
        """Add a batch: its mean loss (), logits (B, C) or means of its parts (P,), and labels (B,)."""
        self._losses.append(mean_loss)
        self._sizes.append(len(labels))
        if self._names:
            self._parts += outputs.double() * len(labels)
        else:
            self._outputs.append((outputs, labels))
        self.n += len(labels)
        if len(self._losses) == SUMMED_AT_ONCE:
            self._sum()

    def _sum(self) -> None:
        losses, sizes = torch.stack(self._losses), set(self._sizes)
        # Sizes are multiplied in as Python numbers: a tensor of them would have to be copied to the device.
        if len(sizes) == 1:
            self._loss += losses.double().sum() * sizes.pop()
        else:
            self._loss += torch.stack([loss * n for loss, n in zip(self._losses, self._sizes, strict=True)]).sum()
        self._window.append(losses)
        self._losses, self._sizes = [], []
        self._count()

    def _count(self) -> None:
        if self._outputs:
            logits, labels = zip(*self._outputs, strict=True)
            self._hits += (torch.cat(logits).argmax(1) == torch.cat(labels)).sum()
            self._outputs = []

    def reduce(self) -> Metrics:
        """The figures so far. Waits for the device."""
        if self._losses:
            self._sum()
        self._window = self._window and [torch.cat(self._window)]
        loss = float(self._loss) / self.n
        if self._names:
            parts = dict(zip(self._names, (self._parts / self.n).tolist(), strict=True))
            return Metrics(loss, None, self.n, parts)
        return Metrics(loss, int(self._hits) / self.n, self.n)

    def accept(self) -> None:
        """Forget the losses of single batches: nothing was wrong with them."""
        self._window = []

    def first_bad(self) -> int | None:
        """Of the batches since the last ``accept``, the first (from 0) whose loss is not finite. Waits for it."""
        losses = torch.cat([self._loss.new_zeros(0), *self._window, *(loss.reshape(1) for loss in self._losses)])
        bad = torch.nonzero(~losses.isfinite())
        return int(bad[0]) if len(bad) else None

    def state(self) -> dict[str, Any]:
        """All that is kept, for a checkpoint. Waits for the device."""
        self._count()  # whole numbers: their sum is the same in any order
        return {
            "loss": self._loss,
            "hits": self._hits,
            "parts": self._parts,
            "waiting": list(self._losses),
            "sizes": list(self._sizes),
            "window": list(self._window),
            "n": self.n,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up the ``state`` of another such object. Raises ValueError where it cannot be one."""
        device = self._loss.device
        loss, hits = state["loss"].detach(), state["hits"].detach()
        waiting, window = ([one.detach() for one in state[name]] for name in ("waiting", "window"))
        sizes, n = [int(size) for size in state["sizes"]], int(state["n"])
        parts = state["parts"].detach() if self._names else self._parts
        scalars = all(one.dim() == 0 for one in (loss, hits, *waiting)) and all(one.dim() == 1 for one in window)
        if not (
            scalars
            and parts.shape == self._parts.shape
            and len(waiting) == len(sizes)
            and all(1 <= size <= n for size in sizes)
        ):
            raise ValueError("sums of another form")
        self._loss, self._hits = loss.to(device, torch.float64), hits.to(device, torch.int64)
        self._parts = parts.to(device, torch.float64)
        self._losses, self._sizes = [loss.to(device) for loss in waiting], sizes
        self._window = [losses.to(device) for losses in window]
        self.n = n
