"""Which images are held out."""

import numpy as np
import pytest

from fcnet.data.holdout import choice, held_out_mask, labelled_images, lie_sorted
from fcnet.errors import ConfigError

LABELS = np.repeat([0, 1, 2], [10, 20, 70])
MIXED = np.random.default_rng(0).permutation(LABELS)


def counts(labels: np.ndarray, amount: float) -> list[int]:
    return np.bincount(labels[held_out_mask(labels, amount)], minlength=3).tolist()


def test_of_mixed_images_a_number_takes_the_last() -> None:
    for amount in (1, 3, 30, 99):
        assert held_out_mask(MIXED, amount).tolist() == [False] * (100 - amount) + [True] * amount
    assert choice(MIXED, 3) == "the last 3"


@pytest.mark.parametrize("n", [6, 40, 1000])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_mixed_images_are_rarely_taken_for_sorted(n: int, classes: int) -> None:
    """Of a hundred orders of a few images one or two are sorted by chance; of many none."""
    generator = np.random.default_rng(n)
    orders = [generator.permutation(np.arange(n) % classes) for _ in range(100)]
    found = [lie_sorted(order, amount) for order in orders for amount in (1, n // 5, n // 2)]
    assert sum(found) <= (0 if n > 6 else 40)


def test_of_sorted_images_a_number_takes_a_share_of_each_class() -> None:
    assert counts(LABELS, 10) == [1, 2, 7]
    assert counts(LABELS, 3) == [0, 1, 2]
    assert counts(LABELS, 33) == [3, 7, 23]
    assert sum(counts(LABELS, 97)) == 97
    assert counts(LABELS, 97) == [9, 19, 69]  # one of each is left
    assert held_out_mask(LABELS, 10).tolist() == held_out_mask(LABELS, 10).tolist()
    assert not held_out_mask(LABELS, 10)[-10:].all()
    assert choice(LABELS, 10) == "a share of each class, because they are sorted by class"
    with pytest.raises(ConfigError, match=r"data\.validation: is 98; the 100 .* give at most 97"):
        held_out_mask(LABELS, 98)


def test_blocks_of_one_class_are_sorted_too() -> None:
    """Two sorted sets, one behind the other: the last images are of one class, unless they are a whole set."""
    twice = np.concatenate([LABELS, LABELS])
    assert counts(twice, 20) == [2, 4, 14]
    assert held_out_mask(twice, 100).tolist() == [False] * 100 + [True] * 100
    assert not lie_sorted(np.zeros(9, np.int64), 3)  # one class: nothing to share
    assert not lie_sorted(np.arange(9), 3)  # one image of each


def test_a_fraction_takes_a_share_of_each_class() -> None:
    assert counts(LABELS, 0.2) == [2, 4, 14]
    assert held_out_mask(LABELS, 0.2).tolist() == held_out_mask(LABELS, 0.2).tolist()  # the same images every time
    few = np.array([0] * 10 + [1] + [2] * 2)
    assert counts(few, 0.8) == [8, 0, 1]  # what is there once or twice is trained on


@pytest.mark.parametrize("amount", [100, 5000, 0.001, 0.999])
def test_both_parts_need_images(amount: float) -> None:
    with pytest.raises(ConfigError, match=rf"data\.validation: is {amount}; of 100 training images"):
        held_out_mask(LABELS, amount)


def of_classes(labels: np.ndarray, amount: int, seed: int = 0) -> list[int]:
    """How many of each class have labels."""
    chosen = labelled_images(labels, amount, seed)
    assert len(np.unique(chosen)) == amount
    assert (np.diff(chosen) > 0).all()
    return np.bincount(labels[chosen], minlength=3).tolist()


@pytest.mark.parametrize("labels", [LABELS, MIXED])
def test_labels_are_kept_equally_of_each_class(labels: np.ndarray) -> None:
    assert of_classes(labels, 3) == [1, 1, 1]
    assert of_classes(labels, 30) == [10, 10, 10]
    assert of_classes(labels, 50) == [10, 20, 20]  # all of the first two
    assert of_classes(labels, 60) == [10, 20, 30]
    assert of_classes(labels, 100) == [10, 20, 70]
    assert sorted(of_classes(labels, 20)) == [6, 7, 7]


def test_labels_are_chosen_by_the_seed() -> None:
    """Each image, and each class for what cannot be divided, as often as the others."""
    found = [labelled_images(MIXED, 10, seed) for seed in range(300)]
    assert labelled_images(MIXED, 10, 0).tolist() == found[0].tolist()
    of_first = np.bincount(np.concatenate(found), minlength=100)[MIXED == 0]  # expected: 300 * 10/3 / 10 = 100
    assert of_first.min() > 60
    assert of_first.max() < 140
    most = np.bincount([np.bincount(MIXED[one]).argmax() for one in found])
    assert most.min() > 60


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        (2, "is 2, less than one image of each of the 3 classes; give at least 3"),
        (101, "is 101, but there are 100 training images; give at most that"),
    ],
)
def test_too_few_or_too_many_labels(amount: int, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        labelled_images(LABELS, amount, 0)
    assert str(error.value) == f"data.labelled: {problem}"
