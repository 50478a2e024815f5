"""Which images are held out."""

import numpy as np
import pytest

from fcnet.errors import ConfigError
from fcnet.holdout import held_out_mask

LABELS = np.repeat([0, 1, 2], [10, 20, 70])


def test_a_number_takes_the_last_and_a_fraction_a_share_of_each_class() -> None:
    assert held_out_mask(LABELS, 3).tolist() == [False] * 97 + [True] * 3
    mask = held_out_mask(LABELS, 0.2)
    assert np.bincount(LABELS[mask]).tolist() == [2, 4, 14]
    assert mask.tolist() == held_out_mask(LABELS, 0.2).tolist()  # the same images every time


@pytest.mark.parametrize("amount", [100, 5000, 0.001, 0.999])
def test_both_parts_need_images(amount: float) -> None:
    with pytest.raises(ConfigError, match=rf"data\.validation: is {amount}; of 100 training images"):
        held_out_mask(LABELS, amount)
