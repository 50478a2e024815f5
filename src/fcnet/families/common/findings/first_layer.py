"""The weights of a first layer as images, those with the largest norms first."""

from typing import Literal

import numpy as np

from fcnet.families.common.family import Trained
from fcnet.families.common.findings.parts import MOST, FirstLayer
from fcnet.families.common.spec import Size
from fcnet.training.optim.parameters import weight_matrices


def of(
    trained: Trained, size: Size | None = None, what: Literal["units", "filters", "centroids"] = "units"
) -> FirstLayer:
    """Return the weights of a model's first layer.

    Args:
        trained: the model.
        size: of each weight image; that of the training images by default.
        what: a row of the weights is.
    """
    settings = trained.settings
    matrix = weight_matrices(trained.net)[0].detach().cpu().double().numpy()
    norms = np.linalg.norm(matrix, axis=1)
    classes = settings.data.classes
    named = classes if not settings.model.hidden and classes is not None and len(classes) == len(matrix) else None
    order = np.argsort(-norms, kind="stable")[: MOST if named is None else None]
    names = None if named is None else [named[i] for i in order]
    height, width = size or settings.data.image_size
    shown = matrix[order].reshape(-1, height, width)
    return FirstLayer(shown, norms[order], order.tolist(), len(matrix), what, names)
