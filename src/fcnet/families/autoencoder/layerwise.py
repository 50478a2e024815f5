"""Training in phases: each layer of an autoencoder alone, on the codes of the layers below, then the whole net.

The greedy training of Vincent et al. 2010, section 3.5. Each phase is a ``GradientTraining`` of its own on a part of
the same weights; epochs are counted through all phases.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.autoencoder import model
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct
from fcnet.training.loop import GradientTraining
from fcnet.training.randomness import Randomness
from fcnet.training.records import EpochRecord, Record, Start, StepRecord, Tick


class LayerwiseTraining:
    """A training in stages, between two steps.

    Args:
        model: on the device of the images.
        splits: the images.
        spec: what the model was built from.
        settings: the config's ``train``, with its ``stages``.
        seed: of the order of the images, in each stage.

    Attributes:
        model: the whole net.
        training: of the present stage.
    """

    def __init__(self, model: AutoEncoder, splits: Splits, spec: AutoencoderModel, settings: Train, seed: int) -> None:
        self.model: nn.Module = model
        self._net, self._splits, self._spec, self._settings, self._seed = model, splits, spec, settings, seed
        stages = settings.stages or []
        self._lengths = [*stages, settings.epochs] if settings.epochs else list(stages)
        self._randomness = Randomness(seed, splits.train.labels.device)
        self._begin(0)

    def _begin(self, stage: int) -> None:
        """Stand before the first step of a stage, from 0."""
        self._stage = stage
        settings = self._settings.model_copy(update={"epochs": self._lengths[stage], "stages": None})
        net, spec, number = self._net, self._spec, stage + 1
        objective = Reconstruct(spec)
        if number <= len(spec.hidden):
            net = model.layer(self._net, spec, number)
            if number < len(spec.hidden):
                spec = spec.model_copy(update={"sparse": None})  # which is a code's
            below = model.below(self._net, number).eval() if number > 1 else None
            objective = Reconstruct(spec, below)
        self.training = GradientTraining(net, self._splits, settings, self._seed, objective, self._randomness)

    @property
    def stage(self) -> str:
        """What is trained."""
        return "whole net" if self._stage == len(self._spec.hidden) else f"layer {self._stage + 1}"

    @property
    def _before(self) -> int:
        """Epochs of the stages before."""
        return sum(self._lengths[: self._stage])

    def records(self) -> Generator[Record, None, None]:
        """Train to the end of the last stage."""
        while True:
            with self._telling_stages(), closing(self.training.records()) as records:
                for record in records:
                    yield self._counted_on(record)
            if self.finished or not self.training.finished:
                return
            self._begin(self._stage + 1)

    def _counted_on(self, record: Record) -> Record:
        match record:
            case Start(step=step):
                return Start(f"{self.stage}, {step}", self.epochs)
            case Tick() | StepRecord():
                return replace(record, epoch=self._before + record.epoch)
            case EpochRecord():
                return replace(record, epoch=self._before + record.epoch, stage=self.stage)
        return record

    @property
    def epoch(self) -> int:
        """That is being trained, from 1, counted through all stages."""
        return self._before + self.training.epoch

    @property
    def step(self) -> int:
        """How many steps of it are done."""
        return self.training.step

    @property
    def epochs(self) -> int:
        """How many there are to be."""
        return sum(self._lengths)

    @property
    def save_every(self) -> float | None:
        """Seconds between two checkpoints, where they are set."""
        return self._settings.save_every

    @property
    def smaller(self) -> str:
        """What to make smaller where memory runs out, and what it is."""
        return self.training.smaller

    @property
    def finished(self) -> bool:
        """Whether all epochs of all stages are done."""
        return self._stage == len(self._lengths) - 1 and self.training.finished

    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.stage}, {self.training.place()}"

    def facts(self) -> dict[str, Any]:
        """What result.json tells beside the metrics: nothing more."""
        return {}

    def check_now(self) -> None:
        """Raise DivergedError where what a checkpoint would hold is not finite."""
        with self._telling_stages():
            self.training.check_now()

    @contextmanager
    def _telling_stages(self) -> Iterator[None]:
        """Put the stage before what a stage says of itself, and count its epoch on."""
        try:
            yield
        except DivergedError as error:
            facts = error.facts | {"stage": self.stage, "epoch": self.epoch}
            raise DivergedError(*(f"{self.stage}, {problem}" for problem in error.problems), facts=facts) from error

    def state(self) -> dict[str, Any]:
        """All that the rest depends on, but for the config and the images. Not copies."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "stage": self._stage,
            "model": dict(self.model.state_dict()),
            "training": self.training.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Stand where another one with the same config and images stood.

        Raises:
            LookupError, TypeError, ValueError, RuntimeError, ArithmeticError: it is no such state.
        """
        stage = int(state["stage"])
        if not 0 <= stage < len(self._lengths):
            raise ValueError(f"stage {stage} of {len(self._lengths)}")
        self.model.load_state_dict(state["model"])
        self._begin(stage)
        self.training.load(state["training"])
