"""Training by gradients: ``fit`` -> epoch -> step.

The loop yields records; it prints nothing and knows no paths. Between two logged steps, nothing waits for the device.
"""

import math
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from fcnet.config.train import Train
from fcnet.data.batches import Batches, epoch_order, grouped_order
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.errors import ConfigError, DivergedError
from fcnet.system.text import few
from fcnet.training.dark_pixels import narrow, take
from fcnet.training.evaluate import evaluate, evaluate_some
from fcnet.training.last_good import LastGood, copy
from fcnet.training.metrics import Metrics, Output, RunningMetrics
from fcnet.training.objective import Classify, Objective
from fcnet.training.optim.schedules import lr_at
from fcnet.training.randomness import Randomness, connect
from fcnet.training.records import EpochRecord, Record, Start, StepRecord, Tick
from fcnet.training.steps import step as steps
from fcnet.training.threads.giving_way import giving_way


def fit(training: "GradientTraining") -> Generator[Record, None, None]:
    """Train to the last epoch, from the current step on.

    Yields:
        a ``Start``, a ``Tick`` or ``StepRecord`` after each step, an ``EpochRecord`` after each epoch. At each of them
        ``training.state()`` is complete: a training that loads it continues as this one does.

    Raises:
        DivergedError: a loss or gradient was not finite.

    However it ends, even if it is closed between two steps, the model has finite weights: the current or the last good
    ones.
    """
    yield Start(training.step_name, training.epochs)
    try:
        while not training.finished:
            train = yield from training.rest_of_epoch()
            others = {name: split for name, split in training.splits.items() if name != "train"}
            held_out = {name: training.evaluate(split) for name, split in others.items()}
            training.check_outputs(held_out)
            epoch, seconds = training.epoch, training.seconds
            training.next_epoch()
            yield EpochRecord(epoch, train, held_out.get("validation"), held_out.get("test"), seconds)
    finally:
        training.settle()


class GradientTraining:
    """The state of a training between two steps.

    Args:
        model: on the device of the images.
        splits: resident on their device.
        settings: the config's ``train``.
        seed: of the order of the images, dropout and noise.
        objective: what to minimise; classification by default.
        randomness: the streams of dropout and noise; those of ``seed`` by default.

    Attributes:
        epoch: the current epoch, from 1.
        step: steps done in it.
        seconds: time that they took, without evaluation.
    """

    def __init__(
        self,
        model: nn.Module,
        splits: Splits,
        settings: Train,
        seed: int,
        objective: Objective | None = None,
        randomness: Randomness | None = None,
    ) -> None:
        check_batch_norm(model, settings.batch_size, len(splits.train))
        self._whole, self.splits, self.settings, self.seed = model, splits, settings, seed
        self._images = splits.train
        self.objective = objective or Classify(settings.label_smoothing)
        self._net, self._narrow = model, None
        pixels = splits.train.images.flatten(1)
        if objective is None and not (shrinks(settings) or splits.train.mapped):
            self._narrow = narrow(model, pixels)
        if self._narrow:
            self._net = self._narrow.net
            self._images = replace(splits.train, images=take(pixels, self._narrow.inputs)[:, None])
        self.randomness = randomness or Randomness(seed, self._device)
        connect(self._net, self.randomness)
        self.stepper = steps.build(self._net, self.objective.drawing_from(self.randomness), settings)
        self.good = LastGood(self._net, self.stepper.tensors())
        self.epoch = 0
        self.next_epoch()

    @property
    def model(self) -> nn.Module:
        """Return the whole net with the current weights."""
        if self._narrow:
            self._narrow.publish()
        return self._whole

    @property
    def step_name(self) -> str:
        """Return how a step is computed, and why."""
        if self._narrow is None:
            return self.stepper.name
        pixels, used = math.prod(self.splits.train.size), len(self._narrow.inputs)
        return f"{self.stepper.name}; {used} of {pixels} pixels (all others are black in all training images)"

    def settle(self) -> None:
        """Leave the net with finite weights: the current ones, or the last good ones."""
        self.good.settle()
        if self._narrow:
            self._narrow.publish()

    def next_epoch(self) -> None:
        """Go to the first step of the next epoch."""
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self._sums = RunningMetrics(self._device, self.objective.terms)
        self._logged = Metrics(0.0, 0.0, 0)  # the sums at the last logged step

    def records(self) -> Generator[Record, None, None]:
        """Train to the last epoch, as ``fit`` does."""
        return giving_way(self, fit(self))

    def place(self) -> str:
        """Describe the current step in words."""
        if self.step:
            return f"after epoch {self.epoch}, step {self.step}"
        return f"after epoch {self.epoch - 1}" if self.epoch > 1 else "before the first step"

    def facts(self) -> dict[str, Any]:
        """Return further entries for result.json: none."""
        return {}

    @property
    def epochs(self) -> int:
        """Return the number of epochs in all."""
        return self.settings.epochs

    @property
    def save_every(self) -> float | None:
        """Return the seconds between two checkpoints; None if they are not set."""
        return self.settings.save_every

    @property
    def smaller(self) -> str:
        """Return the setting to reduce if memory runs out, and its value."""
        return f"train.batch_size: is {self.settings.batch_size}"

    @property
    def finished(self) -> bool:
        """Return whether all epochs are done."""
        return self.epoch > self.settings.epochs

    @property
    def steps(self) -> int:
        """Return the number of steps of an epoch."""
        return -(-len(self.splits.train) // self.settings.batch_size)

    @property
    def _device(self) -> torch.device:
        return self.splits.train.labels.device

    def rest_of_epoch(self) -> Generator[Tick | StepRecord, None, Metrics]:
        """Do the remaining steps of an epoch; return the metrics of the whole epoch."""
        self._net.train()
        images = self._images
        before, started = self.seconds, time.perf_counter()
        since, seen = started, self._sums.n  # at the last logged step, or at the first step since the start or resume
        for pixels, labels in images.batches(self.settings.batch_size, self.order(), self.step, self.stepper.dtype):
            lr = self.lr(self.step)
            output = self.advance(pixels, labels, lr)
            self._sums.add(output, labels)
            self.step += 1
            if self.step % self.settings.log_every and self.step < self.steps:
                yield Tick(self.epoch, self.step, self.steps)
                continue
            so_far, last = self._sums.reduce(), self._logged
            self.check_step(so_far)
            now = time.perf_counter()
            self.seconds, self._logged = before + now - started, so_far
            recent, speed = so_far.loss_since(last), (so_far.n - seen) / (now - since)
            yield StepRecord(self.epoch, self.step, self.steps, float(output.loss), recent, so_far.accuracy, lr, speed)
            since, seen = time.perf_counter(), so_far.n
        return self._sums.reduce()

    def sample(self, most: int) -> Batches:
        """Return some whole batches of this epoch, and one of the size of its last batch; ``most`` in all."""
        n, size = len(self._images), self.settings.batch_size
        some = min(most - 1, n // size) * size + n % size
        return self._images.batches(size, self.order()[:some], 0, self.stepper.dtype)

    def order(self) -> Tensor:
        """Return the order (N,) of the images in this epoch, on their device."""
        images = self._images
        if images.mapped:
            return grouped_order(len(images), self.seed, self.epoch, images.images[0].nbytes)
        return epoch_order(len(images), self.seed, self.epoch).to(images.images.device)

    def lr(self, step: int) -> float:
        """Return the learning rate of a step of this epoch, counted from 0."""
        so_far, steps = (self.epoch - 1) * self.steps + step, self.settings.epochs * self.steps
        return lr_at(so_far, steps, self.steps, self.settings.optimizer.lr, self.settings.schedule)

    def advance(self, pixels: Tensor, labels: Tensor, lr: float) -> Output:
        """Take one step on pixels (B, D) and labels (B,) with a learning rate."""
        return self.stepper(pixels, labels, torch.tensor(lr, dtype=torch.float64))

    def evaluate(self, split: ImageFolder) -> Metrics:
        """Return the metrics of the net over the images of a split."""
        return evaluate(self.model, split, self.objective)

    def check_step(self, so_far: Metrics) -> None:
        """Check a logged step. Raises DivergedError if a loss, a weight or an average is not finite."""
        if not self.good.accept(so_far.loss, f"epoch {self.epoch}, step {self.step}"):
            self._diverged_at(self._sums.first_bad())
        self._sums.accept()

    def check_now(self) -> None:
        """Check between two logged steps, without affecting their checks. Raises DivergedError as they would."""
        bad = self._sums.first_bad()
        if bad is not None or not self.good.is_finite():
            self._diverged_at(bad)

    def _diverged_at(self, bad: int | None) -> NoReturn:
        """Raise DivergedError for a batch since the last logged step, from 0; None if the losses do not show which."""
        logged = self._logged.n // self.settings.batch_size  # only an epoch's last batch is smaller
        if bad is None:
            self._diverged(self.step, "a gradient")
        self._diverged(logged + bad + 1, "the loss")

    def check_outputs(self, held_out: dict[str, Metrics]) -> None:
        """Raise DivergedError if the weights after an epoch's last step give no finite loss."""
        looked_at = list(held_out.values())
        if not looked_at:
            looked_at = [evaluate_some(self.model, self.splits.train, self.objective)]
        if not all(math.isfinite(metrics.loss) for metrics in looked_at):
            self._diverged(self.steps, "the loss after it")

    def _diverged(self, step: int, what: str) -> NoReturn:
        """Restore the last good weights and raise DivergedError."""
        self.good.restore()
        lr, size = self.lr(step - 1), self.settings.batch_size
        batch = self.order()[(step - 1) * size : step * size].tolist()
        shown = few(batch, 10)
        raise DivergedError(
            f"epoch {self.epoch}, step {step} (lr {lr:g}; {len(batch)} training images, numbers {shown}): {what} is not"
            " finite; lower train.optimizer.lr, or set train.clip_grad_norm; the weights of"
            f" {self.good.place} are kept",
            facts={"epoch": self.epoch, "step": step, "lr": lr, "images": batch},
        )

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, except the config and the images.

        The tensors are the training's own, not copies of them. Waits for the device.
        """
        return {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "model": dict(self.model.state_dict()),
            "optimizer": self.stepper.tensors(),
            "good": self.good.state(),
            "sums": self._sums.state(),
            "logged": self._logged.to_dict(),
            "randomness": self.randomness.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Load the state of another training with the same config and images.

        Raises:
            LookupError, TypeError, ValueError, RuntimeError, ArithmeticError: the state is not valid.
        """
        epoch, step, n = int(state["epoch"]), int(state["step"]), int(state["sums"]["n"])
        last = self.steps if epoch <= self.settings.epochs else 0
        seen = min(step * self.settings.batch_size, len(self.splits.train))
        seconds = float(state["seconds"])
        known = 1 <= epoch <= self.settings.epochs + 1 and 0 <= step <= last and n == seen
        if not (known and math.isfinite(seconds)):
            raise ValueError(f"epoch {epoch}, step {step}, after {n} images and {seconds} seconds")
        self._whole.load_state_dict(state["model"])
        if self._narrow:
            self._narrow.take_up()
        copy(state["optimizer"], self.stepper.tensors())
        self.good.load(state["good"])
        self.epoch, self.step, self.seconds = epoch, step, seconds
        self._sums = RunningMetrics(self._device, self.objective.terms)
        self._sums.load(state["sums"])
        self._logged = Metrics.of_dict(state["logged"])
        self.randomness.load(dict(state["randomness"]))


def shrinks(settings: Train) -> bool:
    """Return whether weights change even without a gradient."""
    return bool(settings.l2 or getattr(settings.optimizer, "weight_decay", 0.0))


def check_batch_norm(model: nn.Module, batch: int, n: int) -> None:
    """Raise ConfigError if one of the batches of n images is a single image, which batch norm cannot normalise."""
    if 1 in (batch, n % batch) and any(isinstance(module, nn.BatchNorm1d) for module in model.modules()):
        raise ConfigError(
            f"train.batch_size: is {batch}; of {n} training images the last batch is one image, which batch norm cannot"
            " normalise; choose another size"
        )
