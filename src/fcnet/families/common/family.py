"""The interface between the families of models and all other code.

A family is a folder in ``fcnet.families`` and an entry of its ``FAMILIES``; docs/extending.md explains how to add one.
Nothing here imports torch at run time, because the schema of a config imports the families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from fcnet.config.names import Which
from fcnet.families.common.spec import ModelSection, Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor, nn

    from fcnet.config.data import Data
    from fcnet.config.train import Train
    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.findings.parts import Part
    from fcnet.plots.curves import Curve
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable

    Drawn = Mapping[str, Figure | str]  # figures by name, and CSV text of tables by the names of their files


class Settings(Protocol):
    """The part of a config that a family uses; ``fcnet.schema.Config`` implements it."""

    @property
    def data(self) -> Data: ...
    @property
    def model(self) -> Any: ...  # each family knows its own section
    @property
    def train(self) -> Train: ...
    @property
    def solve(self) -> Any: ...  # the section of a family
    @property
    def seed(self) -> int: ...


class Result(Protocol):
    """The result of a command, for users and programs."""

    def text(self) -> str:
        """Return it as text for users."""

    def json(self) -> str:
        """Return it as one JSON object, with fractions instead of percentages, and losses in nats."""

    def csv(self) -> str:
        """Return it as CSV: a header, and a row per image or class."""


@dataclass(frozen=True)
class Told:
    """What is known about an image file before a model sees it.

    Attributes:
        prepared: what was done to it, in words; nothing if it passed unchanged.
        problem: why it shows nothing to classify; empty if it does.
        touches: edges of the picture that its digit touches, in words.
    """

    prepared: tuple[str, ...] = ()
    problem: str = ""
    touches: str = ""


@runtime_checkable
class Tells(Protocol):
    """A result that says what was done to each image, and whether it is sure."""

    def told(self, images: Sequence[Told], threshold: float | None) -> Result:
        """Return the same result with what is known about each image; surer than a probability, if given."""


@runtime_checkable
class Encodes(Protocol):
    """A model that has codes."""

    def encode(self, x: Tensor) -> Tensor:
        """Return codes (B, K) of images (B, D)."""

    def encoder_parameters(self, number: int) -> list[nn.Parameter]:
        """Return weights, biases and learned slopes of a layer of the encoder, counted from 1."""


@runtime_checkable
class Pictures(Protocol):
    """A result with an output image for each input image."""

    def pictures(self) -> Any:
        """Return grey images, uint8 (N, H, W)."""

    def written(self, paths: Sequence[str]) -> Result:
        """Return the same result with the paths that its images were written to."""


@runtime_checkable
class Shows(Protocol):
    """A family whose models show more than metrics: plain arrays that a report draws."""

    def shown(self, trained: Trained, images: ImageFolder | None, split: str) -> Sequence[Part]:
        """Return what a model shows of images on its device, which ``split`` names; without images, of itself."""


class Misfit(ValueError):
    """Why a model cannot be initialised with the weights of another.

    Args:
        problem: in words.
        wanted: the kind of model that would be suitable, if the kind is the problem.
    """

    def __init__(self, problem: str, wanted: str | None = None) -> None:
        super().__init__(problem)
        self.wanted = wanted


@dataclass(frozen=True)
class Weights:
    """Which of a run's weights a model has.

    Attributes:
        which: those of the best epoch by validation, or those after the last one.
        epoch: the epoch that they were written after; None if the run has not ended.
        epochs: that the run has had; None if it has not ended.
        alone: whether the run has no others.
    """

    which: Which
    epoch: int | None
    epochs: int | None
    alone: bool

    def text(self) -> str:
        """Return it in words."""
        if self.which == "last":
            return "last" if self.epoch is None else f"last (epoch {self.epoch})"
        if self.epoch is None:
            return "best so far by validation"
        return f"best (epoch {self.epoch} of {self.epochs} by validation)"


def choice(weights: Weights | None) -> str:
    """Return which of a run's weights a model has, in words; "" if the run has no others."""
    return "" if weights is None or weights.alone else weights.text()


def plain(weights: Weights | None) -> dict[str, Any]:
    """Return the entries of a result's JSON about its weights; none if the run has no others."""
    return {} if weights is None or weights.alone else {"weights": weights.which, "epoch": weights.epoch}


def named(model: str, weights: Weights | None) -> dict[str, Any]:
    """Return the entries of a result's JSON that say which of several models it is about."""
    return {"model": model} | plain(weights)


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Attributes:
        net: with its weights, on the device to compute on.
        settings: the config that it was trained with.
        path: the file of its weights, for messages.
        weights: which of its run's they are; None outside any run.
    """

    net: nn.Module
    settings: Settings
    path: Path
    weights: Weights | None = None


class Family(Protocol):
    """One kind of model."""

    @property
    def spec(self) -> type[ModelSection]:
        """Return the class of its `model` section, which names its kind."""

    def check(self, settings: Settings) -> None:
        """Raise ValueError, ``KEY: problem``, if the sections of a config do not fit together."""

    def build(self, spec: Any, size: Size, classes: int) -> nn.Module:
        """Return the model of a config, on the CPU, before any training."""

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return the training of a model, which is on the device of the images."""

    def adopt(self, net: nn.Module, settings: Settings, classes: Sequence[str], other: Trained | None) -> None:
        """Load trained weights into a fresh model, and freeze those that the config says; None for a resumed training.

        Raises:
            Misfit: this model cannot be initialised with the other.
        """

    def evaluate(self, trained: Trained, images: ImageFolder, split: str) -> Result:
        """Return the metrics of a model over images on its device; ``split`` is their name in the result."""

    def predict(self, trained: Trained, images: ImageFolder) -> Result:
        """Return a model's result for each of some images on its device."""

    def curves(self, curve: Curve, settings: Settings) -> dict[str, Figure]:
        """Return the figures of a run's metrics, by name."""

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> Drawn:
        """Return the figures of a model's results for images, by name; without images, those of its weights.

        A table is CSV text; its name ends in ``.csv``.
        """

    def verdict(self, net: nn.Module, settings: Settings, images: ImageFolder, last: EpochRecord | None) -> list[str]:
        """Return warnings about what a model has certainly not learned, one line each."""


def refuse_targets(settings: Settings, of: str = "classifiers") -> None:
    """Raise ValueError if a setting is for models that learn targets other than labels, which this kind is not."""
    augment, train = settings.data.augment, settings.train
    for key, value in (
        ("train.confidence_penalty", train.confidence_penalty),
        ("train.teacher", train.teacher),
        ("data.augment.mixup", None if augment is None else augment.mixup),
    ):
        if value is not None:
            raise ValueError(f"{key}: is for {of}, but model.kind is {settings.model.kind}; remove it")
