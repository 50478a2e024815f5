"""Fully-connected nets: linear layers with activations between them, trained by gradients.

``config`` has their `model` section, ``model`` builds the net, ``warm_start`` initialises it with trained weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcnet.families.common.classifier import Classifier
from fcnet.families.common.family import Settings, Trained
from fcnet.families.common.spec import Size
from fcnet.families.fcnet.config import FCNetModel

if TYPE_CHECKING:
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.families.common.family import Drawn


class FCNetFamily(Classifier):
    """Models of kind fcnet."""

    spec = FCNetModel

    def build(self, spec: FCNetModel, size: Size, classes: int) -> nn.Module:
        """Return the net with fresh weights."""
        from fcnet.families.fcnet import model

        return model.build(spec, size, classes)

    def adopt(self, net: nn.Module, settings: Settings, classes: Sequence[str], other: Trained | None) -> None:
        """Load the weights of another net, or of an autoencoder's encoder, which may be frozen."""
        from fcnet.families.fcnet import warm_start

        warm_start.adopt(net, settings.model, classes, other)

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> Drawn:
        """Return a figure of the weights of ``fc1``; given images, of confusion, calibration and mistakes."""
        from fcnet.families.common import pictures

        if images is None:
            return pictures.weights(trained, name, "fc1")
        return pictures.outcomes(trained, name, images, split)
