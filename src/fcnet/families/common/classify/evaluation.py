"""The metrics of a classifier over the images of a split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.errors import CheckpointError
from fcnet.families.common.classify import calibration
from fcnet.families.common.family import Trained, Weights, choice, plain
from fcnet.system.text import align, csv_text, percent
from fcnet.training import evaluate
from fcnet.training.metrics import Metrics

MOST_COLUMNS = 20  # classes up to which the confusion matrix is printed


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a model over one split.

    Attributes:
        model: the file of the weights.
        split: what was evaluated.
        loss: mean cross-entropy in nats.
        accuracy: in [0, 1].
        n: number of images.
        classes: names, in the order of ``per_class`` and ``confusion``.
        per_class: precision, recall and f1 in [0, 1] (None where undefined) and the number of images of each class.
        confusion: images by true class (rows) and predicted class (columns).
        calibration_error: expected difference between probability and accuracy, in [0, 1] (``calibration``).
        weights: which of its run's the model has; None outside any run.
    """

    model: str
    split: str
    loss: float
    accuracy: float
    n: int
    classes: list[str]
    per_class: list[dict[str, Any]]
    confusion: list[list[int]]
    calibration_error: float
    weights: Weights | None = None

    def text(self) -> str:
        """Return the metrics, a row per class, and the confusion matrix if there are few classes."""
        lines = [
            f"model     {self.model}",
            *([f"weights   {words}"] if (words := choice(self.weights)) else []),
            f"images    {self.n}, {self.split}",
            f"loss      {self.loss:.4f}",
            f"accuracy  {100 * self.accuracy:.2f} %",
            calibration.words(self.calibration_error),
            "",
        ]
        lines += details(self.classes, self.per_class, self.confusion)
        return "\n".join(lines)

    def json(self) -> str:
        """Return the metrics as one JSON object."""
        found = {name: value for name, value in asdict(self).items() if name != "weights"}
        return json.dumps(found | plain(self.weights), ensure_ascii=False)

    def csv(self) -> str:
        """Return a row per class."""
        keys = ("class", "n", "precision", "recall", "f1")
        return csv_text(keys, ([row[key] for key in keys] for row in self.per_class))


def details(
    classes: Sequence[str], per_class: Sequence[dict[str, Any]], confusion: Sequence[Sequence[int]]
) -> list[str]:
    """Return a line per class, and the confusion matrix if there are few classes."""
    rows = [["class", "images", "precision", "recall", "F1"]]
    for row in per_class:
        rows.append([row["class"], str(row["n"]), *(percent(row[key]) for key in ("precision", "recall", "f1"))])
    lines = align(rows)
    if len(classes) > MOST_COLUMNS:
        return [*lines, "", f"the confusion matrix of {len(classes)} classes is in --json and in fcnet plot"]
    counts = [[name, *map(str, row)] for name, row in zip(classes, confusion, strict=True)]
    title = "confusion matrix: a row per true class, a column per predicted class"
    return [*lines, "", title, *align([["", *classes], *counts])]


def evaluation(trained: Trained, images: ImageFolder, split: str) -> Evaluation:
    """Evaluate a classifier over images on its device; ``split`` is their name in the result."""
    logits, labels = logits_of(trained, images), images.labels.cpu()
    metrics = Metrics.of(logits, labels)
    assert metrics.accuracy is not None
    per_class, confusion = by_class(labels.numpy(), logits.argmax(1).numpy(), images.classes)
    classes = list(images.classes)
    return Evaluation(
        str(trained.path),
        split,
        metrics.loss,
        metrics.accuracy,
        metrics.n,
        classes,
        per_class,
        confusion,
        calibration.error(logits.double().softmax(1).numpy(), labels.numpy()),
        trained.weights,
    )


def logits_of(trained: Trained, images: ImageFolder) -> Tensor:
    """Return logits (N, C) of images, on the CPU. Raises CheckpointError if they are not finite."""
    logits = evaluate.predict(trained.net, images).cpu()
    check_finite(trained.path, logits)
    return logits


def check_finite(path: Path, *outputs: Tensor) -> None:
    """Raise CheckpointError, naming a model's file, if not all of its outputs are finite."""
    if not all(bool(one.isfinite().all()) for one in outputs):
        raise CheckpointError(
            f"{path}: its outputs for these images are not finite; train again with a lower train.optimizer.lr"
        )


def by_class(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]
) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """Return precision, recall, F1 and count per class, and the confusion matrix, for labels and predictions (N,)."""
    n = len(classes)
    confusion = np.bincount(labels * n + predicted, minlength=n * n).reshape(n, n)
    right, answered, there = confusion.diagonal(), confusion.sum(0), confusion.sum(1)
    rows = [
        {
            "class": classes[i],
            "precision": _share(right[i], answered[i]),
            "recall": _share(right[i], there[i]),
            "f1": _share(2 * right[i], answered[i] + there[i]),
            "n": int(there[i]),
        }
        for i in range(n)
    ]
    return rows, confusion.tolist()


def _share(part: int, whole: int) -> float | None:
    """Return a fraction; None where there is nothing to divide."""
    return float(part) / float(whole) if whole else None
