"""Training by gradients: ``fit`` -> epoch -> step.

The loop yields records; it prints nothing and knows no paths. Between two logged steps, nothing waits for the device.
"""

import math
import time
from collections.abc import Generator
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from fcnet.config.data import Augment
from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.system.sinks import Message
from fcnet.training.dark_pixels import Whole, trained
from fcnet.training.evaluate import evaluate, evaluate_some
from fcnet.training.gpu import epoch as gpu
from fcnet.training.last_good import LastGood, copy
from fcnet.training.metrics import Metrics, Output, RunningMetrics
from fcnet.training.objective import Objective, classification
from fcnet.training.optim.after import Average
from fcnet.training.randomness import Randomness, connect
from fcnet.training.records import EpochRecord, Pause, Record, Start, StepRecord, Tick
from fcnet.training.steps import step as steps
from fcnet.training.steps.epoch_images import EpochImages
from fcnet.training.steps.plan import Plan
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
    training.choose_step()
    yield Start(training.step_name, training.epochs)
    yield from training.news
    try:
        while not training.finished:
            train = yield from training.rest_of_epoch()
            held_out = {name: training.evaluate(split) for name, split in training.splits.items() if name != "train"}
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
        augment: how the training images are changed in each epoch; not at all by default.

    Attributes:
        epoch, step: the current epoch, from 1, and the steps done in it.
        seconds: time that they took, without evaluation.
        steps: of an epoch.
        shown: the images of each epoch.
    """

    def __init__(
        self,
        model: nn.Module,
        splits: Splits,
        settings: Train,
        seed: int,
        objective: Objective | None = None,
        randomness: Randomness | None = None,
        augment: Augment | None = None,
    ) -> None:
        steps.check_batch_norm(model, settings.batch_size, len(splits.train))
        self._whole, self.splits, self.settings, self.seed = model, splits, settings, seed
        self.objective = objective or classification(settings)
        self.shown = EpochImages(splits, augment, seed)
        self._twin, self.images = Whole(model), self.shown.images
        if objective is None and not self.shown.change:  # augmentation may light any pixel
            self._twin, self.images = self._trained()
        self._net = self._twin.net
        self._average = None if settings.average is None else Average(self._net, settings.average)
        self.randomness = randomness or Randomness(seed, self._device)
        connect(self._net, self.randomness)
        self.stepper = steps.build(self._net, self.objective.drawing_from(self.randomness), settings, self._average)
        self.plan = Plan(self.images, settings, seed)
        self.steps = self.plan.steps
        self._bursts: gpu.InBursts | None = None
        self._began: str | None = None  # how the steps of a resumed training were taken
        self._how = self.stepper.name
        self.good = LastGood(self._net, self.stepper.tensors())
        self.epoch = 0
        self.next_epoch()
        if gpu.demanded(settings):  # a refusal comes before anything is written
            self.choose_step()

    @property
    def model(self) -> nn.Module:
        """Return the whole net with the current weights, or with their average, if there is one."""
        return self.unaveraged if self._average is None else self._average.net

    @property
    def unaveraged(self) -> nn.Module:
        """Return the whole net with the current weights."""
        self._twin.publish()
        return self._whole

    @property
    def step_name(self) -> str:
        """Return how a step is computed, and why."""
        return f"{self._how}{self._twin.said}{self.shown.said}"

    def _trained(self) -> tuple[Whole, ImageFolder]:
        return trained(self._whole, self.shown.images, self.settings)

    def settle(self) -> None:
        """Leave the net with finite weights: the current ones, or the last good ones."""
        self.good.settle()
        self._twin.publish()
        if self._average is not None:
            self._average.settle()

    def next_epoch(self) -> None:
        """Go to the first step of the next epoch."""
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self.sums = self._no_sums()
        self.logged = Metrics(0.0, 0.0, 0)  # the sums at the last logged step

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
    def _device(self) -> torch.device:
        return self.splits.train.labels.device

    def _no_sums(self) -> RunningMetrics:
        device = torch.device("cpu") if self._bursts else self._device  # what bursts add was read from the GPU
        return RunningMetrics(device, self.objective.terms)

    def rest_of_epoch(self) -> Generator[Pause | Tick | StepRecord | Message, None, Metrics]:
        """Do the remaining steps of an epoch; return the metrics of the whole epoch."""
        yield from self._augment()
        self._net.train()
        if self._bursts is not None:
            return (yield from self._bursts.rest_of_epoch(self))
        before, started = self.seconds, time.perf_counter()
        since, seen = started, self.sums.n  # at the last logged step, or at the first step since the start or resume
        for pixels, labels in self.images.batches(
            self.settings.batch_size, self.plan.order(self.epoch), self.step, self.stepper.dtype
        ):
            lr = self.lr(self.step)
            output = self.advance(pixels, labels, lr)
            self.sums.add(output, labels)
            self.step += 1
            if self.step % self.settings.log_every and self.step < self.steps:
                yield Tick(self.epoch, self.step, self.steps)
                continue
            so_far, last = self.sums.reduce(), self.logged
            self.check_step(so_far)
            now = time.perf_counter()
            self.seconds, self.logged = before + now - started, so_far
            recent, speed = so_far.loss_since(last), (so_far.n - seen) / (now - since)
            yield StepRecord(self.epoch, self.step, self.steps, float(output.loss), recent, so_far.accuracy, lr, speed)
            since, seen = time.perf_counter(), so_far.n
        return self.sums.reduce()

    def _augment(self) -> Generator[Pause, None, None]:
        """Make the training images of the current epoch."""
        before, started = self.seconds, time.perf_counter()
        for done in self.shown.make(self.epoch):
            self.seconds = before + time.perf_counter() - started
            yield Pause(self.epoch, done)

    def lr(self, step: int) -> float:
        """Return the learning rate of a step of this epoch, counted from 0."""
        return self.plan.lr(self.epoch, step)

    def advance(self, pixels: Tensor, labels: Tensor, lr: float) -> Output:
        """Take one step on pixels (B, D) and labels (B,) with a learning rate."""
        return self.stepper(pixels, labels, torch.tensor(lr, dtype=torch.float64))

    def evaluate(self, split: ImageFolder) -> Metrics:
        """Return the metrics of the net over the images of a split."""
        return evaluate(self.model, split, self.objective)

    def check_step(self, so_far: Metrics) -> None:
        """Check a logged step. Raises DivergedError if a loss, a weight or an average is not finite."""
        if not self.good.accept(so_far.loss, f"epoch {self.epoch}, step {self.step}"):
            self._diverged_at(self.sums.first_bad())
        self.sums.accept()

    def choose_step(self) -> None:
        """Choose how steps are taken: on a GPU many at a time, if that gives what single steps give.

        Raises ConfigError if the config demands a way that cannot be used.
        """
        if self._bursts is None:
            self._bursts, self._how = gpu.start(self)
        self.news = gpu.changed(self._began, self._bursts)
        before, self.sums = self.sums, self._no_sums()
        self.sums.load(before.state())

    def check_burst(self, first: int, losses: list[float]) -> None:
        """Check steps of this epoch, from ``first`` on. Raises DivergedError as ``check_step`` does."""
        if not math.isfinite(sum(losses)):
            self._diverged(first + 1 + next(i for i, loss in enumerate(losses) if not math.isfinite(loss)), "the loss")
        if not self.good.accept(losses[-1], f"epoch {self.epoch}, step {self.step}"):
            self._diverged(self.step, "a gradient")

    def check_now(self) -> None:
        """Check between two logged steps, without affecting their checks. Raises DivergedError as they would."""
        bad = self.sums.first_bad()
        if bad is not None or not self.good.is_finite():
            self._diverged_at(bad)

    def _diverged_at(self, bad: int | None) -> NoReturn:
        """Raise DivergedError for a batch since the last logged step, from 0; None if the losses do not show which."""
        logged = self.logged.n // self.settings.batch_size  # only an epoch's last batch is smaller
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
        size = self.settings.batch_size
        batch = self.plan.order(self.epoch)[(step - 1) * size : step * size].tolist()
        raise self.good.failure(self.epoch, step, self.lr(step - 1), batch, what)

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, except the config and the images.

        The tensors are the training's own, not copies of them. Waits for the device.
        """
        return {
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "model": dict(self.unaveraged.state_dict()),
            "optimizer": self.stepper.tensors(),
            "good": self.good.state(),
            "sums": self.sums.state(),
            "logged": self.logged.to_dict(),
            "step_kind": gpu.kind(self._bursts),
            "randomness": self.randomness.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Load the state of another training with the same config and images.

        Raises:
            LookupError, TypeError, ValueError, RuntimeError, ArithmeticError: the state is not valid.
        """
        epoch, step, seconds = int(state["epoch"]), int(state["step"]), float(state["seconds"])
        self.plan.check(epoch, step, int(state["sums"]["n"]), seconds)
        self._whole.load_state_dict(state["model"])
        self._twin.take_up()
        copy(state["optimizer"], self.stepper.tensors())
        self.good.load(state["good"])
        self.epoch, self.step, self.seconds = epoch, step, seconds
        self.sums = self._no_sums()
        self.sums.load(state["sums"])
        self.logged = Metrics.of_dict(state["logged"])
        self.randomness.load(dict(state["randomness"]))
        self._began = state.get("step_kind")
