"""The seam between the families of models and all else: what the commands ask of a family.

A family is a folder in ``fcnet.families`` and a name in ``FAMILIES`` there; docs/extending.md says how one is added.
Nothing here imports torch when the program runs, for the schema of a config knows the families.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from fcnet.families.common.spec import ModelSection, Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor, nn

    from fcnet.config.data import Data
    from fcnet.config.train import Train
    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.plots.curves import Curve
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable


class Settings(Protocol):
    """What a family sees of a config; ``fcnet.schema.Config`` is one."""

    @property
    def data(self) -> Data: ...
    @property
    def model(self) -> Any: ...  # each family knows its own section
    @property
    def train(self) -> Train: ...
    @property
    def solve(self) -> Any: ...  # that of the family whose section it is
    @property
    def seed(self) -> int: ...


class Result(Protocol):
    """What a command found out, for people and for programs."""

    def text(self) -> str:
        """Return it as text for people."""

    def json(self) -> str:
        """Return it as one JSON object, shares as fractions and losses in nats."""

    def csv(self) -> str:
        """Return it as CSV: a header, and a row per image or class."""


@runtime_checkable
class Encodes(Protocol):
    """A model that has codes."""

    def encode(self, x: Tensor) -> Tensor:
        """Return codes (B, K) of images (B, D)."""

    def encoder_parameters(self, number: int) -> list[nn.Parameter]:
        """Return weights, biases and learned slopes of a layer of the encoder, from 1."""


@runtime_checkable
class Pictures(Protocol):
    """A result with an image for each image that was given."""

    def pictures(self) -> Any:
        """Return grey images, uint8 (N, H, W)."""

    def written(self, paths: Sequence[str]) -> Result:
        """Return the same result with the files that its images were written to."""


class Misfit(ValueError):
    """Why a model cannot begin with the weights of another.

    Args:
        problem: in words.
        wanted: the kind of model that it could begin with, if another kind is the problem.
    """

    def __init__(self, problem: str, wanted: str | None = None) -> None:
        super().__init__(problem)
        self.wanted = wanted


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Attributes:
        net: with its weights, on the device that is to compute.
        settings: the config that it was trained with.
        path: the file of its weights, for messages.
    """

    net: nn.Module
    settings: Settings
    path: Path


class Family(Protocol):
    """One kind of model."""

    @property
    def spec(self) -> type[ModelSection]:
        """Return the class of its `model` section, which says its kind."""

    def check(self, settings: Settings) -> None:
        """Raise ValueError, ``KEY: problem``, if the sections of a config do not fit together."""

    def build(self, spec: Any, size: Size, classes: int) -> nn.Module:
        """Return the model that a config describes, on the CPU, as it is before any training."""

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return what trains a model, which is on the device of the images."""

    def adopt(self, net: nn.Module, settings: Settings, classes: Sequence[str], other: Trained | None) -> None:
        """Put trained weights into a fresh model, and freeze what is to stay; None for a training that is resumed.

        Raises:
            Misfit: the other model is not one that this one can begin with.
        """

    def evaluate(self, trained: Trained, images: ImageFolder, split: str) -> Result:
        """Return the metrics of a model over images on its device; ``split`` is what to call them."""

    def predict(self, trained: Trained, images: ImageFolder) -> Result:
        """Return what a model makes of each of some images on its device."""

    def curves(self, curve: Curve, settings: Settings) -> dict[str, Figure]:
        """Return the figures of a run's metrics, by name."""

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> dict[str, Figure]:
        """Return the figures of what a model makes of images, by name; without images those of its weights."""

    def verdict(self, net: nn.Module, settings: Settings, images: ImageFolder, last: EpochRecord | None) -> list[str]:
        """Return what is surely wrong with what a model has learned, a line each."""
