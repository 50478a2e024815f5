"""Training and evaluation of gradient-trained nets: ``fit`` -> epoch -> step, and ``predict``.

The loop yields records; it prints nothing and knows no paths. Between two logged steps nothing waits for the device.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fcnet import optim
from fcnet.data import Batches, ImageFolder, Splits
from fcnet.errors import DivergedError
from fcnet.metrics import EpochRecord, Metrics, Record, StepRecord, Sums, Tick
from fcnet.models import weight_matrices
from fcnet.objective import Classify
from fcnet.schema import Train

# Images per batch where no gradient is needed: 3 MB of pixels, which stay in a CPU's cache.
EVALUATION_BATCH = 1000


def fit(model: nn.Module, splits: Splits, settings: Train, seed: int) -> Iterator[Record]:
    """Train a model in place.

    Args:
        model: on the device of the images.
        splits: resident on their device.
        settings: the config's ``train``.
        seed: of the order of the images; the model's weights and dropout come from torch's global generator.

    Yields:
        a ``Tick`` or ``StepRecord`` after each step, an ``EpochRecord`` after each epoch.

    Raises:
        DivergedError: a loss or gradient was not finite; the model has the weights of the step before.
    """
    training = Training.begin(model, splits.train, settings, seed)
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        train = yield from training.epoch(epoch)
        seconds = time.perf_counter() - started
        held_out = {name: evaluate(model, split) for name, split in splits.items() if name != "train"}
        yield EpochRecord(epoch, train, held_out.get("validation"), held_out.get("test"), seconds)


@dataclass(eq=False)
class Training:
    """What stays the same over the steps of one training."""

    model: nn.Module
    images: ImageFolder
    settings: Train
    seed: int
    objective: Classify
    optimizer: torch.optim.Optimizer
    guard: "Guard"

    @classmethod
    def begin(cls, model: nn.Module, images: ImageFolder, settings: Train, seed: int) -> "Training":
        """A training before its first step."""
        optimizer = optim.build(settings.optimizer, model)
        objective = Classify(settings.label_smoothing)
        return cls(model, images, settings, seed, objective, optimizer, Guard(model, optimizer))

    def epoch(self, epoch: int) -> Generator[Tick | StepRecord, None, Metrics]:
        """One pass over the images; returns its figures."""
        self.model.train()
        device = self.images.images.device
        order = epoch_order(len(self.images), self.seed, epoch, device)
        batches = Batches(self.images, self.settings.batch_size, order)
        steps, sums, interval = len(batches), Sums(device), Sums(device)
        since = time.perf_counter()
        for step, (pixels, labels) in enumerate(batches, 1):
            lr = self.set_lr((epoch - 1) * steps + step - 1, steps)
            loss, logits = self.step(pixels, labels)
            sums.add(loss, logits, labels)
            interval.add(loss, logits, labels)
            if step % self.settings.log_every and step < steps:
                yield Tick(epoch, step, steps)
                continue
            self.guard.check(epoch, steps)
            now, recent = time.perf_counter(), interval.reduce()
            speed = recent.n / (now - since)
            yield StepRecord(epoch, step, steps, float(loss), recent.loss, sums.reduce().accuracy, lr, speed)
            since, interval = time.perf_counter(), Sums(device)
        return sums.reduce()

    def set_lr(self, step: int, steps_per_epoch: int) -> float:
        """Give the optimiser the learning rate of a step of the whole training, counted from 0."""
        steps = self.settings.epochs * steps_per_epoch
        lr = optim.lr_at(step, steps, steps_per_epoch, self.settings.optimizer.lr, self.settings.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def step(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step on pixels (B, D) and labels (B,); returns its loss () and logits (B, C), detached."""
        with self.autocast(pixels.device):
            logits = self.model(pixels)
        loss = self.objective.loss(logits, labels)
        if self.settings.l2:
            squares = [matrix.square().sum() for matrix in weight_matrices(self.model)]
            loss = loss + 0.5 * self.settings.l2 * torch.stack(squares).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.guard.update(loss.detach(), self.clip())
        self.optimizer.step()
        return loss.detach(), logits.detach()

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """bf16 matrix products where the config asks for them."""
        if self.settings.precision == "fp32":
            return nullcontext()
        return torch.autocast(device.type, torch.bfloat16)

    def clip(self) -> Tensor:
        """Norm () of the gradient over all parameters, which is scaled down to the config's limit if it has one."""
        parameters = optim.parameters(self.optimizer)
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if self.settings.clip_grad_norm is not None:
            nn.utils.clip_grads_with_norm_(parameters, self.settings.clip_grad_norm, norm)
        return norm


class Guard:
    """Stops the weights at the first step whose loss or gradient is not finite, without waiting for the device.

    The flag stays on the device. The fused optimisers take it as ``found_inf`` (what ``torch.amp.GradScaler`` uses)
    and leave the weights alone while it is 1; it never returns to 0. ``check`` reads it, once per logged step.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        device = next(model.parameters()).device
        self._found = torch.zeros((), device=device)
        self._good_steps = torch.zeros((), device=device)
        self._optimizer = optimizer
        # Batch norm's averages are written by the forward pass, before a step can be refused.
        self._buffers = list(model.buffers())
        self._saved = [buffer.clone() for buffer in self._buffers]

    def update(self, loss: Tensor, norm: Tensor) -> None:
        """Look at the loss () and the norm of the gradient () of a step, before the optimiser takes it."""
        finite = torch.isfinite(loss + norm)
        self._found = torch.maximum(self._found, (~finite).to(self._found.dtype))
        self._good_steps += 1 - self._found
        self._optimizer.found_inf = self._found  # type: ignore[attr-defined]

    def check(self, epoch: int, steps_per_epoch: int) -> None:
        """Raise DivergedError if a step was refused."""
        if not self._found:
            self._saved = [buffer.clone() for buffer in self._buffers]
            return
        for buffer, saved in zip(self._buffers, self._saved, strict=True):
            buffer.copy_(saved)
        step = int(self._good_steps) - (epoch - 1) * steps_per_epoch + 1
        lr = self._optimizer.param_groups[0]["lr"]
        raise DivergedError(
            f"epoch {epoch}, step {step}: the loss or its gradient is not finite (learning rate {lr:g}); lower"
            " train.optimizer.lr, or set train.clip_grad_norm; the weights before that step are kept"
        )


def epoch_order(n: int, seed: int, epoch: int, device: torch.device) -> Tensor:
    """The order (n,) of an epoch's images: a permutation that depends on seed and epoch alone."""
    mixed = np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(mixed))
    return torch.randperm(n, generator=generator).to(device)


@torch.inference_mode()
def predict(model: nn.Module, split: ImageFolder) -> Tensor:
    """Logits (N, C) of all images of a split, on its device, in fp32."""
    model.eval()
    return torch.cat([model(pixels) for pixels, _ in Batches(split, EVALUATION_BATCH)])


def evaluate(model: nn.Module, split: ImageFolder) -> Metrics:
    """Figures of a model over all images of a split, without label smoothing or l2."""
    return Metrics.of(predict(model, split), split.labels)
