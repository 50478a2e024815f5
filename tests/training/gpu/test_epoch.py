"""An epoch in bursts, on a stand-in: the same bits and records as step by step, however long the bursts are."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from fcnet.config.train import Adam, Cosine, Train
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.autoencoder.model import build as build_autoencoder
from fcnet.families.autoencoder.objective import Reconstruct
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.system import text
from fcnet.system.sinks import Message
from fcnet.training.gpu.epoch import in_time
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import EpochRecord, Record, Start, StepRecord, Tick
from helpers.bursts import stand_in
from helpers.nets import autoencoder_spec
from helpers.tiny import CLASSES, SIDE, folder

SETTINGS = Train(epochs=3, batch_size=7, optimizer=Adam(lr=0.02), schedule=Cosine(), log_every=4)
LENGTHS = [(1,), (3,), (100,), (2, 5, 1)]


SPLITS = Splits(folder(60, 0), None, folder(21, 1))


def net(**model: object) -> FCNet:
    torch.manual_seed(0)
    return build(FCNetModel.model_validate({"hidden": [8]} | model), (SIDE, SIDE), CLASSES)


def told(found: list[Record]) -> list[dict[str, Any]]:
    """What the records say, without times."""
    kept = [record.to_dict() for record in found if isinstance(record, StepRecord | EpochRecord)]
    return [{key: value for key, value in one.items() if key not in ("images_per_s", "seconds")} for one in kept]


@pytest.mark.parametrize("model", [{}, {"dropout": 0.3, "batch_norm": True}], ids=["plain", "dropout"])
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_bursts_change_no_bit(monkeypatch: pytest.MonkeyPatch, lengths: tuple[int, ...], model: dict) -> None:
    one, many = net(**model), net(**model)
    expected = list(fit(GradientTraining(one, SPLITS, SETTINGS, 0)))
    taken = stand_in(monkeypatch, lengths)
    found = list(fit(GradientTraining(many, SPLITS, SETTINGS, 0)))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), many.state_dict().values(), strict=True))
    assert len(told(found)) == len(told(expected)) == 3 * 3 + 3
    for ours, theirs in zip(told(found), told(expected), strict=True):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            if isinstance(value, dict):
                assert {k: pytest.approx(v, rel=1e-12) for k, v in value.items()} == ours[key]
            else:
                assert ours[key] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)
    assert max(taken[0].lengths) <= max(lengths)
    assert sum(taken[0].lengths) == 3 * 8  # the ninth step of an epoch is on a smaller batch


def test_an_autoencoder_s_terms_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = autoencoder_spec(hidden=[5, 2], variational={}, loss="cross_entropy", binarise=True)
    found = []
    for bursts in (False, True):
        if bursts:
            stand_in(monkeypatch, (4, 3))
        torch.manual_seed(0)
        model = build_autoencoder(spec, (SIDE, SIDE))
        found.append(list(fit(GradientTraining(model, SPLITS, SETTINGS, 0, Reconstruct(spec)))))
    ours, theirs = ([one for one in told(records) if "train" in one] for records in found)
    assert [one["train"]["terms"] for one in ours] == [
        {name: pytest.approx(value, rel=1e-6) for name, value in one["train"]["terms"].items()} for one in theirs
    ]
    assert "accuracy" not in ours[0]["train"]


@pytest.mark.parametrize("lengths", LENGTHS[1:], ids=str)
def test_a_state_continues_to_the_same_bits_and_metrics(
    monkeypatch: pytest.MonkeyPatch, lengths: tuple[int, ...], tmp_path: Path
) -> None:
    """From the state after each last record of a burst, whatever lengths the bursts then have."""
    stand_in(monkeypatch, lengths)
    whole = net(dropout=0.3)
    training = GradientTraining(whole, SPLITS, SETTINGS, 0)
    states: list[Path] = []
    last: dict[str, Any] = {}
    for record in fit(training):
        if isinstance(record, Tick | StepRecord | Start) and getattr(record, "step", 0) == training.step:
            states.append(tmp_path / f"{len(states)}.pt")
            torch.save(training.state(), states[-1])
        if isinstance(record, EpochRecord):
            last = record.to_dict()
    stand_in(monkeypatch, (5,))
    for path in states[:: max(len(states) // 5, 1)]:
        model = net(dropout=0.3)
        again = GradientTraining(model, SPLITS, SETTINGS, 0)
        again.load(torch.load(path))
        records = list(fit(again))
        assert isinstance(records[-1], EpochRecord)
        assert records[-1].to_dict()["train"] == last["train"]
        for a, b in zip(model.state_dict().values(), whole.state_dict().values(), strict=True):
            assert torch.equal(a, b)


def test_at_a_tick_or_the_last_record_of_a_burst_the_state_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, (8,))
    training = GradientTraining(net(), SPLITS, SETTINGS, 0)
    steps = [(record.step, training.step) for record in fit(training) if isinstance(record, StepRecord)]
    assert steps == [(4, 8), (8, 8), (9, 9)] * 3


def test_a_loss_that_is_not_finite_is_found_with_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, (6,))
    model = net()
    training = GradientTraining(model, SPLITS, replace_lr(1e38), 0)
    with pytest.raises(DivergedError) as error:
        list(fit(training))
    assert error.value.facts["epoch"] == 1
    assert len(error.value.facts["images"]) == 7
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def test_what_is_refused_later_is_computed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same bits, and said once."""
    one, many = net(dropout=0.3), net(dropout=0.3)
    list(fit(GradientTraining(one, SPLITS, SETTINGS, 0)))
    taken = stand_in(monkeypatch, (3,))
    records = fit(GradientTraining(many, SPLITS, SETTINGS, 0))
    next(records)
    taken[0].refuses_after = 4
    said = [record.text for record in records if isinstance(record, Message)]
    assert said == ["step: the GPU is held by another process; from here on, steps are computed one by one"]
    assert len(taken[0].lengths) == 4
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), many.state_dict().values(), strict=True))


def replace_lr(lr: float) -> Train:
    """The settings with another learning rate, constant."""
    return SETTINGS.model_copy(update={"optimizer": Adam(lr=lr), "schedule": Train().schedule})


@pytest.mark.parametrize(("steps", "seconds", "most"), [(50, 0.05, 250), (1, 3.0, 1), (600, 0.0, 150_000_000_000)])
def test_bursts_grow_to_a_quarter_of_a_second(steps: int, seconds: float, most: int) -> None:
    assert in_time(steps, seconds) == most


@pytest.mark.parametrize(("seconds", "most"), [(0.05, 250), (0.034, 350), (0.25, 50), (0.3, 25), (3.0, 3), (20.0, 1)])
def test_bursts_are_whole_graphs(seconds: float, most: int) -> None:
    """Of fifty steps, or of a half, a quarter, ... of them if these take too long: others are captured anew."""
    assert in_time(50, seconds, unit=50) == most


def test_a_resumed_training_says_that_its_steps_are_taken_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """On which the last bits depend; not if they are taken as before."""
    states = {}
    for kind in ("step by step", "stand-in"):
        training = GradientTraining(net(), SPLITS, SETTINGS, 0)
        records = fit(training)
        next(records)
        states[kind] = training.state()
        again = GradientTraining(net(), SPLITS, SETTINGS, 0)
        for before, state in states.items():
            assert state["step_kind"] == before
            again.load(state)
            said = [record.text for record in islice(fit(again), 3) if isinstance(record, Message)]
            assert said == [text.changed("step", before, kind)] * (before != kind)
        stand_in(monkeypatch, (3,))


def test_a_demanded_way_is_chosen_once_and_before_the_first_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its refusal leaves nothing behind."""
    taken = stand_in(monkeypatch, (3,))
    training = GradientTraining(net(), SPLITS, SETTINGS.model_copy(update={"step": "graph"}), 0)
    assert len(taken) == 1
    list(fit(training))
    assert len(taken) == 1
    assert sum(taken[0].lengths) == 3 * 8
