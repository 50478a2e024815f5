"""What torch keeps private: which of it is used, and that its fallbacks compute the same."""

import math

import pytest
import torch

from fcnet.training import torch_private
from fcnet.training.torch_private import AdamState

CPU = torch.device("cpu")


def test_this_torch_has_all_of_it() -> None:
    """A newer torch that lacks some is slower: this says which, and is to be looked at, not deleted."""
    assert torch_private.missing() == []
    assert torch_private.fastest_linear(torch.float32, CPU) is torch_private.onednn_linear
    assert torch_private.fastest_linear(torch.float64, CPU) is torch.nn.functional.linear


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_relu_backward_has_a_fallback(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    a = torch.tensor([[0.0, 1.0, value]]).relu()
    da = torch.tensor([[3.0, 4.0, 5.0]])
    found = torch_private.relu_backward_(da.clone(), a)
    monkeypatch.setattr(torch_private, "_THRESHOLD_BACKWARD", None)
    assert torch.equal(torch_private.relu_backward_(da.clone(), a), found)
    assert found.tolist() == [[0.0, 4.0, 5.0]]


def test_the_linear_layer_has_a_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = torch.rand(5, 4), torch.rand(3, 4), torch.rand(3)
    found = torch_private.fastest_linear(torch.float32, CPU)(x, weight, bias)
    monkeypatch.setattr(torch_private, "_ONEDNN", None)
    torch.testing.assert_close(torch_private.fastest_linear(torch.float32, CPU)(x, weight, bias), found)


@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_has_a_fallback(monkeypatch: pytest.MonkeyPatch, decoupled: bool) -> None:
    def trained() -> list[torch.Tensor]:
        torch.manual_seed(0)
        values = [torch.rand(3, 2), torch.rand(2)]
        means, squares = ([torch.zeros_like(value) for value in values] for _ in range(2))
        step = torch.zeros(())
        for _ in range(5):
            step.add_(1)
            state = AdamState(values, [torch.randn_like(value) for value in values], means, squares, step)
            lr = torch.tensor(0.01, dtype=torch.float64)
            torch_private.adam_(state, decoupled, lr=lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01)
        return values

    found = trained()
    monkeypatch.setattr(torch_private, "_FUSED_ADAM", None)
    monkeypatch.setattr(torch_private, "_FUSED_ADAMW", None)
    for own, fused in zip(trained(), found, strict=True):
        torch.testing.assert_close(own, fused, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_largest_tells_whether_all_are_finite(bad: float) -> None:
    """Of fractions; counters, such as those of batch norm, and empty tensors are left out."""
    tensors = [torch.tensor([1.0, -3.0]), torch.zeros(2, 2), torch.tensor(5), torch.zeros(0), torch.tensor(-2.0)]
    assert [float(one) for one in torch_private.largest(tensors)] == [3.0, 0.0, 2.0]
    tensors[1][1, 0] = bad
    assert not torch.stack(torch_private.largest(tensors)).isfinite().all()
