"""Training: against a plain loop of torch's, the same twice, and what stops it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from fcnet.config.train import SGD, Adam, Cosine, Train
from fcnet.data.batches import epoch_order
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.evaluate import evaluate, predict
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.metrics import Metrics, Output
from fcnet.training.records import EpochRecord, Record, Start, StepRecord, Tick
from fcnet.training.steps.step import EagerStep
from helpers.tiny import CLASSES, SIDE, folder

SPLITS = Splits(folder(60, 0), folder(12, 2), folder(21, 1))
SETTINGS = Train(epochs=3, batch_size=7, optimizer=Adam(lr=0.02), log_every=4)


def net(seed: int = 0, **model: object) -> FCNet:
    torch.manual_seed(seed)
    return build(FCNetModel.model_validate({"hidden": [8]} | model), (SIDE, SIDE), CLASSES)


def records(model: torch.nn.Module, settings: Train = SETTINGS, seed: int = 0) -> list[Record]:
    return list(fit(GradientTraining(model, SPLITS, settings, seed)))


def test_it_is_the_plain_loop() -> None:
    """Three epochs equal a loop as torch's documentation would write it, on the same order of images."""
    ours, theirs = net(), net()
    records(ours)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.02)
    pixels = SPLITS.train.images.flatten(1) / 255
    for epoch in (1, 2, 3):
        for batch in epoch_order(60, 0, epoch).split(7):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(theirs(pixels[batch]), SPLITS.train.labels[batch]).backward()
            optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_l2_is_the_slides_structural_risk() -> None:
    """(lambda / 2) * sum of squared weights over matrices, in the loss; by autograd in the reference."""
    ours, theirs = net(), net()
    settings = Train(epochs=1, batch_size=60, optimizer=SGD(lr=0.5), l2=0.3, clip_grad_norm=0.5)
    logged = next(record for record in records(ours, settings) if isinstance(record, StepRecord))
    order = epoch_order(60, 0, 1)
    logits = theirs(SPLITS.train.images.flatten(1)[order] / 255)
    risk = torch.nn.functional.cross_entropy(logits, SPLITS.train.labels[order])
    risk = risk + 0.15 * (sum(theirs.get_parameter(f"{layer}.weight").square().sum() for layer in ("fc1", "fc2")))
    risk.backward()
    norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    assert norm > 0.5
    torch.optim.SGD(theirs.parameters(), lr=0.5).step()
    assert logged.loss == pytest.approx(risk.item(), rel=1e-5)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"hidden": [], "activation": []},
        {"hidden": [9, 7], "activation": "prelu", "batch_norm": True},
        {"dropout": 0.3},
    ],
    ids=["plain", "perceptron", "prelu and batch norm", "dropout"],
)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_learns_and_is_the_same_twice(model: dict, precision: str) -> None:
    settings = Train(epochs=8, batch_size=7, optimizer=Adam(lr=0.02), precision=precision)  # type: ignore[arg-type]
    runs = []
    for _ in range(2):
        one = net(**model)
        last = records(one, settings)[-1]
        assert isinstance(last, EpochRecord)
        runs.append((one.state_dict(), last.test))
    (first, test), (second, _) = runs
    assert test is not None
    assert test.accuracy is not None
    assert test.accuracy > 0.9
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_records_of_an_epoch() -> None:
    found = records(net())
    assert isinstance(found[0], Start)
    first = found[1:11]
    assert [type(record) for record in first] == [Tick, Tick, Tick, StepRecord] * 2 + [StepRecord, EpochRecord]
    steps = [record for record in first if isinstance(record, StepRecord)]
    assert [(record.epoch, record.step, record.steps) for record in steps] == [(1, 4, 9), (1, 8, 9), (1, 9, 9)]
    epoch = first[-1]
    assert isinstance(epoch, EpochRecord)
    # The means between logged steps add up to the mean of the epoch: 28 + 28 + 4 images.
    assert np.dot([28, 28, 4], [record.loss_mean for record in steps]) / 60 == pytest.approx(epoch.train.loss)
    assert steps[-1].accuracy == epoch.train.accuracy
    assert epoch.train.n == 60
    assert epoch.validation is not None
    assert epoch.validation.n == 12


def test_the_learning_rate_is_that_of_the_step() -> None:
    settings = Train(epochs=2, batch_size=30, optimizer=SGD(lr=1.0), schedule=Cosine(), log_every=1)
    rates = [record.lr for record in records(net(), settings) if isinstance(record, StepRecord)]
    assert rates == pytest.approx([0.5 * (1 + math.cos(math.pi * i / 3)) for i in range(4)])


def test_evaluation_is_over_all_images_whatever_the_batch() -> None:
    model = net(dropout=0.5, batch_norm=True)
    records(model)
    logits = predict(model, SPLITS.test or SPLITS.train)
    model.eval()
    with torch.no_grad():
        expected = model((SPLITS.test or SPLITS.train).images.flatten(1) / 255)
    torch.testing.assert_close(logits, expected)
    assert evaluate(model, SPLITS.test or SPLITS.train) == Metrics.of(expected, (SPLITS.test or SPLITS.train).labels)


@pytest.mark.parametrize("optimizer", [SGD(lr=1e30), SGD(lr=1e30, momentum=0.9), Adam(lr=1e30)], ids=lambda o: o.name)
@pytest.mark.parametrize("clip", [None, 1.0])
def test_divergence_stops_and_keeps_good_weights(optimizer: Adam, clip: float | None) -> None:
    model = net(batch_norm=True, hidden=[8, 8])
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = Train(epochs=9, batch_size=7, optimizer=optimizer, clip_grad_norm=clip, log_every=3)
    seen: list[Record] = []

    def run() -> Iterator[None]:
        for record in fit(GradientTraining(model, SPLITS, settings, 0)):
            seen.append(record)
            yield

    with pytest.raises(DivergedError, match=r"lower train\.optimizer\.lr.* are kept"):
        list(run())
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())
    if not any(isinstance(record, StepRecord) for record in seen):
        assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in before.items())


BAD = [math.nan, math.inf, -math.inf]
OPTIMIZERS = [Adam(lr=0.02), SGD(lr=0.1), SGD(lr=0.1, momentum=0.9, nesterov=True)]


def spoil(
    model: FCNet, settings: Train, harm: Callable[[int, GradientTraining], torch.Tensor | None]
) -> dict[int | str, Any]:
    """Train until it diverges at step 8, with ``harm`` before each step; the weights of the start and of step 4."""
    kept: dict[int | str, Any] = {0: {name: tensor.clone() for name, tensor in model.state_dict().items()}}
    training = GradientTraining(model, SPLITS, settings, 0)
    assert isinstance(training.stepper, EagerStep)
    inner, count = training.stepper.gradient, iter(range(1, 100))

    def gradients(pixels: torch.Tensor, labels: torch.Tensor) -> Output:
        output = inner(pixels, labels)
        spoilt = harm(next(count), training)
        return output if spoilt is None else replace(output, loss=spoilt)

    training.stepper.gradient = gradients  # type: ignore[assignment]
    with pytest.raises(DivergedError, match=r"epoch 1, step [5-8] .*of the start are kept") as caught:
        for record in training.rest_of_epoch():
            if isinstance(record, StepRecord) and record.step == 4:
                kept[4] = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    step, order = caught.value.facts["step"], epoch_order(60, 0, 1).tolist()
    assert caught.value.facts == {
        "epoch": 1,
        "step": step,
        "lr": settings.optimizer.lr,
        "images": order[7 * (step - 1) : 7 * step],
    }
    kept["step"] = step
    return kept


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("step", [5, 8])
def test_one_loss_that_is_not_finite_is_enough(step: int, bad: float) -> None:
    """The weights stay finite: it is the loss alone that tells."""
    model = net()
    kept = spoil(model, SETTINGS, lambda now, _: torch.tensor(bad) if now == step else None)
    assert 4 in kept
    assert kept["step"] == step  # the very one
    assert all(torch.equal(model.state_dict()[name], kept[0][name]) for name in kept[0])


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("clip", [None, 1.0])
def test_one_gradient_that_is_not_finite_is_enough(optimizer: Adam, bad: float, clip: float | None) -> None:
    """In the logged step itself, whose loss is finite: it is the weights alone that tell."""

    def harm(now: int, training: GradientTraining) -> None:
        if now == 8:
            next(training.model.parameters()).grad.view(-1)[3] = bad  # type: ignore[union-attr]

    settings = Train(epochs=1, batch_size=7, optimizer=optimizer, log_every=4, clip_grad_norm=clip)
    model = net()
    kept = spoil(model, settings, harm)
    assert all(torch.equal(model.state_dict()[name], kept[0][name]) for name in kept[0])


@pytest.mark.parametrize(("clip", "size"), [(1.0, 3e19), (None, 1e25)], ids=["norm overflows", "square overflows"])
def test_finite_gradients_whose_squares_overflow_are_found(clip: float | None, size: float) -> None:
    """Clipping would turn them to 0, and Adam would never move that weight again."""

    def harm(now: int, training: GradientTraining) -> None:
        if now == 5:
            next(training.model.parameters()).grad.view(-1)[:9] = size  # type: ignore[union-attr]

    spoil(net(), Train(epochs=1, batch_size=7, optimizer=Adam(lr=0.02), log_every=4, clip_grad_norm=clip), harm)


def test_weights_are_good_once_the_losses_after_them_were() -> None:
    """Diverging at step 12 with a look at 4, 8 and 12: the weights of 8 gave a bad loss, those of 4 good ones."""
    model = net()
    training = GradientTraining(model, SPLITS, Train(epochs=2, batch_size=4, log_every=4), 0)
    assert isinstance(training.stepper, EagerStep)
    inner, kept = training.stepper.gradient, {}

    def gradients(pixels: torch.Tensor, labels: torch.Tensor) -> Output:
        output = inner(pixels, labels)
        return replace(output, loss=output.loss * math.nan) if 8 in kept else output

    training.stepper.gradient = gradients  # type: ignore[assignment]
    with pytest.raises(DivergedError, match=r"of epoch 1, step 4 are kept"):
        for record in training.rest_of_epoch():
            if isinstance(record, StepRecord):
                kept[record.step] = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert all(torch.equal(model.state_dict()[name], kept[4][name]) for name in kept[4])


def test_closing_it_between_two_steps_leaves_finite_weights() -> None:
    model = net()
    training = fit(GradientTraining(model, SPLITS, SETTINGS, 0))
    for record in training:
        if isinstance(record, Tick):
            with torch.no_grad():
                model.get_parameter("fc2.bias")[0] = math.nan
            break
    training.close()
    assert all(tensor.isfinite().all() for tensor in model.state_dict().values())
