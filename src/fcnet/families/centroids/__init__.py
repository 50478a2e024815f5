"""Centroid nets: radial basis function networks whose centres k-means finds, and whose read-out gradients train.

``config`` has their `model` section, ``model`` the module, ``training`` k-means and what follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fcnet.families.centroids.config import CentroidModel
from fcnet.families.common.classifier import Classifier
from fcnet.families.common.family import Settings, Trained
from fcnet.families.common.spec import Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.training.trainable import Trainable


class CentroidFamily(Classifier):
    """Models of kind centroids."""

    spec = CentroidModel

    def build(self, spec: CentroidModel, size: Size, classes: int) -> nn.Module:
        """Return the net; its centroids are 0 until they are found."""
        from fcnet.families.centroids import model

        return model.build(spec, size, classes)

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training that begins with k-means."""
        from fcnet.families.centroids.model import CentroidNet
        from fcnet.families.centroids.training import CentroidTraining

        assert isinstance(net, CentroidNet)
        return CentroidTraining(net, splits, settings.model, settings.train, settings.seed)

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> dict[str, Figure]:
        """Return the centroids as images; or the confusion matrix and the mistakes over images."""
        from fcnet.families.common import pictures

        if images is None:
            return pictures.weights(trained, name, "the first layer", what="centroids")
        return pictures.outcomes(trained, name, images, split)
