"""Figures of classifiers: loss and accuracy, weights, confusion, calibration, mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify import Outcomes
from fcnet.families.common.classify import outcomes as answered
from fcnet.families.common.family import Trained
from fcnet.families.common.spec import Size
from fcnet.plots import answers, curves
from fcnet.plots import images as pictures
from fcnet.system.text import csv_text, spreadsheet
from fcnet.training.optim.parameters import weight_matrices

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure

MISTAKES = ("file", "true", "predicted", "probability", "probability_of_true")  # columns of mistakes.csv


def metrics(curve: curves.Curve) -> dict[str, Figure]:
    """Return figures of loss and accuracy over the epochs of one run."""
    return {"loss": curves.loss([curve]), "accuracy": curves.accuracy([curve])}


def weights(
    trained: Trained, name: str, layer: str, size: Size | None = None, what: str = "units", by_norm: bool = True
) -> dict[str, Figure]:
    """Return a figure of the weights of a first layer as images.

    Args:
        trained: the model.
        name: of the run.
        layer: name of the layer in the title.
        size: of each weight image; that of the training images by default.
        what: name of the rows of the weights in the title.
        by_norm: whether the largest ones come first.
    """
    settings = trained.settings
    first = weight_matrices(trained.net)[0].detach().double().numpy()
    height, width = size or settings.data.image_size
    classes = None if settings.model.hidden else settings.data.classes
    title = f"{name}, weights of {layer}"
    return {"weights": pictures.weights(first, (height, width), classes, title, what, by_norm)}


def outcomes(trained: Trained, name: str, images: ImageFolder, split: str) -> dict[str, Figure | str]:
    """Return figures of confusion, calibration and mistakes over images, and a table of the mistakes as CSV.

    Args:
        trained: the model.
        name: of the run.
        images: what it answers to.
        split: the name of the images.
    """
    found = answered(trained, images, split)
    n, mistakes = len(found.labels), found.mistakes
    title = f"{name}: accuracy {100 * found.accuracy:.2f} % on {n} {split} images"
    shown = mistakes[: pictures.MOST_PICTURES]
    count = f"the {len(shown)} most confident of {len(mistakes)}" if len(shown) < len(mistakes) else f"{len(mistakes)}"
    triples = [(row[1], row[2], row[3]) for row in _rows(found)[: len(shown)]]
    drawn: dict[str, Figure | str] = {
        "confusion": answers.confusion(np.asarray(found.by_class[1]), images.classes, title),
        "mistakes": pictures.mistakes(
            images.images[shown].numpy(),
            triples,
            [found.files[i] for i in shown],
            f"{name}: {count} errors on {n} {split} images" if len(mistakes) else f"{name}: no errors",
        ),
        "reliability": calibration(found, name),
    }
    return drawn | {"mistakes.csv": table(found)}


def calibration(found: Outcomes, name: str) -> Figure:
    """Return a figure of the calibration of a classifier's answers."""
    bins = found.reliability()
    error = f"expected calibration error {100 * found.calibration_error():.2f} %"
    title = f"{name}: {error}, {len(found.labels)} {found.split} images"
    return answers.reliability(
        [(one.low, one.high) for one in bins],
        [one.n for one in bins],
        [None if one.confidence is None or one.accuracy is None else (one.confidence, one.accuracy) for one in bins],
        title,
    )


def table(found: Outcomes) -> str:
    """Return all mistakes as CSV, the most confident first."""
    return csv_text(MISTAKES, ([*map(spreadsheet, row[:3]), *row[3:]] for row in _rows(found))) + "\n"


def _rows(found: Outcomes) -> list[tuple[str, str, str, float, float]]:
    """Return file, true and predicted class, and the probabilities of both, of each mistake."""
    return [
        (
            found.files[i],
            found.classes[found.labels[i]],
            found.classes[found.predicted[i]],
            float(found.confidence[i]),
            float(found.probabilities[i, found.labels[i]]),
        )
        for i in found.mistakes
    ]
