"""What the `model` sections of all families share: what the rest of fcnet asks of them instead of their kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fcnet.config.fields import Section
from fcnet.config.layers import Activation

Size = tuple[int, int]  # height, width in pixels


@dataclass(frozen=True)
class EncoderSpec:
    """Layers of an encoder that a classifier can begin with.

    Attributes:
        hidden: units of each.
        activations: of each.
        problem: why no classifier can have these layers; "" if one can.
    """

    hidden: list[int]
    activations: list[Activation]
    problem: str = ""


class ModelSection(Section):
    """A family's `model` section; ``kind`` names the family.

    Attributes:
        section: the config's section that says how the model is trained.
        classifies: whether it tells classes apart, for which images need labels.
        in_order: whether the order of the training images matters, as in mini-batches.
        drawn: names of the figures that every finished run has.
        unit: of the loss of an image.
    """

    section: ClassVar[str] = "train"
    classifies: ClassVar[bool] = True
    in_order: ClassVar[bool] = True
    drawn: ClassVar[tuple[str, ...]] = ("loss", "accuracy")

    kind: str

    @property
    def unit(self) -> str:
        """Return the unit of an image's loss."""
        return "nats"

    @property
    def grows(self) -> bool:
        """Return whether images can be added to a finished training, and its solver be changed."""
        return False

    @property
    def encoder(self) -> EncoderSpec | None:
        """Return the encoder that a classifier can begin with; None without one."""
        return None

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return the units of each layer, from the pixels to the outputs; of several side by side, ``2x500``."""
        raise NotImplementedError

    def warning(self, pixels: int) -> str | None:  # noqa: ARG002
        """Return why a model of images of so many pixels may learn nothing of use, if so."""
        return None

    def series(self, settings: Any) -> tuple[str, int] | None:  # noqa: ARG002
        """Return what runs that differ in their units alone share, and these units; None if there is no such series."""
        return None


def named_sizes(pixels: int, inner: Sequence[int | str], outputs: int) -> list[str]:
    """Return sizes of layers as ``ModelSection.layer_sizes`` does."""
    return [str(one) for one in (pixels, *inner, outputs)]
