"""Whether the bits of a training depend on the number of threads."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from fcnet.config.train import Adam, Train
from fcnet.data.splits import Splits
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.evaluate import EVALUATION_BATCH
from fcnet.training.loop import GradientTraining
from fcnet.training.metrics import Metrics, Output
from fcnet.training.steps.step import changed_by
from fcnet.training.threads import equal_bits
from helpers.tiny import CLASSES, SIDE, folder


def training(train: int = 60, test: int = 21, **model: Any) -> GradientTraining:
    torch.manual_seed(0)
    net = build(FCNetModel.model_validate({"hidden": [8]} | model), (SIDE, SIDE), CLASSES)
    splits = Splits(folder(train, 0), None, folder(test, 1))
    return GradientTraining(net, splits, Train(epochs=1, batch_size=7, optimizer=Adam(lr=0.02)), 3)


def everything(one: GradientTraining) -> list[Tensor]:
    streams = [torch.get_rng_state(), *one.randomness.state().values()]
    return [tensor.clone() for tensor in (*changed_by(one.stepper), *one.model.state_dict().values(), *streams)]


class Planted:
    """A step that does something else with some number of threads.

    Args:
        inner: the step.
        change: does it, given the step's output.
    """

    def __init__(self, inner: Any, change: Callable[[int, Output], Output]) -> None:
        self._inner, self._change, self.number, self.sizes = inner, change, 0, list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def use(self, number: int) -> None:
        self.number = number

    def __call__(self, pixels: Tensor, labels: Tensor, lr: Tensor) -> Output:
        self.sizes.append(len(labels))
        return self._change(self.number, self._inner(pixels, labels, lr))


def planted(one: GradientTraining, change: Callable[[int, Output], Output]) -> Planted:
    stepper = Planted(one.stepper, change)
    one.stepper = stepper  # type: ignore[assignment]
    return stepper


def test_equal_steps_are_found_equal_and_undone() -> None:
    one = training(dropout=0.5, batch_norm=True)
    step, before = planted(one, lambda _, output: output), everything(one)
    assert equal_bits.compare(one, [1, 2, 4], step.use) == equal_bits.Equality(6, training=True, evaluation=True)
    assert step.sizes == [7, 7, 7, 7, 7, 60 % 7] * 3
    assert step.number == 4
    assert equal_bits.same(everything(one), before)
    assert (one.epoch, one.step, one.state()["sums"]["n"]) == (1, 0, 0)


@pytest.mark.parametrize(("train", "sizes"), [(63, [7] * 5), (16, [7, 7, 2]), (5, [5])])
def test_few_images(train: int, sizes: list[int]) -> None:
    one = training(train)
    step = planted(one, lambda _, output: output)
    assert equal_bits.compare(one, [1], step.use).steps == len(sizes)
    assert step.sizes == sizes


@pytest.mark.parametrize("what", ["loss", "logits", "weight", "optimizer", "stream", "last batch"])
def test_one_bit_is_seen(what: str) -> None:
    one = training(dropout=0.5)

    def change(number: int, output: Output) -> Output:
        if number != 2:
            return output
        assert output.logits is not None
        if what == "loss" or (what == "last batch" and len(output.logits) == 60 % 7):
            return replace(output, loss=torch.nextafter(output.loss, output.loss + 1))
        if what == "logits":
            output.logits[-1, -1] = torch.nextafter(output.logits[-1, -1], torch.tensor(9.0))
        with torch.no_grad():
            tensor = changed_by(one.stepper)[0 if what == "weight" else -1]
            if what in ("weight", "optimizer"):
                tensor.view(-1)[0] = torch.nextafter(tensor.view(-1)[0], torch.tensor(9.0, dtype=tensor.dtype))
        if what == "stream":
            torch.rand(1, generator=one.randomness.stream("dropout"))
        return output

    step, before = planted(one, change), everything(one)
    found = equal_bits.compare(one, [1, 2], step.use)
    assert (found.training, found.evaluation) == (False, True)
    assert equal_bits.same(everything(one), before)


def test_an_evaluation_that_differs_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    one = training()
    step = planted(one, lambda _, output: output)
    monkeypatch.setattr(one, "evaluate", lambda _: Metrics(0.5 + 1e-17 * (step.number == 2), 0.5, 3))
    assert equal_bits.compare(one, [1, 2], step.use) == equal_bits.Equality(6, training=True, evaluation=True)
    monkeypatch.setattr(one, "evaluate", lambda _: Metrics(0.5 + 2e-16 * (step.number == 2), 0.5, 3))
    assert equal_bits.compare(one, [1, 2], step.use) == equal_bits.Equality(6, training=True, evaluation=False)


def test_streams_that_a_step_begins_are_undone() -> None:
    one = training()
    step = planted(one, lambda _, output: output)
    inner = step._change

    def change(number: int, output: Output) -> Output:
        torch.rand(3, generator=one.randomness.stream("noise"))
        return inner(number, output)

    step._change = change
    equal_bits.compare(one, [1, 2], step.use)
    fresh = training().randomness.stream("noise")
    assert torch.equal(one.randomness.stream("noise").get_state(), fresh.get_state())


def test_bits_are_compared_not_numbers() -> None:
    zero, nan = torch.zeros(3), torch.full((3,), torch.nan)
    assert equal_bits.same([nan], [nan.clone()])
    assert not equal_bits.same([zero], [-zero])
    assert not equal_bits.same([zero], [zero.double()])


@pytest.mark.parametrize(("n", "looked_at"), [(21, 21), (1000, 1000), (2000, 1000), (2003, 1003)])
def test_an_evaluation_has_a_whole_batch_and_the_last_one(n: int, looked_at: int) -> None:
    assert EVALUATION_BATCH == 1000
    assert len(equal_bits.some(folder(n, 0))) == looked_at
