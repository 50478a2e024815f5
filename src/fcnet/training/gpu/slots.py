"""Steps whose inputs and results have fixed places in memory, so that a CUDA graph can repeat them."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from fcnet.training.optim.optimizers import Optimizer
from fcnet.training.steps.step import EagerStep


@dataclass(frozen=True, eq=False)
class Images:
    """The training images, on the device.

    Attributes:
        pixels: uint8 (N, D).
        labels: int64 (N,).
        batch: images per step.
        change: whether the pixels are others in each epoch, in the same memory.
    """

    pixels: Tensor
    labels: Tensor
    batch: int
    change: bool = False

    def at(self, rows: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return pixels (B, D) in [0, 1] and labels (B,) of the images at some positions (B,)."""
        pixels = torch.index_select(self.pixels, 0, rows).to(dtype).div_(255)
        return pixels, torch.index_select(self.labels, 0, rows)


class Buffers:
    """Memory for the inputs and results of 2 n steps: n for a whole graph, and n for one of the steps that are left.

    Args:
        images: the training images.
        steps: n.
        terms: the number of the loss's terms, P.
        per_image: whether losses and hits are those of single images rather than means and sums over a batch.

    Attributes:
        order: positions of the images (2 n * batch,).
        lrs: learning rates (2 n,).
        rates: (2 n, 4), see ``updates.rates_of``.
        losses, hits: (2 n, batch) if ``per_image``, else (2 n, 1).
        terms: (2 n, P).
    """

    def __init__(self, images: Images, steps: int, terms: int, per_image: bool) -> None:
        device, width = images.pixels.device, images.batch if per_image else 1
        self.steps, self.batch, slots = steps, images.batch, 2 * steps
        self.order = torch.zeros(slots * images.batch, dtype=torch.int64, device=device)
        self.lrs = torch.zeros(slots, device=device)
        self.rates = torch.zeros(slots, 4, device=device)
        self.losses = torch.zeros(slots, width, device=device)
        self.hits = torch.zeros(slots, width, device=device)
        self.terms = torch.zeros(slots, terms, dtype=torch.float32, device=device)

    def rows(self, slot: int) -> Tensor:
        """Return the positions (B,) of a step's images."""
        return self.order[slot * self.batch : (slot + 1) * self.batch]


class Slots(Protocol):
    """A step that reads and writes buffers."""

    name: str
    buffers: Buffers
    optimizer: Optimizer
    counts: bool  # whether the optimiser counts its steps by itself

    def __call__(self, slot: int) -> None:
        """Take the step whose inputs are at a position of the buffers, and write its results there."""

    def settle(self) -> None:
        """Finish what a capture could not do."""


class TorchSlots:
    """The eager step of any net, unchanged.

    Args:
        step: the eager step.
        images: the training images.
        steps: how many fit into the buffers.
        terms: the number of the loss's terms.
    """

    counts = True

    def __init__(self, step: EagerStep, images: Images, steps: int, terms: int) -> None:
        self.name, self._step, self._images, self.optimizer = step.name, step, images, step.optimizer
        self.buffers = Buffers(images, steps, terms, per_image=False)

    def __call__(self, slot: int) -> None:
        """Take a step."""
        to = self.buffers
        pixels, labels = self._images.at(to.rows(slot), self._step.dtype)
        output = self._step(pixels, labels, to.lrs[slot])
        to.losses[slot].copy_(output.loss)
        if output.logits is not None:
            to.hits[slot].copy_((output.logits.argmax(1) == output.labels_or(labels)).sum())
        if output.terms is not None:
            to.terms[slot].copy_(output.terms)

    def settle(self) -> None:
        """Do nothing."""


class UpdatedSlots(TorchSlots):
    """The same with fcnet's own update of all parameters in one kernel."""

    counts = False

    def __init__(self, step: EagerStep, images: Images, steps: int, terms: int) -> None:
        from fcnet.training.gpu.updates import FusedUpdate

        super().__init__(step, images, steps, terms)
        self._update = FusedUpdate(step.optimizer, self.buffers.rates)
        self._step = step.updated_by(self._update)
        self.name = f"{step.name}, own update"

    def __call__(self, slot: int) -> None:
        """Take a step."""
        self._update.slot = slot
        super().__call__(slot)

    def settle(self) -> None:
        """Tell the update where the captured gradients are."""
        self._update.settle()
