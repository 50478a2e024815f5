"""Nets trained together, against the same nets trained alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from fcnet.config.layers import PlainActivation
from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.gpu.updates import rates_of
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import EpochRecord, Record, StepRecord
from fcnet.training.together.group import Group
from fcnet.training.together.lane import Net
from fcnet.training.together.stack import Stack
from fcnet.training.together.updates import AllAtOnce
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


MIXED: dict[str, list[dict[str, Any]]] = {
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


@pytest.mark.parametrize("name", MIXED)
def test_updates_of_all_nets_at_once_agree_with_those_of_each(name: str) -> None:
    """As on a GPU; within rounding of a few dozen steps."""
    together, each = (
        Group([net(seed, **changes) for seed, changes in enumerate(MIXED[name])], SPLITS, at_once)
        for at_once in (True, False)
    )
    records, expected = in_turn(together), in_turn(each)
    for lane, other in zip(together.lanes, each.lanes, strict=True):
        assert furthest(weights(lane), weights(other)) < 2e-5
        for kept, same in zip(lane.stepper.tensors(), other.stepper.tensors(), strict=True):
            assert float((kept - same).abs().max()) < 1e-5
    for some, others in zip(records, expected, strict=True):
        for one, another in zip(logged(some), logged(others), strict=True):
            assert one.loss == pytest.approx(another.loss, abs=1e-5)


def test_updates_at_once_leave_one_that_diverges_and_keep_the_others() -> None:
    bad = {"optimizer": {"name": "adam", "lr": 1e30}}
    mixed = Group([net(0), net(1, **bad), net(2)], SPLITS, at_once=True)
    good = Group([net(0), net(1), net(2)], SPLITS, at_once=True)
    found, expected = in_turn(mixed), in_turn(good)
    assert len(epochs(found[1])) == 0
    for number in (0, 2):
        assert epochs(found[number])[-1].test == epochs(expected[number])[-1].test
        assert furthest(weights(mixed.lanes[number]), weights(good.lanes[number])) == 0


def test_rates_of_all_nets_are_those_of_each_and_0_for_one_that_has_left() -> None:
    ways: list[dict[str, Any]] = [
        {"lr": 0.01, "betas": [0.5, 0.9], "weight_decay": 0.0},
        {"lr": 0.3},
        {"lr": 0.1, "weight_decay": 0.2},
    ]
    nets = [net(seed, optimizer={"name": "adamw"} | one, schedule="cosine") for seed, one in enumerate(ways)]
    group = Group(nets, SPLITS, at_once=True)
    update = AllAtOnce(group.lanes, Stack([lane.net for lane in group.lanes]))
    for before in (0, 3):
        lrs = [lane.plan.of(1)[1][:3] for lane in group.lanes]
        expected = torch.stack([rates_of(one, some) for one, some in zip(update.optimizers, lrs, strict=True)], 1)
        expected[:, 1] = 0
        update.begin(3, [True, False, True])
        torch.testing.assert_close(update.rates, expected, rtol=1e-6, atol=0)
        assert [[int(one) for one in some.counters()] for some in update.optimizers] == [
            [before + 3] * len(update.optimizers[0].counters()), [0, 0], [before + 3] * 2
        ]  # fmt: skip


DROPPED: dict[str, list[dict[str, Any]]] = {
    "hidden": [{"dropout": share} for share in (0.1, 0.5)],
    "some": [{"dropout": share} for share in (0.0, 0.3)],
    "inputs": [{"input_dropout": share, "dropout": 0.1} for share in (0.1, 0.3)],
}


@pytest.mark.parametrize("name", DROPPED)
def test_dropout_draws_what_each_net_draws_alone(name: str) -> None:
    """Alone these take autograd, whose derivative of the loss is rounded otherwise."""
    group = Group([net(seed, model) for seed, model in enumerate(DROPPED[name])], SPLITS)
    found = in_turn(group)
    for seed, (model, lane, records) in enumerate(zip(DROPPED[name], group.lanes, found, strict=True)):
        expected, training = alone(net(seed, model))
        assert furthest(weights(lane), weights(training)) < 1e-5
        for one, other in zip(logged(records), logged(expected), strict=True):
            assert one.loss == pytest.approx(other.loss, rel=1e-5)
        drawn = lane.randomness.state(), training.randomness.state()
        assert drawn[0].keys() == drawn[1].keys()
        assert all(torch.equal(state, drawn[1][stream]) for stream, state in drawn[0].items())


@pytest.mark.parametrize("name", ["identity", "relu", "sigmoid", "tanh", "softplus"])
@pytest.mark.parametrize("hidden", [(), (300,), (40, 30, 20)])
def test_all_shapes_and_activations(name: str, hidden: tuple[int, ...]) -> None:
    """Within rounding: elementwise functions may round the last few numbers of a tensor otherwise than the others."""
    model = {"hidden": hidden, "activation": PlainActivation.model_validate({"name": name})}
    group = Group([net(seed, model) for seed in range(3)], SPLITS)
    in_turn(group)
    for seed, lane in enumerate(group.lanes):
        assert furthest(weights(lane), weights(alone(net(seed, model))[1])) < 1e-5


def test_the_length_of_bursts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for most in (1, 2, 3, 100):
        monkeypatch.setattr("fcnet.training.together.group.in_time", lambda *_, most=most: most)
        group = Group([net(seed, {"dropout": 0.2}) for seed in range(2)], SPLITS)
        records = in_turn(group)
        plain = [[(one.epoch, one.train, one.test) for one in epochs(some)] for some in records]
        found.append((plain, [[one.loss for one in logged(some)] for some in records], group))
    for plain, losses, group in found[1:]:
        assert (plain, losses) == found[0][:2]
        for lane, first in zip(group.lanes, found[0][2].lanes, strict=True):
            assert furthest(weights(lane), weights(first)) == 0


def test_one_that_leaves_keeps_its_weights_and_the_others_their_bits() -> None:
    group, other = (Group([net(seed) for seed in range(3)], SPLITS) for _ in range(2))
    in_turn(other)
    running = {number: lane.records() for number, lane in enumerate(group.lanes)}
    left = None
    while running:
        for number, records in list(running.items()):
            lane = group.lanes[number]
            before = (lane.epoch, lane.step)
            if number == 1 and lane.epoch == 2:
                group.leave(lane)
                left = weights(lane)
                del running[number]
                continue
            try:
                while (lane.epoch, lane.step) == before:
                    next(records)
            except StopIteration:
                del running[number]
    assert left is not None
    assert furthest(weights(group.lanes[1]), left) == 0
    assert any(float(tensor.abs().max()) > 0 for tensor in left.values())
    for number in (0, 2):
        assert furthest(weights(group.lanes[number]), weights(other.lanes[number])) == 0


def test_divergence_is_found_where_a_net_alone_finds_it() -> None:
    bad = {"optimizer": {"name": "adam", "lr": 1e30}}
    with pytest.raises(DivergedError) as expected:
        alone(net(1, **bad))
    group = Group([net(0), net(1, **bad), net(2)], SPLITS)
    running = {number: lane.records() for number, lane in enumerate(group.lanes)}
    errors = {}
    while len(running) > 2:
        for number, records in list(running.items()):
            lane = group.lanes[number]
            before = (lane.epoch, lane.step)
            try:
                while (lane.epoch, lane.step) == before:
                    next(records)
            except DivergedError as error:
                errors[number] = error
                group.leave(lane)
                del running[number]
    assert list(errors) == [1]
    assert (errors[1].problems, errors[1].facts) == (expected.value.problems, expected.value.facts)


def test_narrow_twins_are_shared() -> None:
    """Of images with dark pixels, all nets train on one copy without them."""
    images = folder(103, 1)
    images.images[:, :3] = 0
    splits = Splits(images, None, None)
    group = Group([net(seed) for seed in range(2)], splits)
    assert all("pixels" in lane.step_name for lane in group.lanes)
    assert group.lanes[1].images is group.lanes[0].images
    in_turn(group)
    for seed, lane in enumerate(group.lanes):
        one = net(seed)
        training = GradientTraining(one.model, splits, one.settings, one.seed)
        list(fit(training))
        assert furthest(weights(lane), weights(training)) == 0


def test_nets_that_cannot_be_trained_together_are_refused() -> None:
    for model in ({"batch_norm": True}, {"activation": PlainActivation(name="gelu")}):
        with pytest.raises(ValueError, match="not trained together"):
            Group([net(0, model), net(1, model)], SPLITS)
    other = {"activation": PlainActivation(name="tanh")}
    with pytest.raises(ValueError, match="other activations"):
        Group([net(0), net(1, other)], SPLITS)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", MIXED)
def test_on_a_gpu_they_agree_with_nets_alone(name: str) -> None:
    device = torch.device("cuda")
    splits = SPLITS.to(device)
    nets = [net(seed, **changes) for seed, changes in enumerate(MIXED[name])]
    group = Group([replace(one, model=one.model.to(device)) for one in nets], splits)
    in_turn(group)
    for lane, (seed, changes) in zip(group.lanes, enumerate(MIXED[name]), strict=True):
        one = net(seed, **changes, step="eager")
        training = GradientTraining(one.model.to(device), splits, one.settings, one.seed)
        list(fit(training))
        assert furthest(weights(lane), weights(training)) < 1e-4
