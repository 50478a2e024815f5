"""Statistics of groups of runs: means with intervals, paired t-tests, Holm's correction, McNemar's exact test.

SciPy computes distributions and tests. What it cannot say is None, never an infinite number: the spread of one run, a
test of differences that are all equal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.95
_EQUAL = 1e-12  # spread, as a share of the values, that is rounding alone


@dataclass(frozen=True)
class Summary:
    """A sample of a metric, one value per run.

    Attributes:
        n: number of runs.
        mean: of the values.
        sd: sample standard deviation, with n - 1; None for one run.
        low, high: 95 % interval of the mean by Student's t; None for one run.
        min, max: the smallest and the largest value.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None
    min: float
    max: float


@dataclass(frozen=True)
class Paired:
    """The differences of two groups over the pairs that they have in common.

    Attributes:
        n: number of pairs.
        mean: mean difference; None without pairs.
        low, high: its 95 % interval by Student's t; None for fewer than two pairs.
        p: of the paired t-test, two-sided; None for fewer than two pairs, and for equal differences other than 0.
        holm: p corrected by Holm for the number of comparisons.
    """

    n: int
    mean: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    holm: float | None = None


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test of two classifiers on the same images.

    Attributes:
        n: number of images.
        b: images that only the first classifies correctly.
        c: images that only the second does.
        p: two-sided, by the binomial distribution.
    """

    n: int
    b: int
    c: int
    p: float


def summary(values: Sequence[float]) -> Summary:
    """Summarise at least one value."""
    mean = fmean(values)
    if len(values) < 2:
        return Summary(1, mean, None, None, None, mean, mean)
    half = _half_width(values)
    return Summary(len(values), mean, stdev(values), mean - half, mean + half, min(values), max(values))


def _half_width(values: Sequence[float]) -> float:
    from scipy import stats  # imported here: it takes half a second

    n = len(values)
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * stdev(values) / math.sqrt(n)


def paired(values: Sequence[float], others: Sequence[float]) -> Paired:
    """Compare values with others, pair by pair; the differences are values minus others."""
    differences = [one - other for one, other in zip(values, others, strict=True)]
    n = len(differences)
    if n < 2:
        return Paired(n, differences[0] if n else None)
    mean = fmean(differences)
    if stdev(differences) <= _EQUAL * max(map(abs, (*values, *others))):  # no spread: nothing to test against
        alike = 0.0 if abs(mean) <= _EQUAL * max(map(abs, (*values, *others))) else mean
        return Paired(n, alike, alike, alike, None if alike else 1.0)
    from scipy import stats  # imported here: it takes half a second

    half = _half_width(differences)
    return Paired(n, mean, mean - half, mean + half, float(stats.ttest_rel(values, others).pvalue))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm's step-down method; None stays None and does not count as a comparison."""
    known = sorted((p, i) for i, p in enumerate(values) if p is not None)
    corrected: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[i] = largest
    return corrected


def mcnemar(hits: Sequence[bool], others: Sequence[bool]) -> McNemar:
    """Compare which images (n,) two classifiers classify correctly."""
    b = sum(one and not other for one, other in zip(hits, others, strict=True))
    c = sum(other and not one for one, other in zip(hits, others, strict=True))
    if b + c == 0:
        return McNemar(len(hits), 0, 0, 1.0)
    from scipy import stats  # imported here: it takes half a second

    return McNemar(len(hits), b, c, float(stats.binomtest(b, b + c).pvalue))
