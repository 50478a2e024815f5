"""Committees: several classifiers whose probabilities are averaged, and what comes of that."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.data.dataset import ImageFolder
from fcnet.families.common import classify
from fcnet.families.common.classify import Predictions
from fcnet.families.common.family import Trained, Weights, choice, named
from fcnet.system.text import align, csv_text
from fcnet.training.metrics import Metrics


@torch.no_grad()  # not inference mode: a loss may keep the result for its gradient
def probabilities(nets: Sequence[nn.Module], pixels: Tensor) -> Tensor:
    """Return the mean probabilities float64 (B, C) of nets, which are in evaluation mode, for pixels (B, D)."""
    total = sum(net(pixels.to(next(net.parameters()).dtype)).double().softmax(1) for net in nets)
    assert isinstance(total, Tensor), "a committee has members"
    return total / len(nets)


def averaged(logits: Sequence[Tensor]) -> Tensor:
    """Return the logarithms float64 (N, C) of mean probabilities, from each model's logits (N, C).

    In logarithms, the probability of a class that no model believes in does not become 0, nor its loss infinite.
    """
    logs = [functional.log_softmax(one.double(), 1) for one in logits]
    return reduce(torch.logaddexp, logs) - math.log(len(logs))


@dataclass(frozen=True)
class Member:
    """A member of a committee, and its metrics alone.

    Attributes:
        model: the file of its weights.
        loss: mean cross-entropy in nats.
        accuracy: in [0, 1].
        weights: which of its run's they are; None outside any run.
    """

    model: str
    loss: float
    accuracy: float
    weights: Weights | None = None

    def json(self) -> dict[str, Any]:
        """Return its entry in the JSON of the committee."""
        return named(self.model, self.weights) | {"loss": self.loss, "accuracy": self.accuracy}


@dataclass(frozen=True)
class CommitteeEvaluation:
    """Metrics of a committee over one split, beside those of its members.

    Attributes:
        members: in the order given; at least two.
        split: what was evaluated.
        loss: mean cross-entropy of the mean probabilities, in nats.
        accuracy: in [0, 1].
        n: number of images.
        classes: names, in the order of ``per_class`` and ``confusion``.
        per_class: precision, recall and f1 in [0, 1] (None where undefined) and the number of images of each class.
        confusion: images by true class (rows) and predicted class (columns).
        calibration_error: expected difference between probability and accuracy, in [0, 1].
    """

    members: list[Member]
    split: str
    loss: float
    accuracy: float
    n: int
    classes: list[str]
    per_class: list[dict[str, Any]]
    confusion: list[list[int]]
    calibration_error: float

    @property
    def mean(self) -> dict[str, float]:
        """Return the means of the members' losses and accuracies."""
        k = len(self.members)
        return {
            "loss": sum(one.loss for one in self.members) / k,
            "accuracy": sum(one.accuracy for one in self.members) / k,
        }

    def text(self) -> str:
        """Return the metrics, a row per member, a row per class, and the confusion matrix if there are few classes."""
        rows = [["model", "loss", "accuracy", "weights"]]
        for one in self.members:
            rows.append([one.model, *_figures(one.loss, one.accuracy), choice(one.weights) or "-"])
        rows.append(["mean", *_figures(**self.mean), "-"])
        rows.append(["committee", *_figures(self.loss, self.accuracy), "-"])
        told = any(row[-1] != "-" for row in rows[1:])
        table = align(rows, words=1) if told else align([row[:-1] for row in rows])
        lines = [
            f"committee {len(self.members)} models: the mean of their probabilities",
            f"images    {self.n}, {self.split}",
            f"loss      {self.loss:.4f}",
            f"accuracy  {100 * self.accuracy:.2f} %",
            classify.calibration.words(self.calibration_error),
        ]
        return "\n".join([*lines, "", *table, "", *classify.details(self.classes, self.per_class, self.confusion)])

    def json(self) -> str:
        """Return the metrics as one JSON object: ``members`` in place of the ``model``, and their ``mean``."""
        found = asdict(self) | {"members": [one.json() for one in self.members], "mean": self.mean}
        return json.dumps(found, ensure_ascii=False)

    def csv(self) -> str:
        """Return a row for the committee, one per class, one per member, and one for the mean of the members."""
        header = ["model", "class", "n", "loss", "accuracy", "precision", "recall", "f1"]
        rows: list[list[Any]] = [["committee", None, self.n, self.loss, self.accuracy, None, None, None]]
        for row in self.per_class:
            rows.append(["committee", row["class"], row["n"], None, None, row["precision"], row["recall"], row["f1"]])
        for one in self.members:
            rows.append([one.model, None, self.n, one.loss, one.accuracy, None, None, None])
        rows.append(["mean", None, self.n, self.mean["loss"], self.mean["accuracy"], None, None, None])
        return csv_text(header, rows)


def _figures(loss: float, accuracy: float) -> list[str]:
    return [f"{loss:.4f}", f"{100 * accuracy:.2f} %"]


def member(trained: Trained, logits: Tensor, labels: Tensor) -> Member:
    """Return a member with its metrics, from its logits (N, C) for images with labels (N,)."""
    metrics = Metrics.of(logits, labels)
    assert metrics.accuracy is not None
    return Member(str(trained.path), metrics.loss, metrics.accuracy, trained.weights)


def evaluation(
    members: Sequence[Member], logits: Sequence[Tensor], images: ImageFolder, split: str
) -> CommitteeEvaluation:
    """Return the metrics of a committee from its members' logits (N, C); ``split`` names the images in the result."""
    mean, labels = averaged(logits), images.labels.cpu()
    metrics = Metrics.of(mean, labels)
    assert metrics.accuracy is not None
    per_class, confusion = classify.by_class(labels.numpy(), mean.argmax(1).numpy(), images.classes)
    return CommitteeEvaluation(
        list(members),
        split,
        metrics.loss,
        metrics.accuracy,
        metrics.n,
        list(images.classes),
        per_class,
        confusion,
        classify.calibration.error(mean.exp().numpy(), labels.numpy()),
    )


def predictions(members: Sequence[Trained], logits: Sequence[Tensor], images: ImageFolder) -> Predictions:
    """Return the class of each image by the mean probabilities, from the members' logits (N, C)."""
    models = [named(str(one.path), one.weights) for one in members]
    return classify.of_probabilities(averaged(logits).exp(), images, members=models)
