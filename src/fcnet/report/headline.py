"""The figure that a run is known by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fcnet.families.common.findings.parts import Answers, Part, Reconstructions, Separation
from fcnet.report.language import Words
from fcnet.results.row import Row

CONFIDENT = 1.959963984540054  # quantile of the normal distribution for an interval of 95 %


@dataclass(frozen=True)
class Headline:
    """A figure: its value, what it is, and a sentence about its certainty."""

    value: str
    words: str
    more: str = ""


def of_run(shown: Sequence[Part], row: Row, part: str, which: str, words: Words) -> Headline | None:
    """Return the figure of a run: what its model shows now, else what was written at its end; None if there is none.

    Args:
        shown: what the model shows of the images.
        row: what the run's files say.
        part: the split of the images.
        which: weights of the run, best or last.
        words: of the language.
    """
    split = words(f"split_{part}")
    found = [one for one in (_of_part(part, split, words) for part in shown) if one is not None]
    return found[-1] if found else _of_files(row, part, which, words)  # outliers come after reconstructions


def _of_part(part: Part, split: str, words: Words) -> Headline | None:
    match part:
        case Answers():
            return accuracy(part.outcomes.accuracy, len(part.outcomes.labels), split, words)
        case Separation():
            n = len(part.normal) + len(part.outliers)
            return Headline(words.percent(part.auroc), words("headline_auroc", n=n, split=split))
        case Reconstructions():
            error = words.decimal(part.metrics["squared_error"], 2)
            return Headline(error, words("headline_error", n=part.n, split=split))
    return None


def _of_files(row: Row, part: str, which: str, words: Words) -> Headline | None:
    split, scores = words(f"split_{part}"), row.scores(part, which)
    if scores is None:
        return None
    if scores.accuracy is not None:
        return accuracy(scores.accuracy, scores.n, split, words)
    unit = "nats" if row.net is None else row.net.unit
    return Headline(words.decimal(scores.loss), words("headline_loss", n=scores.n, split=split, unit=unit))


def accuracy(share: float, n: int, split: str, words: Words) -> Headline:
    """Return an accuracy in [0, 1] of n images with its interval."""
    right = round(share * n)
    low, high = (words.percent(end) for end in wilson(right, n))
    more = words("wilson", low=low, high=high, wrong=n - right, n=n)
    return Headline(words.percent(share), words("headline_accuracy", n=n, split=split), more)


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of n >= 1 (Wilson 1927), which stays in [0, 1] also near its ends."""
    z2, share = CONFIDENT**2, right / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = CONFIDENT / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)
