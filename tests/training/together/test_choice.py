"""Which differences from the eager steps are chance, and which mean that the kernels are wrong."""

import pytest

from fcnet.training.gpu.proof import Difference
from fcnet.training.together.choice import verdict

SAME, TURNED, WRONG = Difference(1e-6, 2e-5), Difference(1e-5, 1e-2), Difference(1e-5, 0.3)


def test_a_unit_turned_on_by_rounding_in_a_few_nets_is_no_reason_against_the_kernels() -> None:
    assert verdict({0: SAME, 1: TURNED, 2: SAME, 3: SAME}) is None
    assert verdict({0: SAME, 1: TURNED}) is None


@pytest.mark.parametrize(
    ("compared", "net"),
    [
        ({0: SAME, 1: TURNED, 2: TURNED}, 2),
        ({0: TURNED}, 1),
        ({0: SAME, 1: SAME, 5: WRONG}, 6),
        ({0: TURNED, 1: WRONG}, 2),
    ],
)
def test_most_nets_have_to_agree_and_none_may_be_far_off(compared: dict[int, Difference], net: int) -> None:
    said = verdict(compared)
    assert said is not None
    assert said.startswith(f"net {net} differs from the eager steps (losses within")


def test_a_difference_that_is_no_number_is_far_off() -> None:
    nan = float("nan")
    assert verdict({0: SAME, 1: SAME, 2: Difference(nan, nan)}) == (
        "net 3 differs from the eager steps (losses within nan, changes of the weights within nan)"
    )
