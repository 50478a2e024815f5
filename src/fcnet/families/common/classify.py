"""The commands that ask trained models: ``eval`` and ``predict``."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnet.commands import image_files, loading
from fcnet.config.data import ImageSplit
from fcnet.data import dataset
from fcnet.data.dataset import ImageFolder
from fcnet.data.images.deskew import deskewed
from fcnet.errors import CheckpointError
from fcnet.schema import Config
from fcnet.training.evaluate import predict
from fcnet.training.metrics import Metrics

# --- eval ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model over one split.

    Attributes:
        model: the file of the weights.
        split: what was evaluated.
        loss: mean cross-entropy in nats.
        accuracy: share classified right, in [0, 1].
        n: number of images.
        classes: names, in the order of ``per_class`` and ``confusion``.
        per_class: precision, recall and f1 in [0, 1] (None where undefined) and the number of images of each class.
        confusion: images by true class (rows) and predicted class (columns).
    """

    model: str
    split: str
    loss: float
    accuracy: float
    n: int
    classes: list[str]
    per_class: list[dict[str, Any]]
    confusion: list[list[int]]

    def to_json(self) -> str:
        """The figures as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)


def run_eval(
    trained: loading.Trained,
    split: str = "test",
    folder: ImageSplit | None = None,
    device: str = "auto",
) -> Evaluation:
    """Evaluate a classifier.

    Args:
        trained: the model.
        split: train, validation or test of its config.
        folder: other images, in place of ``split``.
        device: where to compute.
    """
    where = loading.choose_device(device)
    found, name = choose_split(trained.settings, split, folder)
    logits, labels = logits_of(trained, found, where)
    metrics = Metrics.of(logits, labels)
    assert metrics.accuracy is not None
    per_class, confusion = by_class(labels.numpy(), logits.argmax(1).numpy(), found.classes)
    return Evaluation(
        str(trained.path), name, metrics.loss, metrics.accuracy, metrics.n, list(found.classes), per_class, confusion
    )


def choose_split(settings: Config, split: str, folder: ImageSplit | None) -> tuple[ImageFolder, str]:
    """The images to evaluate, a split of a config or else a folder, and what to call them."""
    if folder is not None:
        found = loading.read_folder(settings, folder)
        return found, str(found.origin)
    found = loading.read_split(settings, split)
    return found, f"{split} ({found.origin})"


def logits_of(trained: loading.Trained, split: ImageFolder, device: torch.device) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and labels (N,) of a split, on the CPU, computed on a device.

    Raises:
        CheckpointError: the weights do not fit, or give logits that are not finite.
    """
    model = trained.model(len(split.classes), device)
    logits = predict(model, split.to(device)).cpu()
    check_finite(trained.path, logits)
    return logits, split.labels


def check_finite(path: Path, *outputs: Tensor) -> None:
    """Raise CheckpointError, naming a model's file, where not all of its outputs are finite."""
    if not all(bool(one.isfinite().all()) for one in outputs):
        raise CheckpointError(
            f"{path}: its outputs for these images are not finite; train again with a lower train.optimizer.lr"
        )


def by_class(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]
) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """Precision, recall, F1 and number per class, and the confusion matrix, of labels (N,) and predictions (N,)."""
    from sklearn import metrics  # imported here: it takes as long as all else that training imports

    numbers = range(len(classes))
    scores = metrics.precision_recall_fscore_support(labels, predicted, labels=numbers, zero_division=np.nan)
    columns = [[None if np.isnan(value) else float(value) for value in column] for column in scores[:3]]
    rows = zip(classes, *columns, scores[3].tolist(), strict=True)
    keys = ("class", "precision", "recall", "f1", "n")
    confusion = metrics.confusion_matrix(labels, predicted, labels=numbers)
    return [dict(zip(keys, row, strict=True)) for row in rows], confusion.tolist()


# --- predict ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Attributes:
        file: the image.
        predicted: the most probable class, by name.
        probability: of that class, in [0, 1].
        probabilities: of each class, by name.
    """

    file: str
    predicted: str
    probability: float
    probabilities: dict[str, float]


def run_predict(trained: loading.Trained, wanted: Sequence[str], device: str = "auto") -> list[Prediction]:
    """Classify image files with what lies in a run directory alone.

    Args:
        trained: the model.
        wanted: files, folders (the images in them) and glob patterns.
        device: where to compute.

    Raises:
        DataError: naming all that cannot be found or read; nothing is classified then.
    """
    classes = loading.class_names(trained.settings)
    where = loading.choose_device(device)
    split = read_files(trained, wanted, classes)
    logits, _ = logits_of(trained, split, where)
    rows = logits.double().softmax(1).tolist()
    return [
        Prediction(file, classes[row.index(max(row))], max(row), dict(zip(classes, row, strict=True)))
        for file, row in zip(split.names, rows, strict=True)
    ]


def read_files(trained: loading.Trained, wanted: Sequence[str], classes: Sequence[str] = ()) -> ImageFolder:
    """Image files, folders and patterns as a split without labels.

    Args:
        trained: the model that is to look at them.
        wanted: files, folders and patterns.
        classes: that the model tells apart.

    Raises:
        DataError: naming all that cannot be found or read.
    """
    files = image_files.find_images(wanted)
    where = trained.settings.data
    pixels = image_files.read_images(files, loading.image_size(trained.settings), where.white)
    image_files.warn_of_light(files, pixels, trained.run)
    if where.deskew:
        pixels = dataset.tensor(deskewed(pixels.numpy()))
    unlabelled = torch.zeros(len(files), dtype=torch.int64)
    return ImageFolder(pixels, unlabelled, tuple(classes), Path(), [str(file) for file in files])
