"""Calibration: how well the probabilities of answers agree with how often they are right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15  # of equal width, as in Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2


@dataclass(frozen=True)
class Bin:
    """The answers whose probability is in an interval.

    Attributes:
        low: the end that is not in it, in [0, 1].
        high: the end that is in it.
        n: number of answers.
        confidence: mean probability of the predicted class; None without answers.
        accuracy: share of right answers; None without answers.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


def reliability(probabilities: NDArray[np.float64], labels: NDArray[np.int64], bins: int = BINS) -> list[Bin]:
    """Return accuracy and mean confidence of answers in intervals (low, high] of their probability.

    Args:
        probabilities: (N, C), each row sums to 1.
        labels: (N,), true classes.
        bins: how many intervals there are.
    """
    edges = np.linspace(0, 1, bins + 1)
    confidences = probabilities.max(1)
    number = np.clip(np.ceil(confidences * bins).astype(int) - 1, 0, bins - 1)
    right = probabilities.argmax(1) == labels
    found = []
    for i in range(bins):
        inside = number == i
        n = int(inside.sum())
        confidence = float(confidences[inside].mean()) if n else None
        accuracy = float(right[inside].mean()) if n else None
        found.append(Bin(float(edges[i]), float(edges[i + 1]), n, confidence, accuracy))
    return found


def error(probabilities: NDArray[np.float64], labels: NDArray[np.int64], bins: int = BINS) -> float:
    """Return the expected calibration error (Guo et al. 2017, equation 3), in [0, 1], of the same."""
    return sum(
        one.n * abs(one.accuracy - one.confidence)
        for one in reliability(probabilities, labels, bins)
        if one.accuracy is not None and one.confidence is not None
    ) / len(labels)


def words(error: float) -> str:
    """Return the line about a calibration error in the metrics of a model."""
    return f"ECE       {100 * error:.2f} % (expected calibration error)"
