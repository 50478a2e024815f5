"""What can be trained: the seam between a way to train and what records it."""

from collections.abc import Generator
from typing import Any, Protocol

from torch import nn

from fcnet.training.records import Record


class Trainable(Protocol):
    """What a session trains, by gradients or in closed form: it stands between two steps.

    Attributes:
        model: brought up to where it stands, with finite weights at the end.
        epoch: number of the pass over the images, from 1.
        step: how many steps of it are done.
        epochs: how many passes there are to be.
        save_every: seconds between two checkpoints, where they are set.
        smaller: what to make smaller where memory runs out, and what it is.
        finished: whether nothing is left to do.
    """

    @property
    def epoch(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def model(self) -> nn.Module: ...
    @property
    def epochs(self) -> int: ...
    @property
    def save_every(self) -> float | None: ...
    @property
    def smaller(self) -> str: ...
    @property
    def finished(self) -> bool: ...

    def records(self) -> Generator[Record, None, None]:
        """Go on to the end; at each record the state is whole."""

    def place(self) -> str:
        """Where it stands, in words."""

    def facts(self) -> dict[str, Any]:
        """What result.json tells beside the metrics."""

    def check_now(self) -> None:
        """Raise DivergedError where what a checkpoint would hold is not finite."""

    def state(self) -> dict[str, Any]:
        """All that the rest depends on, but for the config and the images."""

    def load(self, state: dict[str, Any]) -> None:
        """Stand where another one stood that told this state."""
