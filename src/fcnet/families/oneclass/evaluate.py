"""Run a one-class net over images: scores, and how well they tell outliers from normal images."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.common import outliers
from fcnet.families.common.classify import check_finite
from fcnet.families.common.family import Trained, Weights, choice
from fcnet.families.common.outliers import Measured, PerImage
from fcnet.families.oneclass.model import OneClassNet
from fcnet.families.oneclass.objective import OneClass
from fcnet.training.evaluate import evaluate, predict


@dataclass(frozen=True)
class Detection(Measured):
    """Metrics of a one-class net over one split.

    Attributes:
        model: the file of the weights.
        split: what was evaluated.
        n: number of images.
        loss: the training loss, averaged over images; of outliers too.
        terms: of the loss.
        outliers: AUROC of the score, numbers of normal images and outliers; None without normal classes.
        weights: which of its run's the model has; None outside any run.
    """

    model: str
    split: str
    n: int
    loss: float
    terms: dict[str, float]
    outliers: dict[str, float] | None = None
    weights: Weights | None = None

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for users."""
        return [
            ("model", self.model),
            *([("weights", words)] if (words := choice(self.weights)) else []),
            ("images", f"{self.n}, {self.split}"),
            ("loss", f"{self.loss:.4f}"),
            *((f"  {name}", f"{value:.4f}") for name, value in self.terms.items()),
        ]


def detection(trained: Trained, images: ImageFolder, split: str) -> Detection:
    """Evaluate a one-class net over images on its device; ``split`` is their name in the result."""
    scores, normal = scores_of(trained, images), trained.settings.data.normal_classes
    metrics = evaluate(trained.net, images, OneClass(trained.settings.model.penalty))
    return Detection(
        str(trained.path),
        split,
        len(images),
        metrics.loss,
        metrics.terms,
        None if normal is None else outliers.auroc(-scores, images.to(torch.device("cpu")), normal),
        trained.weights,
    )


def scores_of(trained: Trained, images: ImageFolder) -> Tensor:
    """Return the scores (N,) of images, on the CPU. Raises CheckpointError if they are not finite."""
    assert isinstance(trained.net, OneClassNet)
    scores = predict(trained.net, images).cpu()
    check_finite(Path(trained.path), scores)
    return scores


@dataclass(frozen=True)
class Scored:
    """The score of one image.

    Attributes:
        file: the image.
        score: the lower, the more of an outlier.
        note: why the image shows nothing; empty if it does.
        prepared: what was done to the image, in words.
    """

    file: str
    score: float
    note: str = ""
    prepared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scores(PerImage):
    """The scores of several images.

    Attributes:
        images: in the order given; at least one.
        weights: which of its run's the model has; None outside any run.
    """

    images: list[Scored]
    weights: Weights | None = None

    def text(self) -> str:
        """Return a row per image."""
        return self.table(["file", "score"], [[one.file, f"{one.score:.4f}"] for one in self.images], numbers=2)


def scores(trained: Trained, images: ImageFolder) -> Scores:
    """Score images on the device of a model."""
    found = zip(images.names, scores_of(trained, images).tolist(), strict=True)
    return Scores([Scored(file, score) for file, score in found], trained.weights)
