"""What is set for the whole process."""

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
