"""The commands that look at trained models: ``eval``, ``plot`` and ``predict``."""

import glob
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnet import console, data, images, journal, loading, plots, rundir
from fcnet.data import ImageFolder
from fcnet.errors import CheckpointError, ConfigError, DataError, listed
from fcnet.folder import natural
from fcnet.metrics import Metrics
from fcnet.models import weight_matrices
from fcnet.schema import ImageSplit
from fcnet.train import predict

# Brightness in [0, 1] above which a background is called light: half way.
LIGHT = 0.5


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
    run: Path | None,
    config_file: Path | None = None,
    split: str = "test",
    folder: ImageSplit | None = None,
    device: str = "auto",
) -> Evaluation:
    """Evaluate a model.

    Args:
        run: run directory or model file; the newest run when None.
        config_file: of a model file that lies in no run directory.
        split: train, validation or test of its config.
        folder: other images, in place of ``split``.
        device: where to compute.
    """
    trained = loading.locate(run, config_file)
    where = loading.choose_device(device)
    settings = trained.settings
    found = loading.read_split(settings, split) if folder is None else loading.read_folder(settings, folder)
    logits, labels = logits_of(trained, found, where)
    name = f"{split} ({found.origin})" if folder is None else str(found.origin)
    metrics = Metrics.of(logits, labels)
    per_class, confusion = by_class(labels.numpy(), logits.argmax(1).numpy(), found.classes)
    return Evaluation(
        str(trained.path), name, metrics.loss, metrics.accuracy, metrics.n, list(found.classes), per_class, confusion
    )


def logits_of(trained: loading.Trained, split: ImageFolder, device: torch.device) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and labels (N,) of a split, on the CPU, computed on a device.

    Raises:
        CheckpointError: the weights do not fit, or give logits that are not finite.
    """
    model = trained.model(len(split.classes), device)
    logits = predict(model, split.to(device)).cpu()
    if not logits.isfinite().all():
        raise CheckpointError(
            f"{trained.path}: its outputs for these images are not finite; train again with a lower train.optimizer.lr"
        )
    return logits, split.labels


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


# --- plot ---------------------------------------------------------------------------------------------------------


def run_plot(runs: Sequence[Path], out: Path | None = None, file_format: str = "png") -> list[Path]:
    """Draw the pictures of runs.

    One run gets all five in its ``plots/``. Several are laid over each other in loss and accuracy, in ``plots/`` beside
    the first of them. The curves come first: they need no data, so they are there even when the images are not.

    Args:
        runs: run directories; the newest when there is none.
        out: another folder for the pictures.
        file_format: png, svg or pdf.

    Returns:
        The files written.
    """
    trained = [loading.locate(run) for run in runs] or [loading.locate(None)]
    folders = [one.run for one in trained if one.run is not None]
    if len(folders) < len(trained):
        raise ConfigError(f"{runs[0]}: plot needs run directories, with their {rundir.METRICS}")
    if len(folders) > 1:
        return draw_curves(folders, out or folders[0].parent / rundir.PLOTS, file_format)
    out = out or folders[0] / rundir.PLOTS
    return draw_curves(folders, out, file_format) + _draw_model(trained[0], out, file_format)


def draw_curves(runs: Sequence[Path], out: Path, file_format: str) -> list[Path]:
    """Loss and accuracy over the epochs, of one run or several."""
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run) for run in runs]
    curves = [plots.Curve(name, journal.read_metrics(run)) for name, run in zip(names, runs, strict=True)]
    empty = [str(run) for run, curve in zip(runs, curves, strict=True) if not curve.of("epoch")]
    if empty:
        raise ConfigError(f"{empty[0]}: has no finished epoch to draw; let it train, or leave it out")
    return _save({"loss": plots.loss(curves), "accuracy": plots.accuracy(curves)}, out, file_format)


def _draw_model(trained: loading.Trained, out: Path, file_format: str) -> list[Path]:
    """What the weights look like, and what the model does on its test images."""
    settings = trained.settings
    name = trained.path.parent.resolve().name
    written: list[Path] = []
    if settings.data.classes is not None:  # the weights can be drawn even where the images are gone
        written = _draw_weights(trained, settings.data.classes, name, out, file_format)
    part = "test" if settings.data.source or settings.data.test else "validation"
    if part == "validation" and settings.data.validation is None:
        console.notice("confusion and mistakes are not drawn: this config holds out no images")
        return written
    split = loading.read_split(settings, part)
    logits, labels = logits_of(trained, split, torch.device("cpu"))
    _, confusion = by_class(labels.numpy(), logits.argmax(1).numpy(), split.classes)
    probabilities = logits.double().softmax(1).numpy()
    title = f"{name}: {100 * Metrics.of(logits, labels).accuracy:.2f} % of {len(labels)} {part} images right"
    figures = {
        "confusion": plots.confusion(np.asarray(confusion), split.classes, title),
        "mistakes": plots.mistakes(split.images.numpy(), labels.numpy(), probabilities, split.classes, name),
    }
    return written + _save(figures, out, file_format)


def _draw_weights(
    trained: loading.Trained, classes: Sequence[str], name: str, out: Path, file_format: str
) -> list[Path]:
    model = trained.model(len(classes), torch.device("cpu"))
    first = weight_matrices(model)[0].detach().double().numpy()
    names = None if trained.settings.model.hidden else classes
    size = loading.image_size(trained.settings)
    return _save({"weights": plots.weights(first, size, names, f"{name}, weights of fc1")}, out, file_format)


def _save(figures: dict[str, Any], out: Path, file_format: str) -> list[Path]:
    paths = [out / f"{name}.{file_format}" for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        plots.save(figure, path)
    return paths


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


def run_predict(run: Path | None, wanted: Sequence[str], device: str = "auto") -> list[Prediction]:
    """Classify image files with what lies in a run directory alone.

    Args:
        run: run directory or model file in one; the newest run when None.
        wanted: files, folders (the images in them) and glob patterns.
        device: where to compute.

    Raises:
        DataError: naming all that cannot be found or read; nothing is classified then.
    """
    trained = loading.locate(run)
    classes = trained.settings.data.classes
    if classes is None:
        raise ConfigError(f"{trained.path}: its config lists no data.classes, as a run's does; give a run directory")
    where = loading.choose_device(device)
    files = find_images(wanted)
    pixels = read_images(files, loading.image_size(trained.settings))
    _warn_of_light(files, pixels, trained.run)
    unlabelled = torch.zeros(len(files), dtype=torch.int64)
    split = ImageFolder(pixels, unlabelled, tuple(classes), Path(), [str(file) for file in files])
    logits, _ = logits_of(trained, split, where)
    rows = logits.double().softmax(1).tolist()
    return [
        Prediction(str(file), classes[row.index(max(row))], max(row), dict(zip(classes, row, strict=True)))
        for file, row in zip(files, rows, strict=True)
    ]


def find_images(wanted: Sequence[str]) -> list[Path]:
    """The files that names, folders and patterns stand for. Raises DataError for those that stand for none."""
    files: list[Path] = []
    problems: list[str] = []
    for word in wanted:
        path = Path(word)
        if os.path.isfile(word):
            found = [path]
        elif os.path.isdir(word):
            found = [file for file in path.iterdir() if _is_image(file)]
        else:
            found = [Path(name) for name in glob.glob(word, recursive=True) if os.path.isfile(name)]
        if not found:
            what = "holds no images" if os.path.isdir(word) else "there is no such file, folder or pattern"
            problems.append(f"{word}: {what} ({', '.join(images.SUFFIXES)}); looked in {Path.cwd()}")
        files += sorted(found, key=lambda file: natural(str(file)))
    if problems:
        raise DataError(*listed(problems, "images not found"))
    return files


def _is_image(file: Path) -> bool:
    """Whether a file in a folder is taken for an image, as in training: by its name, and not hidden."""
    return file.suffix.lower() in images.SUFFIXES and not file.name.startswith(".") and file.is_file()


def read_images(files: Sequence[Path], size: data.Size) -> Tensor:
    """Pixels uint8 (N, H, W) of image files. Raises DataError naming those that cannot be read."""
    pixels = torch.empty((len(files), *size), dtype=torch.uint8)
    problems: list[str] = []
    for i, file in enumerate(files):
        try:
            pixels[i] = torch.from_numpy(images.read(file, size)[0].copy())
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(*listed(problems, "images that cannot be read"))
    return pixels


def _warn_of_light(files: Sequence[Path], pixels: Tensor, run: Path | None) -> None:
    """Warn of images with a light background where those of the training had a dark one."""
    if run is None:
        return
    try:
        trained_on = journal.read_json(run / rundir.ENVIRONMENT)["data"]["train"]["border"]
    except (CheckpointError, KeyError, TypeError):
        console.warn(f"{run / rundir.ENVIRONMENT}: does not tell the training images' background; it is not compared")
        return
    if trained_on >= LIGHT:
        return
    light = [str(file) for file, image in zip(files, pixels, strict=True) if data.border([image[None]]) > LIGHT]
    if light:
        shown = ", ".join(light[:3]) + (", ..." if len(light) > 3 else "")
        console.warn(
            f"{shown}: {len(light)} of {len(files)} images have a light background, the training images a dark one;"
            " invert them, or expect wrong classes"
        )
