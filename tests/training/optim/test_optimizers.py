"""Optimisers against torch's classes, learning rates against their formulas."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from fcnet.config.train import SGD, Adam, AdamW, Constant, Cosine, Linear, Muon, OneCycle, StepDecay
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.optim import optimizers
from fcnet.training.optim.muon import orthogonal
from fcnet.training.optim.schedules import lr_at


def reference(settings: object, net: FCNet) -> torch.optim.Optimizer:
    """The same optimiser as a class of torch's, not fused."""
    match settings:
        case AdamW(lr=lr, betas=betas, eps=eps, weight_decay=decay):
            matrices = [p for p in net.parameters() if p.ndim == 2]
            others = [p for p in net.parameters() if p.ndim != 2]
            groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
            return torch.optim.AdamW(groups, lr=lr, betas=(betas[0], betas[1]), eps=eps)
        case Adam(lr=lr, betas=betas, eps=eps):
            return torch.optim.Adam(net.parameters(), lr=lr, betas=(betas[0], betas[1]), eps=eps)
        case SGD(lr=lr, momentum=momentum, nesterov=nesterov):
            return torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum, nesterov=nesterov)
    raise AssertionError


@pytest.mark.parametrize(
    "settings",
    [
        Adam(lr=0.01),
        Adam(lr=0.01, betas=[0.5, 0.9], eps=1e-4),
        AdamW(lr=0.01, weight_decay=0.3),
        AdamW(lr=0.01, weight_decay=0.0),
        SGD(lr=0.1),
        SGD(lr=0.1, momentum=0.9),
        SGD(lr=0.1, momentum=0.9, nesterov=True),
    ],
    ids=str,
)
def test_twenty_steps_are_torch_s(settings: Adam) -> None:
    torch.manual_seed(0)
    ours, theirs = FCNet(6, [5], 3), FCNet(6, [5], 3)
    theirs.load_state_dict(ours.state_dict())
    optimizer, expected = optimizers.build(settings, ours), reference(settings, theirs)
    x, y = torch.rand(8, 6), torch.randint(3, (8,))
    for step in range(20):
        lr = settings.lr / (1 + step)
        for group in expected.param_groups:
            group["lr"] = lr
        for net in (ours, theirs):
            net.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step(torch.tensor(lr, dtype=torch.float64))
        expected.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [Muon(), Muon(nesterov=False, momentum=0.9), Muon(lr=0.05, weight_decay=0.2, adam_lr=0.01)],
    ids=str,
)
def test_muon_is_torch_s_with_adam_for_all_but_matrices(settings: Muon) -> None:
    torch.manual_seed(0)
    ours, theirs = (FCNet(6, [9], 3) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    matrices = [p for p in theirs.parameters() if p.ndim == 2]
    others = [p for p in theirs.parameters() if p.ndim != 2]
    muon = torch.optim.Muon(
        matrices,
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
    )
    adam, optimizer = torch.optim.Adam(others, lr=settings.adam_lr), optimizers.build(settings, ours)
    x, y = torch.rand(8, 6), torch.randint(3, (8,))
    for step in range(10):
        share = 1 / (1 + step)
        muon.param_groups[0]["lr"], adam.param_groups[0]["lr"] = settings.lr * share, settings.adam_lr * share
        for net in (ours, theirs):
            net.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step(torch.tensor(settings.lr * share, dtype=torch.float64))
        muon.step()
        adam.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=settings.lr * 0.02)  # a direction in bfloat16


def test_muon_makes_directions_orthogonal() -> None:
    torch.manual_seed(0)
    for shape in ((40, 20), (20, 40)):
        found = torch.linalg.svdvals(orthogonal(torch.randn(shape) @ torch.diag(torch.linspace(0.5, 2, shape[1]))))
        assert 0.5 < float(found.min()) <= float(found.max()) < 1.4


def rates(schedule: object, epochs: int = 10, per_epoch: int = 5) -> list[float]:
    steps = epochs * per_epoch
    return [lr_at(step, steps, per_epoch, 2.0, schedule) for step in range(steps)]  # type: ignore[arg-type]


def test_constant_and_warm_up() -> None:
    assert rates(Constant()) == [2.0] * 50
    warm = rates(Constant(warmup_epochs=1.0))
    assert warm[:6] == pytest.approx([2 * i / 6 for i in range(1, 6)] + [2.0])


def test_step_decay() -> None:
    found = rates(StepDecay(every_epochs=4, gamma=0.5))
    assert found == [2.0] * 20 + [1.0] * 20 + [0.5] * 10


def test_cosine_is_half_a_cosine() -> None:
    found = rates(Cosine(final=0.1))
    assert found == pytest.approx([0.2 + 0.9 * (1 + math.cos(math.pi * i / 49)) for i in range(50)])
    warm = rates(Cosine(warmup_epochs=2))
    assert max(warm) == warm[10] == 2.0
    assert warm[-1] == pytest.approx(0, abs=1e-12)


def test_one_cycle_is_torch_s() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    expected = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=2.0, total_steps=50, pct_start=(15 + 1) / 50, div_factor=25, final_div_factor=1e4
    )
    for found in rates(OneCycle(rise=15 / 49, start=0.04, final=4e-6)):
        assert found == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-6)
        optimizer.step()
        if expected.last_epoch < 49:
            expected.step()


@pytest.mark.parametrize(
    "schedule", [Constant(warmup_epochs=3), StepDecay(), Cosine(warmup_epochs=9), Linear(warmup_epochs=9), OneCycle()]
)
@pytest.mark.parametrize(("epochs", "per_epoch"), [(1, 1), (1, 2), (2, 1), (3, 7)])
def test_short_trainings_have_a_rate_for_every_step(schedule: object, epochs: int, per_epoch: int) -> None:
    assert all(0 <= rate <= 2.0 for rate in rates(schedule, epochs, per_epoch))


def test_linear_is_constant_and_then_a_straight_line() -> None:
    """Of 50 steps the first 34, a fraction of 0.67 of 49 and the peak itself, have the whole rate."""
    found = rates(Linear(hold=0.67, final=0.1))
    assert found[:34] == [2.0] * 34
    assert found[33:] == pytest.approx(np.linspace(2.0, 0.2, 17))
    assert rates(Linear()) == pytest.approx(np.linspace(2.0, 0.0, 50))
    warm = rates(Linear(warmup_epochs=2))
    assert max(warm) == warm[10] == 2.0
    assert warm[10:] == pytest.approx(np.linspace(2.0, 0.0, 40))
