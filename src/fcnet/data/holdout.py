"""The choice of training images that are held out for validation, and of those whose labels are used."""

import numpy as np
from numpy.typing import NDArray

from fcnet.errors import ConfigError

Labels = NDArray[np.int64]  # (N,)

# Largest difference between the class shares of the last images and of all (half of the sum of differences).
FAR = 0.1


def held_out_mask(labels: Labels, amount: int | float) -> NDArray[np.bool_]:
    """Return which images (N,) are held out: always the same, so that runs with different seeds can be compared.

    Args:
        labels: (N,).
        amount: a number takes that many images from the end or, if images are sorted by class, at random in the
            proportions of the classes; a fraction takes that share of each class at random.

    Raises:
        ConfigError: no image would be held out, or none would be left.
    """
    n = len(labels)
    chosen = np.zeros(n, bool)
    counts = np.bincount(labels)
    if isinstance(amount, int) and (amount >= n or not lie_sorted(labels, amount)):
        chosen[max(n - amount, 0) :] = True
    elif isinstance(amount, int):
        chosen = _at_random(labels, _shares(counts, amount))
    else:
        wanted = [round(amount * of_class) for of_class in counts.tolist()]
        if sum(wanted) < n:  # keep an image of a class with one or two for training
            wanted = [min(one, max(of_class - 1, 0)) for one, of_class in zip(wanted, counts.tolist(), strict=True)]
        chosen = _at_random(labels, wanted)
    if chosen.all() or not chosen.any():
        raise ConfigError(
            f"data.validation: is {amount}; of {n} training images that leaves {n - chosen.sum()} to train on and"
            f" {chosen.sum()} to validate on; both need at least one"
        )
    return chosen


def choice(labels: Labels, amount: int | float) -> str:
    """Return a description of how ``held_out_mask`` chose."""
    if isinstance(amount, float):
        return "a share of each class"
    return (
        "a share of each class, because they are sorted by class"
        if lie_sorted(labels, amount)
        else f"the last {amount}"
    )


def lie_sorted(labels: Labels, amount: int) -> bool:
    """Return whether the last images are not representative, because images are sorted by class or in blocks.

    In mixed images a neighbour is of another class as often as by chance; even then a class may be missing from a few
    last images.
    """
    counts = np.bincount(labels)
    classes, n = np.count_nonzero(counts), len(labels)
    changes = np.count_nonzero(np.diff(labels))
    if classes < 2 or n == classes:
        return False
    if changes == classes - 1:
        return True
    by_chance = n - float((counts.astype(float) ** 2).sum()) / n
    last = np.bincount(labels[n - amount :], minlength=len(counts))
    return bool(2 * changes < by_chance and np.abs(last / amount - counts / n).sum() / 2 > FAR)


def _shares(counts: NDArray[np.int64], amount: int) -> list[int]:
    """Return how many of each class make up an amount, by the largest remainder, leaving at least one of each.

    Raises:
        ConfigError: there are not enough images.
    """
    most = np.maximum(counts - 1, 0)
    if amount > most.sum():
        raise ConfigError(
            f"data.validation: is {amount}; the {counts.sum()} training images are sorted by class, and one of each"
            f" class must be left to train on; give at most {most.sum()}"
        )
    exact = counts * (amount / counts.sum())
    taken = np.minimum(np.floor(exact).astype(np.int64), most)
    while taken.sum() < amount:
        room = np.where(taken < most, exact - taken, -np.inf)
        taken[int(room.argmax())] += 1
    return [int(one) for one in taken]


def _at_random(labels: Labels, wanted: list[int]) -> NDArray[np.bool_]:
    """Choose the wanted number of images of each class at random."""
    generator = np.random.default_rng(0)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        chosen[members[: wanted[label]]] = True
    return chosen


def labelled_images(labels: Labels, amount: int, seed: int) -> NDArray[np.int64]:
    """Return the positions (amount,), ascending, of the images whose labels are used.

    Classes take turns, each giving one of its images at random, until there are enough; so there are equally many of
    each class, or all if a class has fewer.

    Raises:
        ConfigError: there are not that many images, or it is less than one for each class.
    """
    classes = np.unique(labels)
    if amount > len(labels):
        raise ConfigError(f"data.labelled: is {amount}, but there are {len(labels)} training images; give at most that")
    if amount < len(classes):
        raise ConfigError(
            f"data.labelled: is {amount}, less than one image of each of the {len(classes)} classes; give at least"
            f" {len(classes)}"
        )
    generator = np.random.default_rng(seed)
    turns, places = np.empty((2, len(labels)), np.int64)  # in which turn each image is taken, and when in it
    for label, place in zip(classes, generator.permutation(len(classes)), strict=True):
        members = generator.permutation(np.flatnonzero(labels == label))
        turns[members], places[members] = np.arange(len(members)), place
    return np.sort(np.lexsort((places, turns))[:amount])
