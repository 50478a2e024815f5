"""Layer-wise training, in phases: each layer of an autoencoder alone, on the codes of those below; then the whole net.

This is the greedy training of Vincent et al. 2010, section 3.5. Each phase is a ``GradientTraining`` of a part of the
weights; epochs are counted through all phases. The phase is called ``stage`` in configs, records and checkpoints.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from fcnet.config.data import Augment
from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.autoencoder import model
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct
from fcnet.training.loop import GradientTraining
from fcnet.training.randomness import Randomness
from fcnet.training.records import EpochRecord, Pause, Record, Start, StepRecord, Tick


class LayerwiseTraining:
    """The state of a layer-wise training between two steps.

    Args:
        model: on the device of the images.
        splits: the images.
        spec: the model's config.
        settings: the config's ``train``, with ``stages``.
        seed: of the order of the images, in each phase.
        augment: how the training images are changed in each epoch of each phase; not at all by default.

    Attributes:
        model: the whole net.
        training: of the current phase.
    """

    def __init__(
        self,
        model: AutoEncoder,
        splits: Splits,
        spec: AutoencoderModel,
        settings: Train,
        seed: int,
        augment: Augment | None = None,
    ) -> None:
        self.model: nn.Module = model
        self._augment = augment
        self._net, self._splits, self._spec, self._settings, self._seed = model, splits, spec, settings, seed
        stages = settings.stages or []
        self._lengths = [*stages, settings.epochs] if settings.epochs else list(stages)
        self._randomness = Randomness(seed, splits.train.labels.device)
        self._begin(0)

    def _begin(self, phase: int) -> None:
        """Go to the first step of a phase, from 0."""
        self._phase = phase
        settings = self._settings.model_copy(update={"epochs": self._lengths[phase], "stages": None})
        net, spec, number = self._net, self._spec, phase + 1
        objective = Reconstruct(spec)
        if number <= len(spec.hidden):
            net = model.layer(self._net, spec, number)
            if number < len(spec.hidden):
                spec = spec.model_copy(update={"sparse": None})  # only for the code
            below = model.below(self._net, number).eval() if number > 1 else None
            objective = Reconstruct(spec, below)
        self.training = GradientTraining(
            net, self._splits, settings, self._seed, objective, self._randomness, self._augment
        )

    @property
    def phase(self) -> str:
        """Return the name of the current phase."""
        return "whole net" if self._phase == len(self._spec.hidden) else f"layer {self._phase + 1}"

    @property
    def _before(self) -> int:
        """Return the number of epochs of the earlier phases."""
        return sum(self._lengths[: self._phase])

    def records(self) -> Generator[Record, None, None]:
        """Train to the end of the last phase."""
        while True:
            with self._naming_phases(), closing(self.training.records()) as records:
                for record in records:
                    yield self._counted_on(record)
            if self.finished or not self.training.finished:
                return
            self._begin(self._phase + 1)

    def _counted_on(self, record: Record) -> Record:
        match record:
            case Start(step=step):
                return Start(f"{self.phase}, {step}", self.epochs)
            case Pause() | Tick() | StepRecord():
                return replace(record, epoch=self._before + record.epoch)
            case EpochRecord():
                return replace(record, epoch=self._before + record.epoch, stage=self.phase)
        return record

    @property
    def epoch(self) -> int:
        """Return the current epoch, from 1, counted through all phases."""
        return self._before + self.training.epoch

    @property
    def step(self) -> int:
        """Return the number of steps done in it."""
        return self.training.step

    @property
    def epochs(self) -> int:
        """Return the number of epochs in all."""
        return sum(self._lengths)

    @property
    def save_every(self) -> float | None:
        """Return the seconds between two checkpoints; None if they are not set."""
        return self._settings.save_every

    @property
    def smaller(self) -> str:
        """Return the setting to reduce if memory runs out, and its value."""
        return self.training.smaller

    @property
    def finished(self) -> bool:
        """Return whether all epochs of all phases are done."""
        return self._phase == len(self._lengths) - 1 and self.training.finished

    def place(self) -> str:
        """Describe the current step in words."""
        return f"{self.phase}, {self.training.place()}"

    @property
    def unaveraged(self) -> nn.Module:
        """Return the model, whose weights are not averaged."""
        return self.model

    def facts(self) -> dict[str, Any]:
        """Return further entries for result.json: none."""
        return {}

    def check_now(self) -> None:
        """Raise DivergedError if the state is not finite."""
        with self._naming_phases():
            self.training.check_now()

    @contextmanager
    def _naming_phases(self) -> Iterator[None]:
        """Add the phase to the errors of its training, and count their epochs through all phases."""
        try:
            yield
        except DivergedError as error:
            facts = error.facts | {"stage": self.phase, "epoch": self.epoch}
            raise DivergedError(*(f"{self.phase}, {problem}" for problem in error.problems), facts=facts) from error

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, except the config and the images; not copies."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "stage": self._phase,
            "model": dict(self.model.state_dict()),
            "training": self.training.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Load the state of another training with the same config and images.

        Raises:
            LookupError, TypeError, ValueError, RuntimeError, ArithmeticError: the state is not valid.
        """
        phase = int(state["stage"])
        if not 0 <= phase < len(self._lengths):
            raise ValueError(f"phase {phase} of {len(self._lengths)}")
        self.model.load_state_dict(state["model"])
        self._begin(phase)
        self.training.load(state["training"])
