"""Outcomes of a classifier for figures: mistakes in order, and calibration worked out by hand."""

import numpy as np
import pytest

from fcnet.families.common.classify import Outcomes


def found(confidences: list[float], right: list[bool]) -> Outcomes:
    """Answers "a" of two classes, with these probabilities."""
    probabilities = np.array([[one, 1 - one] for one in confidences])
    labels = np.array([0 if one else 1 for one in right])
    return Outcomes(probabilities, labels, [f"{i}.png" for i in range(len(labels))], ["a", "b"], "test")


def test_the_most_confident_mistake_comes_first() -> None:
    one = found([0.9, 0.6, 0.8, 1.0], [False, False, False, True])
    assert one.mistakes.tolist() == [0, 2, 1]
    assert one.accuracy == 0.25
    assert one.by_class[1] == [[1, 0], [3, 0]]


def test_calibration_error_of_answers_worked_out_by_hand() -> None:
    """Five bins: in (0.6, 0.8] mean confidence 0.75 and half right; in (0.8, 1] 0.95 and all right."""
    one = found([0.7, 0.8, 0.9, 1.0], [True, False, True, True])
    bins = one.reliability(5)
    assert [bin.n for bin in bins] == [0, 0, 0, 2, 2]
    assert bins[3].confidence == pytest.approx(0.75)
    assert bins[3].accuracy == 0.5
    assert (bins[0].confidence, bins[0].accuracy) == (None, None)
    assert one.calibration_error(5) == pytest.approx(0.5 * 0.25 + 0.5 * 0.05)


def test_a_perfect_classifier_is_calibrated() -> None:
    assert found([1.0, 1.0], [True, True]).calibration_error() == 0
