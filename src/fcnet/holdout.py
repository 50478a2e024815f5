"""Which training images are held out to validate on."""

import numpy as np
from numpy.typing import NDArray

from fcnet.errors import ConfigError


def held_out_mask(labels: NDArray[np.int64], amount: int | float) -> NDArray[np.bool_]:
    """Which images (N,) are held out.

    Args:
        labels: (N,).
        amount: a number takes the last so many images; a fraction takes that share of each class at random, the same
            images every time, so that runs of different seeds can be compared.

    Raises:
        ConfigError: none would be held out, or none left.
    """
    n = len(labels)
    chosen = np.zeros(n, bool)
    if isinstance(amount, int):
        chosen[max(n - amount, 0) :] = True
    else:
        generator = np.random.default_rng(0)
        for label in np.unique(labels):
            members = generator.permutation(np.flatnonzero(labels == label))
            chosen[members[: round(amount * len(members))]] = True
    if chosen.all() or not chosen.any():
        raise ConfigError(
            f"data.validation: is {amount}; of {n} training images that leaves {n - chosen.sum()} to train on and"
            f" {chosen.sum()} to validate on; both need some"
        )
    return chosen
