"""The predictions of a classifier for single images."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify.evaluation import logits_of
from fcnet.families.common.family import Told, Trained, Weights, plain
from fcnet.system.text import align, csv_text, percent

SECOND = 0.05  # probability from which on the second class is named too


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image.

    Attributes:
        file: the image.
        predicted: the most probable class, by name; None if the image shows nothing to classify.
        probability: of that class, in [0, 1].
        sure: whether the answer counts.
        note: why it does not; empty if it does.
        prepared: what was done to the image, in words.
        probabilities: of each class, by name.
    """

    file: str
    predicted: str | None
    probability: float | None
    sure: bool
    note: str
    prepared: list[str]
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Predictions:
    """The predictions for several images.

    Attributes:
        images: in the order given; at least one.
        classes: names, in the order of the net's outputs.
        weights: which of its run's the model has; None outside any run.
        members: the models whose mean they are, as in JSON; none for a single model.
    """

    images: list[Prediction]
    classes: tuple[str, ...]
    weights: Weights | None = None
    members: list[dict[str, Any]] = field(default_factory=list)

    def text(self) -> str:
        """Return a row per image; columns for what was prepared and noted if there is any."""
        columns = {
            "file": [one.file for one in self.images],
            "class": [one.predicted or "-" for one in self.images],
            "probability": ["-" if one.probability is None else percent(one.probability) for one in self.images],
        }
        if any(one.note for one in self.images):
            columns["note"] = [one.note or "-" for one in self.images]
        if any(one.prepared for one in self.images):
            columns["prepared"] = [", ".join(one.prepared) or "-" for one in self.images]
        return "\n".join(align([[*columns], *zip(*columns.values(), strict=True)], words=len(columns) - 3))

    def json(self) -> str:
        """Return one JSON object with a list."""
        models = {"members": self.members} if self.members else plain(self.weights)
        return json.dumps(models | {"predictions": [asdict(one) for one in self.images]}, ensure_ascii=False)

    def csv(self) -> str:
        """Return a row per image, with the probability of each class."""
        rows = (
            [one.file, one.predicted, one.probability, one.sure, one.note, ", ".join(one.prepared)]
            + [one.probabilities.get(name) for name in self.classes]
            for one in self.images
        )
        return csv_text(["file", "predicted", "probability", "sure", "note", "prepared", *self.classes], rows)

    def told(self, images: Sequence[Told], threshold: float | None) -> Predictions:
        """Return the same predictions with what is known about each image; those below the threshold are not sure."""
        return replace(self, images=[_told(one, of, threshold) for one, of in zip(self.images, images, strict=True)])


def _told(one: Prediction, of: Told, threshold: float | None) -> Prediction:
    prepared = list(of.prepared)
    if of.problem:
        return Prediction(one.file, None, None, False, of.problem, prepared, {})
    notes = []
    if threshold is not None and one.probability is not None and one.probability < threshold:
        notes.append(doubt(one.probabilities))
    if of.touches:
        notes.append(f"touches the {of.touches} edge: cut off?")
    return replace(one, sure=not notes, note="; ".join(notes), prepared=prepared)


def doubt(probabilities: dict[str, float]) -> str:
    """Return which classes an uncertain answer may mean, such as "uncertain: 7 or 1"."""
    first, second = sorted(probabilities, key=lambda name: -probabilities[name])[:2]
    return f"uncertain: {first} or {second}" if probabilities[second] >= SECOND else f"uncertain: {first}?"


def predictions(trained: Trained, images: ImageFolder) -> Predictions:
    """Classify images on the device of a model."""
    return of_probabilities(logits_of(trained, images).double().softmax(1), images, trained.weights)


def of_probabilities(
    probabilities: Tensor, images: ImageFolder, weights: Weights | None = None, members: Sequence[dict[str, Any]] = ()
) -> Predictions:
    """Return the most probable class of each image, from probabilities (N, C) of one model or of several."""
    classes = images.classes
    found = [
        Prediction(file, classes[row.index(max(row))], max(row), True, "", [], dict(zip(classes, row, strict=True)))
        for file, row in zip(images.names, probabilities.tolist(), strict=True)
    ]
    return Predictions(found, classes, weights, list(members))
