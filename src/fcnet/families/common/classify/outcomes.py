"""What a classifier answers to labelled images: confusion, mistakes and calibration, for figures and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.families.common.classify import calibration
from fcnet.families.common.classify.calibration import BINS, Bin
from fcnet.families.common.classify.evaluation import by_class, logits_of
from fcnet.families.common.family import Trained


@dataclass(frozen=True)
class Outcomes:
    """Answers to labelled images.

    Attributes:
        probabilities: (N, C), each row sums to 1.
        labels: (N,), true classes.
        files: of the images, as they are named in their folder or list.
        classes: names of the C classes.
        split: what the images are.
    """

    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    files: Sequence[str]
    classes: Sequence[str]
    split: str

    @classmethod
    def of(cls, logits: Tensor, images: ImageFolder, split: str) -> Outcomes:
        """Return the answers that logits (N, C) are to images, which ``split`` names."""
        probabilities = logits.double().softmax(1).numpy()
        return cls(probabilities, images.labels.cpu().numpy(), images.names, images.classes, split)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """Return the most probable class (N,) of each image."""
        return np.asarray(self.probabilities.argmax(1))

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Return the probability (N,) of the predicted class."""
        return self.probabilities[np.arange(len(self.labels)), self.predicted]

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return float((self.predicted == self.labels).mean())

    @cached_property
    def by_class(self) -> tuple[list[dict[str, Any]], list[list[int]]]:
        """Return precision, recall, F1 and count per class, and the confusion matrix."""
        return by_class(self.labels, self.predicted, self.classes)

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """Return the positions of misclassified images, the most confident first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    def reliability(self, bins: int = BINS) -> list[Bin]:
        """Return accuracy and mean confidence of the answers in intervals (low, high] of their probability."""
        return calibration.reliability(self.probabilities, self.labels, bins)

    def calibration_error(self, bins: int = BINS) -> float:
        """Return the expected calibration error (Guo et al. 2017, equation 3), in [0, 1]."""
        return calibration.error(self.probabilities, self.labels, bins)


def outcomes(trained: Trained, images: ImageFolder, split: str) -> Outcomes:
    """Return a classifier's answers to images on its device, which ``split`` names."""
    return Outcomes.of(logits_of(trained, images), images, split)
