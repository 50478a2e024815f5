"""Which training images are held out to validate on."""

import numpy as np
from numpy.typing import NDArray

from fcnet.errors import ConfigError

Labels = NDArray[np.int64]  # (N,)

# Shares of the classes among the last images and among all differ by so much at most (half of the sum of differences).
FAR = 0.1


def held_out_mask(labels: Labels, amount: int | float) -> NDArray[np.bool_]:
    """Which images (N,) are held out, the same every time, so that runs of different seeds can be compared.

    Args:
        labels: (N,).
        amount: a number takes the last so many images or, where images lie sorted by class, so many at random with
            the classes' shares; a fraction takes that share of each class at random.

    Raises:
        ConfigError: none would be held out, or none left.
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
        if sum(wanted) < n:  # a class of one or two images is not taken from the training altogether
            wanted = [min(one, max(of_class - 1, 0)) for one, of_class in zip(wanted, counts.tolist(), strict=True)]
        chosen = _at_random(labels, wanted)
    if chosen.all() or not chosen.any():
        raise ConfigError(
            f"data.validation: is {amount}; of {n} training images that leaves {n - chosen.sum()} to train on and"
            f" {chosen.sum()} to validate on; both need some"
        )
    return chosen


def choice(labels: Labels, amount: int | float) -> str:
    """Say how ``held_out_mask`` chose."""
    if isinstance(amount, float):
        return "a share of each class"
    return "a share of each class, for they lie sorted by class" if lie_sorted(labels, amount) else f"the last {amount}"


def lie_sorted(labels: Labels, amount: int) -> bool:
    """Whether the last images are no fair choice, for images lie class by class, or in blocks of one class.

    In mixed images a neighbour is of another class as often as chance has it; of a few last ones some classes may be
    missing even so.
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
    """How many of each class make up an amount, by the largest remainder; one image at least is left of each class.

    Raises:
        ConfigError: so many cannot be taken.
    """
    most = np.maximum(counts - 1, 0)
    if amount > most.sum():
        raise ConfigError(
            f"data.validation: is {amount}; of {counts.sum()} training images, which lie sorted by class, one of each"
            f" class has to be left to train on; give {most.sum()} at most"
        )
    exact = counts * (amount / counts.sum())
    taken = np.minimum(np.floor(exact).astype(np.int64), most)
    while taken.sum() < amount:
        room = np.where(taken < most, exact - taken, -np.inf)
        taken[int(room.argmax())] += 1
    return [int(one) for one in taken]


def _at_random(labels: Labels, wanted: list[int]) -> NDArray[np.bool_]:
    """So many of each class, by number."""
    generator = np.random.default_rng(0)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        chosen[members[: wanted[label]]] = True
    return chosen
