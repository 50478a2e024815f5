"""Records of a training that gives way: what is said, and which number of threads each part has."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from fcnet.config.train import Adam, Train
from fcnet.data.splits import Splits
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.system.sinks import Message
from fcnet.system.threads import limits
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import EpochRecord, Record, Start, StepRecord, Tick
from fcnet.training.threads import giving_way as giving
from fcnet.training.threads.equal_bits import Equality
from fcnet.training.threads.giving_way import giving_way
from helpers.tiny import CLASSES, SIDE, folder

EQUAL = Equality(6, training=True, evaluation=True)


class Fake:
    """A clock, a number of threads, and steps whose time depends on it."""

    def __init__(self, times: dict[int, float]) -> None:
        self.now, self.number, self.times = 0.0, 2, times
        self.seen: list[tuple[str, int]] = []  # what was computed, with how many threads

    def use(self, number: int) -> None:
        self.number = number

    def records(self, epochs: int = 2, steps: int = 300) -> Generator[Record, None, None]:
        yield Start("by hand", epochs)
        for epoch in range(1, epochs + 1):
            for step in range(1, steps + 1):
                self.seen.append(("step", self.number))
                self.now += self.times[self.number]
                last = step == steps
                yield StepRecord(epoch, step, steps, 1, 1, 1, 1, 1) if last else Tick(epoch, step, steps)
            self.seen.append(("evaluation", self.number))
            self.now += 5
            yield EpochRecord(epoch, None, None, None, 1.0)  # type: ignore[arg-type]


def training() -> GradientTraining:
    torch.manual_seed(0)
    net = build(FCNetModel(hidden=[8]), (SIDE, SIDE), CLASSES)
    splits = Splits(folder(60, 0), None, folder(21, 1))
    return GradientTraining(net, splits, Train(epochs=1, batch_size=7, optimizer=Adam(lr=0.02)), 3)


@contextmanager
def choice(patched: pytest.MonkeyPatch, equal: Equality, most: int = 2, **more: Any) -> Iterator[list[Any]]:
    """A command that may use two threads, and what a comparison will find; yields the numbers that it compares."""
    compared: list[Any] = []

    def compare(_: Any, numbers: list[int], __: Any) -> Equality:
        compared.append(numbers)
        return equal

    patched.setattr(giving, "compare", compare)
    token = limits._CHOICE.set(limits.Choice(most, **({"varies": True} | more)))
    try:
        yield compared
    finally:
        limits._CHOICE.reset(token)


def run(patched: pytest.MonkeyPatch, fake: Fake, **more: Any) -> list[str]:
    patched.setattr(limits, "use", fake.use)
    records = list(giving_way(training(), fake.records(), lambda: fake.now))
    assert isinstance(records[0], Start)
    return [f"{one.level}: {one.text}" for one in records if isinstance(one, Message)]


def test_it_gives_way_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake({1: 1.4e-3, 2: 25e-3})
    with choice(monkeypatch, EQUAL) as compared:
        lines = run(monkeypatch, fake)
    assert compared == [[1, 2]]
    assert lines == [
        "detail: threads: 1 to 2, chosen while training (equal bits on 6 steps)",
        "detail: threads: 1 instead of 2 (1.4 against 25 ms a step)",
    ]
    assert sum(number == 2 for _, number in fake.seen) < 20
    assert [number for what, number in fake.seen if what == "evaluation"] == [1, 1]
    assert fake.number == 2  # what it was before


def test_an_evaluation_whose_bits_differ_keeps_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake({1: 1.4e-3, 2: 25e-3})
    with choice(monkeypatch, Equality(6, training=True, evaluation=False)):
        lines = run(monkeypatch, fake)
    assert lines[0] == "detail: threads: 1 to 2, chosen while training (equal bits on 6 steps); evaluation with 2"
    assert [number for what, number in fake.seen if what == "evaluation"] == [2, 2]
    assert [number for _, number in fake.seen][301:304] == [1, 1, 1]


def test_a_training_whose_bits_differ_keeps_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake({1: 1.4e-3, 2: 25e-3})
    with choice(monkeypatch, Equality(6, training=False, evaluation=True)):
        lines = run(monkeypatch, fake)
    assert lines == ["detail: threads: 2 throughout (other numbers change the bits of this training)"]
    assert {number for _, number in fake.seen} == {2}


@pytest.mark.parametrize("more", [{"varies": False}, {"most": 1}])
def test_without_a_choice_nothing_is_compared(monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]) -> None:
    fake = Fake({1: 1e-3, 2: 25e-3})
    with choice(monkeypatch, EQUAL, **more) as compared:
        assert run(monkeypatch, fake) == []
    assert compared == []
    assert {number for _, number in fake.seen} == {2}


def test_outside_of_a_command_the_number_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake({1: 1e-3, 2: 25e-3})
    fake.number = 1
    assert run(monkeypatch, fake) == []
    assert {number for _, number in fake.seen} == {1}


@pytest.mark.parametrize(
    ("equal", "warned"),
    [(EQUAL, False), (Equality(6, False, True), True), (Equality(6, True, False), True)],
)
def test_another_number_than_before_is_warned_of_if_bits_differ(
    monkeypatch: pytest.MonkeyPatch, equal: Equality, warned: bool
) -> None:
    with choice(monkeypatch, equal, most=1, before=4) as compared:
        lines = run(monkeypatch, Fake({2: 1e-3}))
    assert compared == [[4, 1]]
    assert [line[:60] for line in lines] == ["warning: threads was 4 and is now 1: the last bits of the re"] * warned


def test_an_absurd_number_in_a_checkpoint_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with choice(monkeypatch, EQUAL, before=1_000_000) as compared:
        lines = run(monkeypatch, Fake({1: 1e-3, 2: 1e-3}))
    assert compared == [[1, 2]]
    assert lines[-1].startswith("warning: threads was 1000000 and is now 2: ")


def test_a_training_that_is_closed_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, one = Fake({1: 1e-3, 2: 1e-3}), training()
    monkeypatch.setattr(limits, "use", fake.use)
    settled: list[bool] = []
    monkeypatch.setattr(one, "settle", lambda: settled.append(True))
    with choice(monkeypatch, EQUAL):
        records = giving_way(one, fit(one))
        for _ in range(5):
            next(records)
        fake.use(1)
        records.close()
    assert settled == [True]
    assert fake.number == 2
