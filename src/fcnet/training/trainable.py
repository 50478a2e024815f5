"""The interface between a way to train and what records it."""

from collections.abc import Generator
from typing import Any, Protocol

from torch import nn

from fcnet.training.records import Record


class Trainable(Protocol):
    """A training, by gradients or in closed form, between two steps.

    Attributes:
        model: with the current weights, which are finite at the end, or with an average of them.
        unaveraged: with the current weights.
        epoch: the current pass over the images, from 1.
        step: steps done in it.
        epochs: passes in all.
        save_every: seconds between two checkpoints; None if they are not set.
        smaller: the setting to reduce if memory runs out, and its value.
        finished: whether the training is done.
    """

    @property
    def epoch(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def model(self) -> nn.Module: ...
    @property
    def unaveraged(self) -> nn.Module: ...
    @property
    def epochs(self) -> int: ...
    @property
    def save_every(self) -> float | None: ...
    @property
    def smaller(self) -> str: ...
    @property
    def finished(self) -> bool: ...

    def records(self) -> Generator[Record, None, None]:
        """Train to the end; at each record, the state is complete."""

    def place(self) -> str:
        """Describe the current step in words."""

    def facts(self) -> dict[str, Any]:
        """Return further entries for result.json."""

    def check_now(self) -> None:
        """Raise DivergedError if the state is not finite."""

    def state(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, except the config and the images."""

    def load(self, state: dict[str, Any]) -> None:
        """Load the state of another training."""
