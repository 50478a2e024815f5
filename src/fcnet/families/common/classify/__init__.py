"""Run a classifier over images: metrics of a split, predictions for single images, and outcomes for figures."""

from fcnet.families.common.classify import calibration
from fcnet.families.common.classify.calibration import Bin
from fcnet.families.common.classify.evaluation import Evaluation, by_class, check_finite, details, evaluation, logits_of
from fcnet.families.common.classify.outcomes import Outcomes, outcomes
from fcnet.families.common.classify.predictions import Prediction, Predictions, doubt, of_probabilities, predictions

__all__ = [
    "Bin",
    "Evaluation",
    "Outcomes",
    "Prediction",
    "Predictions",
    "by_class",
    "calibration",
    "check_finite",
    "details",
    "doubt",
    "evaluation",
    "logits_of",
    "of_probabilities",
    "outcomes",
    "predictions",
]
