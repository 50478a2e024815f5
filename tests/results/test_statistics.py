"""Statistics against SciPy, tables and formulas written out."""

import math
import random
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from fcnet.results.compare import statistics
from helpers.seeds import chance


def test_a_summary_of_three_values_by_hand() -> None:
    found = statistics.summary([0.90, 0.92, 0.97])
    assert found.mean == pytest.approx(0.93)
    assert found.sd == pytest.approx(math.sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2))
    assert found.sd is not None
    half = 4.302652729911275 * found.sd / math.sqrt(3)  # the 97.5 % point of Student's t with 2 degrees of freedom
    assert (found.low, found.high) == (pytest.approx(0.93 - half), pytest.approx(0.93 + half))
    assert (found.n, found.min, found.max) == (3, 0.90, 0.97)


def test_one_value_has_no_spread() -> None:
    assert statistics.summary([0.5]) == statistics.Summary(1, 0.5, None, None, None, 0.5, 0.5)


def test_intervals_are_those_of_scipy() -> None:
    generator = np.random.default_rng(1)
    for n in (2, 5, 30):
        values = generator.normal(0.97, 0.01, n)
        found = statistics.summary(values.tolist())
        expected = stats.t.interval(0.95, n - 1, loc=values.mean(), scale=stats.sem(values))
        assert (found.low, found.high) == pytest.approx(expected)
        assert found.sd == pytest.approx(values.std(ddof=1))


def test_95_of_100_intervals_contain_the_mean() -> None:
    """Of 4,000 samples of five, 95 % +- four standard errors (1.4 points)."""
    generator = np.random.default_rng(2)
    samples = generator.normal(3.0, 2.0, (4000, 5))
    found = [statistics.summary(sample.tolist()) for sample in samples]
    inside = sum(one.low <= 3.0 <= one.high for one in found if one.low is not None and one.high is not None)
    assert inside / 4000 == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))


def test_paired_differences_are_those_of_scipy() -> None:
    generator = np.random.default_rng(3)
    values, others = generator.normal(0.97, 0.01, (2, 8))
    found = statistics.paired(values.tolist(), others.tolist())
    expected = stats.ttest_rel(values, others)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert found.mean == pytest.approx((values - others).mean())


def test_a_paired_difference_by_hand() -> None:
    """Differences 1, 2, 3: t = 2 / (1 / sqrt(3)), and with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2)."""
    found = statistics.paired([2, 4, 6], [1, 2, 3])
    t = 2 * math.sqrt(3)
    assert found.p == pytest.approx(1 - t / math.sqrt(t * t + 2))


@pytest.mark.parametrize("values", [[0.5, 0.6, 0.7], [0.1, 0.2, 0.3]])
def test_differences_without_spread(values: list[float]) -> None:
    """All 0: no difference at all. All equal: a t-test has nothing to say."""
    none = statistics.paired(values, values)
    assert (none.mean, none.low, none.high, none.p) == (0, 0, 0, 1)
    same = statistics.paired([value + 0.1 for value in values], values)
    assert same.mean == pytest.approx(0.1)
    assert (same.p, same.low) == (None, same.mean)


def test_fewer_than_two_pairs_are_not_tested() -> None:
    assert statistics.paired([], []) == statistics.Paired(0, None)
    assert statistics.paired([3.0], [1.0]) == statistics.Paired(1, 2.0)


def test_no_difference_is_found_in_5_of_100_cases() -> None:
    """Of 2,000 pairs of samples from one distribution, p < 0.05 in 5 % +- four standard errors (2 points)."""
    samples = np.random.default_rng(4).normal(0, 1, (2000, 2, 5))
    found = [statistics.paired(one.tolist(), other.tolist()).p for one, other in samples]
    share = sum(p is not None and p < 0.05 for p in found) / 2000
    assert share == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 2000))


def test_holm_by_hand() -> None:
    """Holm (1979): the smallest of three times 3, the next times 2; never below one before it, never above 1."""
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([0.4, 0.5]) == pytest.approx([0.8, 0.8])
    assert statistics.holm([0.9, 0.8]) == [1.0, 1.0]
    assert statistics.holm([None, 0.01, None, 0.02]) == [None, 0.02, None, 0.02]
    assert statistics.holm([]) == []


def closed(values: list[float], i: int) -> float:
    """Holm's p as the closed test with Bonferroni's: the largest over all sets of hypotheses that hold this one."""
    sets = (s for n in range(1, len(values) + 1) for s in combinations(range(len(values)), n) if i in s)
    return min(1.0, max(len(s) * min(values[j] for j in s) for s in sets))


def test_holm_is_the_closed_test() -> None:
    generator: random.Random = chance("holm")
    for _ in range(50):
        values = [generator.random() ** 3 for _ in range(generator.randint(1, 6))]
        assert statistics.holm([*values]) == pytest.approx([closed(values, i) for i in range(len(values))])


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 1, 1.0),
        (0, 6, 2 / 64),
        (1, 9, 2 * (1 + 10) / 1024),
        (25, 3, 2 * sum(math.comb(28, k) for k in range(4)) / 2**28),
    ],
)
def test_mcnemar_by_the_binomial_distribution_written_out(b: int, c: int, p: float) -> None:
    hits = [True] * b + [False] * c + [True] * 7 + [False] * 2
    others = [False] * b + [True] * c + [True] * 7 + [False] * 2
    found = statistics.mcnemar(hits, others)
    assert (found.n, found.b, found.c) == (b + c + 9, b, c)
    assert found.p == pytest.approx(p)
    assert statistics.mcnemar(others, hits).p == found.p
