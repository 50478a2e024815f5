"""The base of all families' `model` sections: properties that other code uses instead of the kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fcnet.config.fields import Section
from fcnet.config.layers import Activation

Size = tuple[int, int]  # height, width in pixels


@dataclass(frozen=True)
class EncoderSpec:
    """Layers of an encoder with which a classifier can be initialised.

    Attributes:
        hidden: units of each.
        activations: of each.
        problem: why no classifier can have these layers; "" if it can.
    """

    hidden: list[int]
    activations: list[Activation]
    problem: str = ""


class ModelSection(Section):
    """A family's `model` section; ``kind`` names the family.

    Attributes:
        section: the config's section that says how the model is trained.
        classifies: whether it is a classifier, for which images need labels.
        in_order: whether the order of the training images matters, as with mini-batches.
        unlabelled: whether it also learns from training images without labels.
        drawn: names of the figures that every finished run has.
        unit: of the loss of an image.
    """

    section: ClassVar[str] = "train"
    classifies: ClassVar[bool] = True
    in_order: ClassVar[bool] = True
    unlabelled: ClassVar[bool] = False
    drawn: ClassVar[tuple[str, ...]] = ("loss", "accuracy")

    kind: str

    @property
    def unit(self) -> str:
        """Return the unit of an image's loss."""
        return "nats"

    @property
    def grows(self) -> bool:
        """Return whether a finished training accepts more images, and another solver."""
        return False

    @property
    def encoder(self) -> EncoderSpec | None:
        """Return the encoder with which a classifier can be initialised; None if there is none."""
        return None

    @property
    def apart(self) -> str:
        """Return why such a net is not trained together with others of its shape; "" if it can be."""
        return f"model.kind is {self.kind}"

    def layer_sizes(self, size: Size, classes: int) -> list[str]:
        """Return the units of each layer, from the pixels to the outputs; ``2x500`` for two layers side by side."""
        raise NotImplementedError

    def warning(self, pixels: int) -> str | None:  # noqa: ARG002
        """Return why a model may learn nothing useful from images with so many pixels; None if it should."""
        return None

    def series(self, settings: Any) -> tuple[str, int] | None:  # noqa: ARG002
        """Return the name of the series of runs that differ only in their units, and the units; None without any."""
        return None


def named_sizes(pixels: int, inner: Sequence[int | str], outputs: int) -> list[str]:
    """Return sizes of layers for ``ModelSection.layer_sizes``."""
    return [str(one) for one in (pixels, *inner, outputs)]
