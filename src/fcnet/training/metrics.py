"""Metrics of a data set, from sums and counts that are reduced once."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fcnet.data.batches import classes_of

# Batches whose metrics are summed together: their logits are small, and a call costs as much as their sums.
SUMMED_AT_ONCE = 100


@dataclass(frozen=True)
class Metrics:
    """Metrics over n images.

    Attributes:
        loss: mean cross-entropy, in nats; or whatever else was minimised.
        accuracy: share of images classified correctly, in [0, 1]; None if they are not classified.
        n: number of images.
        terms: of the loss, and other means over images, by name.
    """

    loss: float
    accuracy: float | None
    n: int
    terms: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> "Metrics":
        """Return the metrics of logits (N, C) for labels (N,), all images at once."""
        loss = functional.cross_entropy(logits.double(), labels)
        return cls(float(loss), float((logits.argmax(1) == labels).double().mean()), len(labels))

    def loss_since(self, earlier: "Metrics") -> float:
        """Return the mean loss of the images that were added after an earlier state of the same sums."""
        return (self.loss * self.n - earlier.loss * earlier.n) / (self.n - earlier.n)

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as a JSON-ready dict; absent ones are omitted."""
        return {name: value for name, value in asdict(self).items() if value not in (None, {})}

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> "Metrics":
        """Return metrics from the dict of ``to_dict``. Raises ValueError if a value is not finite."""
        accuracy = float(values["accuracy"]) if "accuracy" in values else None
        terms = {str(name): float(value) for name, value in values.get("terms", {}).items()}
        found = cls(float(values["loss"]), accuracy, int(values["n"]), terms)
        if not all(math.isfinite(value) for value in (found.loss, found.accuracy or 0.0, *terms.values())):
            raise ValueError(f"metrics {found}")
        return found


@dataclass(frozen=True)
class Output:
    """The result of a step, or of an evaluation, for a batch.

    Attributes:
        loss: mean over the batch ().
        logits: (B, C); None if the net does not classify.
        terms: means of the loss's terms (P,), in the order of their names; None if the loss has none.
        fixed: whether later batches are written to the same memory.
        labels: those that the logits belong to (B,), if they are not the batch's own.
    """

    loss: Tensor
    logits: Tensor | None = None
    terms: Tensor | None = None
    fixed: bool = False
    labels: Tensor | None = None

    def labels_or(self, batch: Tensor) -> Tensor:
        """Return the classes (B,) of the logits: these labels, or those of the batch."""
        return classes_of(batch if self.labels is None else self.labels)


class RunningMetrics:
    """Sums of loss, hits and terms over batches, kept on the device: adding a batch does not wait for it.

    Args:
        device: where the sums are.
        terms: names of the loss's terms.

    Losses are summed in blocks that begin after the last ``reduce``, even if a checkpoint is written in between, so
    that resumed sums have the same bits as uninterrupted ones.
    """

    def __init__(self, device: torch.device, terms: Sequence[str] = ()) -> None:
        self._names = tuple(terms)
        self._terms = torch.zeros(len(terms), dtype=torch.float64, device=device)
        self._loss = torch.zeros((), dtype=torch.float64, device=device)
        self._hits = torch.zeros((), dtype=torch.int64, device=device)
        self._classified = 0  # images whose hits are counted, or will be
        self._losses: list[Tensor] = []  # () of each batch that is not summed yet, and its size
        self._sizes: list[int] = []
        self._outputs: list[tuple[Tensor, Tensor]] = []  # logits (B, C) and labels (B,) whose hits are not counted yet
        self._window: list[Tensor] = []  # losses since the last ``accept`` that are already summed
        self.n = 0

    def add(self, output: Output, labels: Tensor) -> None:
        """Add a batch, with its labels (B,)."""
        self._losses.append(output.loss.clone() if output.fixed else output.loss)
        self._sizes.append(len(labels))
        if output.terms is not None:
            self._terms += output.terms.double() * len(labels)
        if output.logits is not None:
            self._outputs.append((output.logits.clone() if output.fixed else output.logits, output.labels_or(labels)))
            self._classified += len(labels)
        self.n += len(labels)
        if len(self._losses) == SUMMED_AT_ONCE:
            self._sum()

    def add_read(
        self, losses: Sequence[float], hits: Sequence[float] | None, terms: Sequence[Sequence[float]], size: int
    ) -> None:
        """Add batches of equal size whose results were already read: losses, hits and terms of each batch.

        They are added one by one, so that the sums do not depend on how many are added together.
        """
        total, means = float(self._loss), self._terms.tolist()
        for loss in losses:
            total += loss * size
        for some in terms if means else ():
            means = [mean + term * size for mean, term in zip(means, some, strict=True)]
        self._loss.fill_(total)
        self._terms.copy_(torch.tensor(means, dtype=torch.float64))
        if hits is not None:
            self._hits += int(sum(hits))
            self._classified += len(losses) * size
        self.n += len(losses) * size

    def _sum(self) -> None:
        losses, sizes = torch.stack(self._losses), set(self._sizes)
        # Sizes are Python numbers: a tensor of them would have to be copied to the device.
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
        """Return the metrics so far. Waits for the device."""
        if self._losses:
            self._sum()
        if self._window:
            self._window = [torch.cat(self._window)]
        terms = dict(zip(self._names, (self._terms / self.n).tolist(), strict=True))
        accuracy = int(self._hits) / self._classified if self._classified else None
        return Metrics(float(self._loss) / self.n, accuracy, self.n, terms)

    def accept(self) -> None:
        """Forget the losses of single batches, which are all finite."""
        self._window = []

    def first_bad(self) -> int | None:
        """Return the first batch, from 0, since the last ``accept`` whose loss is not finite. Waits for the device."""
        losses = torch.cat([self._loss.new_zeros(0), *self._window, *(loss.reshape(1) for loss in self._losses)])
        bad = torch.nonzero(~losses.isfinite())
        return int(bad[0]) if len(bad) else None

    def state(self) -> dict[str, Any]:
        """Return the whole state, for a checkpoint. Waits for the device."""
        self._count()  # integers: their sum is the same in any order
        return {
            "loss": self._loss,
            "hits": self._hits,
            "classified": self._classified,
            "terms": self._terms,
            "waiting": list(self._losses),
            "sizes": list(self._sizes),
            "window": list(self._window),
            "n": self.n,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Load the ``state`` of another object. Raises ValueError if it is not valid."""
        device = self._loss.device
        loss, hits = state["loss"].detach(), state["hits"].detach()
        waiting, window = ([one.detach() for one in state[name]] for name in ("waiting", "window"))
        sizes, n = [int(size) for size in state["sizes"]], int(state["n"])
        terms, classified = state["terms"].detach(), int(state["classified"])
        scalars = all(one.dim() == 0 for one in (loss, hits, *waiting)) and all(one.dim() == 1 for one in window)
        if not (
            scalars
            and terms.shape == self._terms.shape
            and classified in (0, n)
            and len(waiting) == len(sizes)
            and all(1 <= size <= n for size in sizes)
        ):
            raise ValueError("the sums have another form")
        self._loss, self._hits = loss.to(device, torch.float64), hits.to(device, torch.int64)
        self._terms, self._classified = terms.to(device, torch.float64), classified
        self._losses, self._sizes = [loss.to(device) for loss in waiting], sizes
        self._window = [losses.to(device) for losses in window]
        self.n = n
