"""Figures of classifiers: loss and accuracy, weights, confusion, mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify import outcomes as answers
from fcnet.families.common.family import Trained
from fcnet.families.common.spec import Size
from fcnet.plots import curves
from fcnet.training.optim.parameters import weight_matrices

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure


def metrics(curve: curves.Curve) -> dict[str, Figure]:
    """Return figures of loss and accuracy over the epochs of one run."""
    return {"loss": curves.loss([curve]), "accuracy": curves.accuracy([curve])}


def weights(
    trained: Trained, name: str, layer: str, size: Size | None = None, what: str = "units"
) -> dict[str, Figure]:
    """Return a figure of the weights of a first layer as images.

    Args:
        trained: the model.
        name: of the run.
        layer: name of the layer in the title.
        size: of each weight image; that of the training images by default.
        what: name of the rows of the weights in the title.
    """
    settings = trained.settings
    first = weight_matrices(trained.net)[0].detach().double().numpy()
    height, width = size or settings.data.image_size
    classes = None if settings.model.hidden else settings.data.classes
    return {"weights": curves.weights(first, (height, width), classes, f"{name}, weights of {layer}", what)}


def outcomes(trained: Trained, name: str, images: ImageFolder, split: str) -> dict[str, Figure]:
    """Return figures of the confusion matrix and the mistakes over images, which ``split`` names."""
    found = answers(trained, images, split)
    title = f"{name}: accuracy {100 * found.accuracy:.2f} % on {len(found.labels)} {split} images"
    return {
        "confusion": curves.confusion(np.asarray(found.by_class[1]), images.classes, title),
        "mistakes": curves.mistakes(images.images.numpy(), found.labels, found.probabilities, images.classes, name),
    }
