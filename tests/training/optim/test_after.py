"""What follows updates: max-norm against torch.renorm, averages of weights against their formula."""

import pytest
import torch
from torch import nn

from fcnet.config.train import Average as AverageSettings
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.optim.after import Average, MaxNorm

LARGEST = 0.55  # norm of a row: initial ones are on either side


def net(batch_norm: bool = False) -> FCNet:
    torch.manual_seed(0)
    return FCNet(6, [5, 4], 3, batch_norm=batch_norm)


def test_max_norm_scales_rows_down_and_no_others() -> None:
    some = net(batch_norm=True)
    before = {name: tensor.clone() for name, tensor in some.state_dict().items()}
    MaxNorm(some, LARGEST)()
    for name, tensor in some.state_dict().items():
        matrix = name.startswith("fc") and name.endswith("weight")
        expected = torch.renorm(before[name], 2, 0, LARGEST) if matrix else before[name]
        torch.testing.assert_close(tensor, expected, rtol=1e-6, atol=1e-7)
    assert float(some.get_parameter("fc1.weight").detach().norm(dim=1).max()) == pytest.approx(LARGEST)
    assert float(before["fc1.weight"].norm(dim=1).min()) < LARGEST, "some rows are left as they are"


def test_an_average_follows_the_weights() -> None:
    """It forgets fast at first: after step t it keeps min(decay, (1 + t) / (10 + t)) of itself."""
    some = net(batch_norm=True)
    average = Average(some, AverageSettings(decay=0.5))
    expected = {name: tensor.double().clone() for name, tensor in some.state_dict().items()}
    for step in range(1, 15):
        with torch.no_grad():
            for tensor in (*some.parameters(), *some.buffers()):
                tensor.add_(torch.randn(tensor.shape) if tensor.is_floating_point() else 1)
        average()
        kept = min(0.5, (1 + step) / (10 + step))
        for name, tensor in some.state_dict().items():
            expected[name] = kept * expected[name] + (1 - kept) * tensor.double()
    for name, tensor in average.net.state_dict().items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor.double(), expected[name], rtol=1e-5, atol=1e-5)
        else:
            assert torch.equal(tensor, some.state_dict()[name]), "numbers are not averaged"


def test_an_average_that_is_not_finite_becomes_the_weights() -> None:
    some = net()
    average = Average(some, AverageSettings())
    with torch.no_grad():
        next(average.net.parameters())[0] = torch.nan
    average.settle()
    for a, b in zip(average.net.parameters(), some.parameters(), strict=True):
        assert torch.equal(a, b)
    with torch.no_grad():
        next(some.parameters()).zero_()
    average.settle()
    assert not torch.equal(next(average.net.parameters()), nn.Parameter(torch.zeros(5, 6))), "a finite one stays"
