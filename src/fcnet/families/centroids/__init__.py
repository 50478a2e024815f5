"""Centroid nets: radial basis function networks with centres from k-means, and a read-out trained by gradients.

``config`` has their `model` section, ``model`` the module, ``training`` the k-means and training of the read-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcnet.families.centroids.config import CentroidModel
from fcnet.families.common.classifier import Classifier
from fcnet.families.common.family import Settings, Trained
from fcnet.families.common.spec import Size

if TYPE_CHECKING:
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.family import Drawn
    from fcnet.families.common.findings.parts import Part
    from fcnet.training.trainable import Trainable


class CentroidFamily(Classifier):
    """Models of kind centroids."""

    spec = CentroidModel

    def build(self, spec: CentroidModel, size: Size, classes: int) -> nn.Module:
        """Return the net; its centroids are 0 until k-means finds them."""
        from fcnet.families.centroids import model

        return model.build(spec, size, classes)

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training that begins with k-means."""
        from fcnet.families.centroids.model import CentroidNet
        from fcnet.families.centroids.training import CentroidTraining

        assert isinstance(net, CentroidNet)
        return CentroidTraining(net, splits, settings.model, settings.train, settings.seed, settings.data.augment)

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> Drawn:
        """Return a figure of the centroids as images; given images, of confusion, calibration and mistakes."""
        from fcnet.families.common import pictures

        if images is None:
            return pictures.weights(trained, name, "the first layer", what="centroids", by_norm=False)
        return pictures.outcomes(trained, name, images, split)

    def shown(self, trained: Trained, images: ImageFolder | None, split: str) -> Sequence[Part]:
        """Return the centroids; given images, the answers to them."""
        from fcnet.families.common.findings import first_layer

        return [first_layer.of(trained, what="centroids")] if images is None else super().shown(trained, images, split)
