"""What is set for the whole process."""

import time

import pytest
import torch

from fcnet.system import device


def test_tiny_numbers_are_zero_while_training_alone() -> None:
    smallest = torch.tensor([1e-39])
    with device.flush_denormals():
        if not torch.set_flush_denormal(True):
            pytest.skip("this CPU cannot")
        assert float(smallest * 0.5) == 0
    assert float(smallest * 0.5) > 0


def test_a_stopwatch_sums_up_parts_and_continues() -> None:
    watch = device.Stopwatch(("map", "solve"), torch.device("cpu"))
    for _ in range(2):
        with watch.timing("map"):
            time.sleep(0.02)
    first = watch.seconds()
    assert first["map"] >= 0.04
    assert first["solve"] == 0
    again = device.Stopwatch(("map", "solve"), torch.device("cpu"))
    again.load(first)
    with again.timing("solve"):
        pass
    assert again.seconds()["map"] == first["map"]
    with pytest.raises(KeyError):
        again.load({"map": 1.0})


def test_what_fails_in_the_background_is_left_to_fail_again() -> None:
    done = []
    device.in_background(lambda: done.append(1)).join(timeout=10)
    assert done == [1]
    device.in_background(lambda: 1 / 0).join(timeout=10)
