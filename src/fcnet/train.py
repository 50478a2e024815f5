"""Training and evaluation of gradient-trained nets: ``fit`` -> epoch -> step, and ``predict``.

The loop yields records; it prints nothing and knows no paths. Between two logged steps nothing waits for the device.
"""

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from fcnet import backprop, optim
from fcnet.data import Batches, ImageFolder, Splits
from fcnet.errors import DivergedError
from fcnet.metrics import EpochRecord, Metrics, Record, Start, StepRecord, Sums, Tick
from fcnet.models import weight_matrices
from fcnet.objective import Classify
from fcnet.schema import Train

# Images per batch where no gradient is needed: 3 MB of pixels, which stay in a CPU's cache.
EVALUATION_BATCH = 1000


def fit(model: nn.Module, splits: Splits, settings: Train, seed: int) -> Generator[Record, None, None]:
    """Train a model in place.

    Args:
        model: on the device of the images.
        splits: resident on their device.
        settings: the config's ``train``.
        seed: of the order of the images; the model's weights and dropout come from torch's global generator.

    Yields:
        a ``Start``, a ``Tick`` or ``StepRecord`` after each step, an ``EpochRecord`` after each epoch.

    Raises:
        DivergedError: a loss or gradient was not finite.

    However it ends, also when it is closed between two steps, the model has finite weights: the present ones, or the
    last good ones.
    """
    training = Training.begin(model, splits.train, settings, seed)
    yield Start(training.gradients.name)
    try:
        for epoch in range(1, settings.epochs + 1):
            started = time.perf_counter()
            train = yield from training.epoch(epoch)
            seconds = time.perf_counter() - started
            held_out = {name: evaluate(model, split) for name, split in splits.items() if name != "train"}
            training.check_outputs(epoch, held_out)
            yield EpochRecord(epoch, train, held_out.get("validation"), held_out.get("test"), seconds)
    finally:
        training.good.settle()


@dataclass(eq=False)
class Training:
    """What stays the same over the steps of one training."""

    model: nn.Module
    images: ImageFolder
    settings: Train
    seed: int
    gradients: backprop.Gradients
    optimizer: optim.Optimizer
    good: "LastGood"

    @classmethod
    def begin(cls, model: nn.Module, images: ImageFolder, settings: Train, seed: int) -> "Training":
        """A training before its first step."""
        gradients = backprop.choose(model, Classify(settings.label_smoothing), settings.precision)
        optimizer = optim.build(settings.optimizer, model)
        return cls(model, images, settings, seed, gradients, optimizer, LastGood(model, optimizer.tensors()))

    def epoch(self, epoch: int) -> Generator[Tick | StepRecord, None, Metrics]:
        """One pass over the images; returns its figures."""
        self.model.train()
        device = self.images.images.device
        order = epoch_order(len(self.images), self.seed, epoch, device)
        batches = Batches(self.images, self.settings.batch_size, order)
        steps, sums, logged = len(batches), Sums(device), Metrics(0.0, 0.0, 0)
        since = time.perf_counter()
        for step, (pixels, labels) in enumerate(batches, 1):
            lr = self.lr((epoch - 1) * steps + step - 1, steps)
            loss, logits = self.step(pixels, labels, lr)
            sums.add(loss, logits, labels)
            if step % self.settings.log_every and step < steps:
                yield Tick(epoch, step, steps)
                continue
            so_far = sums.reduce()
            self.good.check(so_far.loss, epoch, step)
            recent, now = so_far.loss_since(logged), time.perf_counter()
            speed = (so_far.n - logged.n) / (now - since)
            yield StepRecord(epoch, step, steps, float(loss), recent, so_far.accuracy, lr, speed)
            since, logged = time.perf_counter(), so_far
        return sums.reduce()

    def lr(self, step: int, steps_per_epoch: int) -> float:
        """The learning rate of a step of the whole training, counted from 0."""
        steps = self.settings.epochs * steps_per_epoch
        return optim.lr_at(step, steps, steps_per_epoch, self.settings.optimizer.lr, self.settings.schedule)

    def step(self, pixels: Tensor, labels: Tensor, lr: float) -> tuple[Tensor, Tensor]:
        """One step on pixels (B, D) and labels (B,); returns its loss () and logits (B, C)."""
        loss, logits = self.gradients(pixels, labels)
        if self.settings.l2:
            loss = loss + self.shrink(self.settings.l2)
        if self.settings.clip_grad_norm is not None:
            norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_grad_norm)
            # A norm that overflows would scale the whole gradient to 0: x - x is 0, or NaN where x is not finite.
            loss = loss + (norm - norm)
        self.optimizer.step(lr)
        return loss, logits

    def check_outputs(self, epoch: int, held_out: dict[str, Metrics]) -> None:
        """Raise DivergedError where the weights after an epoch's last step give no finite loss."""
        looked_at = list(held_out.values())
        if not looked_at:
            some = torch.arange(min(EVALUATION_BATCH, len(self.images)), device=self.images.images.device)
            looked_at = [evaluate(self.model, self.images.subset(some))]
        if not all(math.isfinite(metrics.loss) for metrics in looked_at):
            self.good.restore(f"after epoch {epoch}")

    @torch.no_grad()
    def shrink(self, l2: float) -> Tensor:
        """Add the gradient of (l2 / 2) * sum of squared weights, the slides' structural risk; returns its value ()."""
        matrices = weight_matrices(self.model)
        for matrix in matrices:
            assert matrix.grad is not None
            matrix.grad.add_(matrix, alpha=l2)
        return 0.5 * l2 * torch.stack([matrix.square().sum() for matrix in matrices]).sum()


class LastGood:
    """The weights of a logged step, to go back to when a loss or a gradient is not finite.

    Nothing is read from the device between two logged steps, and nothing need be: a loss that is not finite stays in
    the sum of losses, and a gradient that is not finite stays in the weights or in the optimiser's averages, for no
    optimiser brings them back from NaN or infinity. So all are looked at once per logged step.

    Weights are good when the steps after them had finite losses. Those of the present logged step are finite, but not
    known to be good: they wait as candidates until the next one.
    """

    def __init__(self, model: nn.Module, optimizer_state: Sequence[Tensor]) -> None:
        self._weights = [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
        self._state = optimizer_state
        self._good = [tensor.clone() for tensor in self._weights]
        self._candidate = [tensor.clone() for tensor in self._weights]
        self._good_step = self._candidate_step = "the start"

    def check(self, loss: float, epoch: int, step: int) -> None:
        """Look at the mean loss and the weights at a logged step. Raises DivergedError where one is not finite."""
        place = f"epoch {epoch}, step {step}"
        if not (math.isfinite(loss) and _all_finite([*self._weights, *self._state])):
            self.restore(f"{place} or shortly before")
        self._good, self._candidate = self._candidate, self._good
        self._good_step, self._candidate_step = self._candidate_step, place
        _copy(self._weights, self._candidate)

    def restore(self, where: str) -> NoReturn:
        """Put the good weights back and raise DivergedError."""
        _copy(self._good, self._weights)
        raise DivergedError(
            f"{where}: the loss or a gradient is not finite; lower train.optimizer.lr, or set train.clip_grad_norm; the"
            f" weights of {self._good_step} are kept"
        )

    def settle(self) -> None:
        """Put the good weights back where the present ones are not finite."""
        if not _all_finite(self._weights):
            _copy(self._good, self._weights)


def _copy(source: Sequence[Tensor], target: Sequence[Tensor]) -> None:
    for a, b in zip(source, target, strict=True):
        b.copy_(a)


def _all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether all elements of all tensors are finite. Waits for the device."""
    return bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all())


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
