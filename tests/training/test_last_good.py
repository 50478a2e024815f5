"""The last good weights; test_loop.py has them at work."""

import math

import pytest
import torch
from torch import nn

from fcnet.training.last_good import LastGood, all_finite, copy


def test_weights_become_good_at_the_look_after_theirs() -> None:
    model = nn.Linear(2, 1)
    good = LastGood(model, [])
    weights = []
    for step in (1, 2, 3):
        with torch.no_grad():
            model.weight.fill_(step)
        assert good.accept(0.5, f"step {step}")
        weights.append(good.place)
    assert weights == ["the start", "step 1", "step 2"]
    assert not good.accept(math.nan, "step 4")
    good.restore()
    assert model.weight.tolist() == [[2, 2]]


def test_a_state_is_taken_up_by_another() -> None:
    model, other = nn.Linear(2, 1), nn.Linear(2, 1)
    good = LastGood(model, [])
    good.accept(0.5, "step 1")
    taken = LastGood(other, [])
    taken.load(good.state())
    taken.restore()
    assert taken.place == good.place
    assert torch.equal(other.weight, model.weight)
    with pytest.raises(ValueError, match=r"of shape \(2, 2\) in place of \(1, 2\)"):
        LastGood(other, []).load(LastGood(nn.Linear(2, 2), []).state())
    with pytest.raises(TypeError):
        taken.load(good.state() | {"good": 3})


def test_settling_changes_only_what_is_not_finite() -> None:
    model = nn.Linear(2, 1)
    before = model.weight.clone()
    good = LastGood(model, [])
    with torch.no_grad():
        model.weight.add_(1)
    good.settle()
    assert torch.equal(model.weight, before + 1)
    with torch.no_grad():
        model.bias.fill_(math.inf)
    good.settle()
    assert torch.equal(model.weight, before)
    assert all_finite([model.weight, model.bias])


def test_copies_have_to_fit() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        copy([torch.zeros(1)], [])
