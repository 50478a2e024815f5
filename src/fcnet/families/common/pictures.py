"""Figures of classifiers: loss and accuracy, weights, confusion, mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify import by_class, logits_of
from fcnet.families.common.family import Trained
from fcnet.families.common.spec import Size
from fcnet.plots import curves
from fcnet.training.optim.parameters import weight_matrices

if TYPE_CHECKING:  # what imports matplotlib first is ``style``
    from matplotlib.figure import Figure


def metrics(curve: curves.Curve) -> dict[str, Figure]:
    """Return loss and accuracy over the epochs of one run."""
    return {"loss": curves.loss([curve]), "accuracy": curves.accuracy([curve])}


def weights(
    trained: Trained, name: str, layer: str, size: Size | None = None, what: str = "units"
) -> dict[str, Figure]:
    """Return the weights of a first layer as images.

    Args:
        trained: the model.
        name: of the run.
        layer: what to call the layer.
        size: of the images that the weights are; that of the training images without it.
        what: the rows of the weights are.
    """
    settings = trained.settings
    first = weight_matrices(trained.net)[0].detach().double().numpy()
    height, width = size or settings.data.image_size
    classes = None if settings.model.hidden else settings.data.classes
    return {"weights": curves.weights(first, (height, width), classes, f"{name}, weights of {layer}", what)}


def outcomes(trained: Trained, name: str, images: ImageFolder, split: str) -> dict[str, Figure]:
    """Return the confusion matrix and the mistakes over images, which ``split`` names."""
    logits, labels = logits_of(trained, images), images.labels
    _, confusion = by_class(labels.numpy(), logits.argmax(1).numpy(), images.classes)
    probabilities = logits.double().softmax(1).numpy()
    share = float((logits.argmax(1) == labels).double().mean())
    title = f"{name}: {100 * share:.2f} % of {len(labels)} {split} images right"
    return {
        "confusion": curves.confusion(np.asarray(confusion), images.classes, title),
        "mistakes": curves.mistakes(images.images.numpy(), labels.numpy(), probabilities, images.classes, name),
    }
