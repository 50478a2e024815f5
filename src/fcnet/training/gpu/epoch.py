"""An epoch in bursts: many steps are launched together, and what they gave is read once for all of them."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.errors import ConfigError
from fcnet.system import text
from fcnet.system.sinks import Message
from fcnet.training.gpu import bursts
from fcnet.training.gpu.bursts import Problem
from fcnet.training.gpu.done import Unavailable
from fcnet.training.gpu.slots import Images
from fcnet.training.metrics import Metrics, Output
from fcnet.training.records import StepRecord, Tick

if TYPE_CHECKING:
    from fcnet.training.gpu.done import Burst, Done
    from fcnet.training.loop import GradientTraining

# Seconds that a burst takes at most, as far as the last one tells: a signal has to wait for its end.
LONGEST = 0.25
FIRST = 50  # steps of the first burst, whose time is not known

EAGERLY = "step by step"  # in checkpoints and warnings


@dataclass(frozen=True)
class Read:
    """The results of steps, on the host.

    Attributes:
        losses: of each step.
        hits: of each step.
        terms: of each step.
    """

    losses: list[float]
    hits: list[float]
    terms: list[list[float]]


class InBursts:
    """Takes the steps of a training in bursts.

    Args:
        burst: takes several steps of whole batches.
        images: the training images, on the device.
        classifies: whether hits are counted.
    """

    def __init__(self, burst: Burst, images: Images, classifies: bool) -> None:
        self._burst: Burst | None = burst
        self._images, self._classifies, self._most = images, classifies, FIRST

    def rest_of_epoch(self, training: GradientTraining) -> Generator[Tick | StepRecord | Message, None, Metrics]:
        """Do the remaining steps of an epoch, as the training's own method does.

        At a record of a step before the last one of a burst, the training is already further.
        """
        before, started = training.seconds, time.perf_counter()
        since, seen = started, training.sums.n
        while training.step < training.steps:
            first, began, burst = training.step, time.perf_counter(), self._burst
            read, sizes = self._take(training)
            if self._burst is not burst:
                yield Message("warning", f"step: {self._refused}; from here on, steps are computed one by one")
            now = time.perf_counter()
            self._most = in_time(len(sizes), now - began, burst.unit if burst else 1)
            training.step += len(sizes)
            training.seconds = before + now - started
            records: list[Tick | StepRecord] = list(self._records(training, first, read, sizes, seen, now - since))
            training.check_burst(first, read.losses)
            if records:
                since, seen = now, training.sums.n
            yield from records or [Tick(training.epoch, training.step, training.steps)]
        return training.sums.reduce()

    @property
    def kind(self) -> str:
        """Return how the steps are taken, for a checkpoint."""
        return EAGERLY if self._burst is None else self._burst.name

    def most(self) -> int:
        """Return the most steps of the next burst."""
        return self._most

    def _take(self, training: GradientTraining) -> tuple[Read, list[int]]:
        """Take some steps; return their results and the number of images of each."""
        size, n = training.settings.batch_size, len(training.splits.train)
        whole = n // size - training.step
        if whole > 0 and self._burst is not None:
            steps = min(whole, self.most())
            order, lrs = training.plan.of(training.epoch)
            rows = order[training.step * size : (training.step + steps) * size]
            try:
                done = self._burst(rows, lrs[training.step : training.step + steps])
            except Unavailable as error:  # another process may hold what it needs; nothing was computed
                self._burst, self._refused = None, str(error)
            else:
                training.plan.of(training.epoch + 1)  # meanwhile, for later
                return done_read(done), [size] * steps
        return self._one(training), [size if whole > 0 else n % size]

    def _one(self, training: GradientTraining) -> Read:
        """Take a single step, as on the last, smaller batch of an epoch."""
        order, size = training.plan.of(training.epoch)[0], training.settings.batch_size
        rows = order[training.step * size : (training.step + 1) * size]
        pixels, labels = self._images.at(rows, training.stepper.dtype)
        output = training.advance(pixels, labels, training.lr(training.step))
        return Read([float(output.loss)], [hits_of(output, labels)], [terms_of(output)])

    def _records(
        self, training: GradientTraining, first: int, read: Read, sizes: list[int], seen: int, seconds: float
    ) -> Iterator[StepRecord]:
        """Add the results to the sums; yield a record for each logged step among them."""
        every, begin, found = training.settings.log_every, 0, training.sums
        speed = (found.n + sum(sizes) - seen) / seconds
        for i in range(len(sizes)):
            step = first + i + 1
            if step % every and step < training.steps and i + 1 < len(sizes):
                continue
            part = slice(begin, i + 1)
            hits = read.hits[part] if self._classifies else None
            found.add_read(read.losses[part], hits, read.terms[part], sizes[i])
            begin = i + 1
            if step % every == 0 or step == training.steps:
                so_far, last = found.reduce(), training.logged
                training.logged = so_far
                recent, lr = so_far.loss_since(last), training.lr(step - 1)
                yield StepRecord(
                    training.epoch, step, training.steps, read.losses[i], recent, so_far.accuracy, lr, speed
                )


def done_read(done: Done) -> Read:
    """Return results on the host. Waits for the device."""
    rows = torch.cat([done.losses[:, None], done.hits[:, None], done.terms], 1).double().tolist()
    return Read([row[0] for row in rows], [row[1] for row in rows], [row[2:] for row in rows])


def in_time(steps: int, seconds: float, unit: int = 1) -> int:
    """Return how many steps fit into the longest burst, if so many took so many seconds: a multiple of ``unit``.

    If fewer than a unit fit, the unit is halved until it fits, so that lengths, for which a graph is captured, recur.
    """
    most = max(int(LONGEST * steps / max(seconds, 1e-9)), 1)
    while unit > most:
        unit //= 2
    return most // unit * unit


def hits_of(output: Output, labels: Tensor) -> float:
    """Return how many images of a batch are classified correctly; 0 if they are not classified."""
    return 0.0 if output.logits is None else float((output.logits.argmax(1) == output.labels_or(labels)).sum())


def terms_of(output: Output) -> list[float]:
    """Return the loss's terms."""
    return [] if output.terms is None else [float(term) for term in output.terms]


def start(training: GradientTraining) -> tuple[InBursts | None, str]:
    """Return what takes a training's steps in bursts, None if they are taken one by one; and how, in words.

    Args:
        training: between two steps.

    Raises:
        ConfigError: the config demands a way that cannot be used.
    """
    step, wanted = training.stepper, training.settings.step
    reason = one_by_one(training.images, training.settings)
    if reason is not None and demanded(training.settings):
        raise ConfigError(f"train.step: is {wanted}; {reason}; choose auto or eager")
    if reason is not None:
        return None, step.name if reason in (CPU, EAGER) else f"{step.name}; one by one: {reason}"
    problem = problem_of(training)
    choice = bursts.choose(problem, wanted)
    if choice.burst is None:
        return None, choice.name
    return InBursts(choice.burst, problem.images, training.objective.classifies), choice.name


def kind(bursts: InBursts | None) -> str:
    """Return how steps are taken, for a checkpoint."""
    return EAGERLY if bursts is None else bursts.kind


def changed(before: str | None, bursts: InBursts | None) -> list[Message]:
    """Return a warning if the steps of a resumed training were taken otherwise, on which the last bits depend."""
    if before in (None, kind(bursts)):
        return []
    return [Message("warning", text.changed("step", before, kind(bursts)))]


def problem_of(training: GradientTraining) -> Problem:
    """Return what a training's steps do, with the next steps of whole batches to compare on."""
    size, step = training.settings.batch_size, training.stepper
    step.model.train()
    order, lrs = training.plan.of(training.epoch)
    n = min(2 * bursts.COMPARED, len(training.images) // size)
    return Problem(
        step,
        Images(training.images.images.flatten(1).contiguous(), training.images.labels, size, training.shown.change),
        training.randomness.generators(),
        len(training.objective.terms),
        training.settings.precision,
        order[: n * size],
        lrs[:n].tolist(),
    )


CPU = "there is no CUDA device"
EAGER = "train.step is eager"


def demanded(settings: Train) -> bool:
    """Return whether the config demands a way to take steps, so that its refusal is an error."""
    return settings.step not in ("auto", "eager")


def one_by_one(images: ImageFolder, settings: Train) -> str | None:
    """Return why steps have to be taken one by one; None if they need not."""
    if settings.step == "eager":
        return EAGER
    if not images.labels.is_cuda:
        return CPU
    if not images.images.is_cuda:
        return "the images are not in the GPU's memory"
    if settings.save_every == 0:
        return "train.save_every is 0"
    if len(images) < settings.batch_size:
        return "an epoch has no whole batch"
    return None
