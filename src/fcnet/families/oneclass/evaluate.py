"""Run a one-class net over images: scores, and how well they tell outliers from normal images."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.common import outliers
from fcnet.families.common.classify import check_finite
from fcnet.families.common.family import Told, Trained, Weights, choice, plain
from fcnet.families.oneclass.model import OneClassNet
from fcnet.families.oneclass.objective import OneClass
from fcnet.system.text import align, csv_text, left, width
from fcnet.training.evaluate import evaluate, predict


@dataclass(frozen=True)
class Detection:
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

    def text(self) -> str:
        """Return the metrics, a line each."""
        rows = [
            ("model", self.model),
            *([("weights", words)] if (words := choice(self.weights)) else []),
            ("images", f"{self.n}, {self.split}"),
            ("loss", f"{self.loss:.4f}"),
            *((f"  {name}", f"{value:.4f}") for name, value in self.terms.items()),
        ]
        if (found := self.outliers) is not None:
            counts = f"{found['normal']:.0f} normal, {found['outliers']:.0f} outliers"
            rows.append(("AUROC", f"{100 * found['auroc']:.2f} %, {counts}"))
        columns = max(width(name) for name, _ in rows)
        return "\n".join(f"{left(name, columns)}  {value}" for name, value in rows)

    def json(self) -> str:
        """Return the metrics as one JSON object; absent ones are omitted."""
        return json.dumps(
            {name: value for name, value in self._plain().items() if value is not None}, ensure_ascii=False
        )

    def _plain(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "weights"} | plain(self.weights)

    def csv(self) -> str:
        """Return a row per metric, those of a group as ``group.name``."""
        rows: list[tuple[str, object]] = []
        for name, value in self._plain().items():
            if isinstance(value, dict):
                rows += [(f"{name}.{key}", one) for key, one in value.items()]
            elif value is not None:
                rows.append((name, value))
        return csv_text(("metric", "value"), rows)


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
class Scores:
    """The scores of several images.

    Attributes:
        images: in the order given; at least one.
        weights: which of its run's the model has; None outside any run.
    """

    images: list[Scored]
    weights: Weights | None = None

    def text(self) -> str:
        """Return a row per image."""
        rows, header = [[one.file, f"{one.score:.4f}"] for one in self.images], ["file", "score"]
        more = {"note": [one.note for one in self.images], "prepared": [", ".join(one.prepared) for one in self.images]}
        for name, cells in more.items():
            if any(cells):
                header.append(name)
                rows = [[*row, cell or "-"] for row, cell in zip(rows, cells, strict=True)]
        return "\n".join(align([header, *rows], words=len(header) - 2))

    def json(self) -> str:
        """Return one JSON object with a list."""
        return json.dumps(
            plain(self.weights) | {"predictions": [asdict(one) for one in self.images]}, ensure_ascii=False
        )

    def csv(self) -> str:
        """Return a row per image."""
        rows = ([*list(asdict(one).values())[:-1], ", ".join(one.prepared)] for one in self.images)
        return csv_text(list(asdict(self.images[0])), rows)

    def told(self, images: Sequence[Told], threshold: float | None) -> "Scores":  # noqa: ARG002
        """Return the same result with what is known about each image."""
        found = [
            replace(one, note=of.problem, prepared=of.prepared) for one, of in zip(self.images, images, strict=True)
        ]
        return replace(self, images=found)


def scores(trained: Trained, images: ImageFolder) -> Scores:
    """Score images on the device of a model."""
    found = zip(images.names, scores_of(trained, images).tolist(), strict=True)
    return Scores([Scored(file, score) for file, score in found], trained.weights)
