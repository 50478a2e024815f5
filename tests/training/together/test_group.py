"""Nets trained together, against the same nets trained alone."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import EpochRecord, Record, StepRecord
from fcnet.training.together.group import Group
from fcnet.training.together.lane import Net
from helpers.tiny import CLASSES, SIDE, folder

SPLITS = Splits(folder(103, 1), None, folder(31, 2))  # the last batch of 7 has 5 images
SETTINGS: dict[str, Any] = {"epochs": 3, "batch_size": 7, "log_every": 4, "optimizer": {"name": "adam", "lr": 0.01}}


def net(seed: int, model: dict[str, Any] | None = None, **train: Any) -> Net:
    """A net of its own, always the same for the same arguments."""
    torch.manual_seed(seed)
    arguments: dict[str, Any] = {"hidden": [9, 5]} | (model or {})
    hidden = arguments.pop("hidden")
    return Net(FCNet(SIDE * SIDE, hidden, CLASSES, **arguments), Train.model_validate(SETTINGS | train), seed)


def alone(one: Net) -> tuple[list[Record], GradientTraining]:
    training = GradientTraining(one.model, SPLITS, one.settings, one.seed)
    return list(fit(training)), training


def in_turn(group: Group) -> list[list[Record]]:
    """The records of all nets, each taken as far as the next place in turn; a net that diverges ends."""
    running = {number: lane.records() for number, lane in enumerate(group.lanes)}
    found: list[list[Record]] = [[] for _ in running]
    while running:
        for number, records in list(running.items()):
            lane = group.lanes[number]
            before = (lane.epoch, lane.step)
            try:
                while (lane.epoch, lane.step) == before:
                    found[number].append(next(records))
            except StopIteration:
                del running[number]
                group.leave(lane)
            except DivergedError:
                del running[number]
                group.leave(lane)
    return found


def weights(training: GradientTraining) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in training.model.state_dict().items()}


def furthest(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> float:
    return max(float((tensor - others[name]).abs().max()) for name, tensor in some.items())


def epochs(records: Sequence[Record]) -> list[EpochRecord]:
    return [one for one in records if isinstance(one, EpochRecord)]


def logged(records: Sequence[Record]) -> list[StepRecord]:
    return [one for one in records if isinstance(one, StepRecord)]


MIXED = {
    "seeds": [{}, {}],
    "rates": [{"optimizer": {"name": "adam", "lr": lr}} for lr in (1e-3, 1e-2, 3e-2)],
    "schedules": [
        {"schedule": {"name": "cosine", "warmup_epochs": 0.5}},
        {"schedule": "one_cycle"},
        {"schedule": {"name": "step", "every_epochs": 1, "gamma": 0.5}},
        {},
    ],
    "betas": [{"optimizer": {"name": "adam", "lr": 0.01, "betas": [b, 0.99], "eps": 1e-6}} for b in (0.5, 0.9)],
    "decay": [{"optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": d}} for d in (0.01, 0.3)],
    "momentum": [{"optimizer": {"name": "sgd", "lr": 0.1, "momentum": m}} for m in (0.5, 0.9)],
    "nesterov": [{"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": n}} for n in (True, False)],
    "sgd": [{"optimizer": {"name": "sgd", "lr": lr}} for lr in (0.05, 0.1, 0.2, 0.4, 0.8)],
    "smoothing": [{"label_smoothing": s} for s in (0.0, 0.1, 0.3)],
    "l2": [{"l2": factor} for factor in (1e-3, 1e-2)],
    "clip": [{"clip_grad_norm": most} for most in (0.1, None, 1.0)],
}


@pytest.mark.parametrize("name", MIXED)
def test_plain_nets_have_the_weights_of_nets_alone(name: str) -> None:
    """Bit for bit on this CPU; the loss, which is summed otherwise, within rounding."""
    cases = [(number + 3, changes) for number, changes in enumerate(MIXED[name])]
    group = Group([net(seed, **changes) for seed, changes in cases], SPLITS)
    found = in_turn(group)
    for (seed, changes), lane, records in zip(cases, group.lanes, found, strict=True):
        expected, training = alone(net(seed, **changes))
        assert furthest(weights(lane), weights(training)) == 0
        assert [(one.step, one.lr, one.accuracy) for one in logged(records)] == [
            (one.step, one.lr, one.accuracy) for one in logged(expected)
        ]
        for one, other in zip(logged(records), logged(expected), strict=True):
            assert one.loss == pytest.approx(other.loss, rel=1e-6)
            assert one.loss_mean == pytest.approx(other.loss_mean, rel=1e-6)
        for first, second in zip(epochs(records), epochs(expected), strict=True):
            assert first.test == second.test
            assert first.train.accuracy == second.train.accuracy
            assert first.train.loss == pytest.approx(second.train.loss, rel=1e-6)
