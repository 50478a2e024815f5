"""A classifier's answers: classes, confusion, calibration, and the most confident mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcnet.families.common.findings.parts import Answers
from fcnet.report.drawn import images
from fcnet.report.drawn.figure import Figure
from fcnet.report.language import Words
from fcnet.report.svg import bars, heat

MOST_CONFUSIONS = 10  # rows of the table of confusions


@dataclass(frozen=True)
class Mistake:
    """A misclassified image: its address, what it says and what was said, how surely, and its file."""

    address: str
    alt: str
    words: str
    probability: str
    file: str


@dataclass(frozen=True)
class Shown:
    """The answers as a report shows them.

    Attributes:
        classes: rows of name, number of images, precision, recall and F1.
        confusion: the chart.
        confusions: rows of true class, predicted class, number of images and share of the true class.
        calibration: the chart.
        bins: rows of probabilities, number of answers, mean probability and accuracy.
        mistakes: the most confident ones.
        total: number of mistakes.
    """

    classes: Sequence[Sequence[str]]
    confusion: Figure
    confusions: Sequence[Sequence[str]]
    calibration: Figure
    bins: Sequence[Sequence[str]]
    mistakes: Sequence[Mistake]
    total: int


def shown(found: Answers, words: Words) -> Shown:
    """Return answers ready for the template."""
    outcomes = found.outcomes
    per_class, confusion = outcomes.by_class
    keys = ("precision", "recall", "f1")
    rows = [[row["class"], words.count(row["n"]), *(words.percent(row[key]) for key in keys)] for row in per_class]
    counts = np.asarray(confusion)
    return Shown(
        rows,
        _confusion(counts, outcomes.classes, words),
        _confusions(counts, outcomes.classes, words),
        _calibration(found, words),
        _bins(found, words),
        _mistakes(found, words),
        len(outcomes.mistakes),
    )


def _confusion(counts: np.ndarray, classes: Sequence[str], words: Words) -> Figure:
    total, wrong = int(counts.sum()), int(counts.sum() - counts.trace())
    told = words("confusion_desc", wrong=wrong, n=total)
    svg = heat.confusion(counts, classes, (words("true"), words("predicted")), words("confusion_title"), told)
    return Figure(svg, words("confusion_note"))


def _confusions(counts: np.ndarray, classes: Sequence[str], words: Words) -> list[list[str]]:
    """Return the most frequent errors, the most frequent first."""
    errors = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-errors, axis=None, kind="stable")[:MOST_CONFUSIONS]
    rows = []
    for i, j in zip(*np.unravel_index(order, errors.shape), strict=True):
        if errors[i, j]:
            share = words.percent(float(errors[i, j]) / float(counts[i].sum()), 1)
            rows.append([classes[i], classes[j], str(int(errors[i, j])), share])
    return rows


def _calibration(found: Answers, words: Words) -> Figure:
    bins = [
        (100 * one.low, 100 * one.high, 100 * one.accuracy, one.n)
        for one in found.outcomes.reliability()
        if one.accuracy is not None
    ]
    told = words("comma").join(f"{low:.0f}–{high:.0f}: {accuracy:.1f}" for low, high, accuracy, _ in bins)
    axes = tuple(words("share_unit", name=words(key)) for key in ("probability", "accuracy"))
    description = words("calibration_desc", n=len(bins), bins=told)
    svg = bars.reliability(bins, (axes[0], axes[1]), words("calibration_title"), description)
    ece = words.percent(found.outcomes.calibration_error())
    return Figure(svg, words("calibration_text", ece=ece, few=bars.FEW))


def _bins(found: Answers, words: Words) -> list[list[str]]:
    """Return a row for each interval of probabilities that has answers."""
    return [
        [
            words("percent", value=f"{100 * one.low:.0f}–{100 * one.high:.0f}"),
            words.count(one.n),
            words.percent(one.confidence, 1),
            words.percent(one.accuracy, 1),
        ]
        for one in found.outcomes.reliability()
        if one.n
    ]


def _mistakes(found: Answers, words: Words) -> list[Mistake]:
    outcomes = found.outcomes
    rows = []
    for i, image in zip(outcomes.mistakes.tolist(), found.mistakes, strict=False):
        names = {"true": outcomes.classes[outcomes.labels[i]], "predicted": outcomes.classes[outcomes.predicted[i]]}
        file = str(outcomes.files[i])
        alt = words("mistake_alt", file=file, **names)
        probability = words.percent(float(outcomes.confidence[i]), 1)
        rows.append(Mistake(images.grey(image), alt, words("mistake", **names), probability, file))
    return rows
