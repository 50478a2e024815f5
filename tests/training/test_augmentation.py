"""Training on augmented images: which images the steps see, and which the metrics."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import yaml

from fcnet import families, schema
from fcnet.config.data import Augment
from fcnet.config.train import SGD, Adam, Train
from fcnet.data.augment import augmented
from fcnet.data.augment.augmented import Augmented
from fcnet.data.augment.draws import Draws
from fcnet.data.augment.mixup import Mixup
from fcnet.data.batches import classes_of, epoch_order, numbers_of
from fcnet.data.mapped import Mapped
from fcnet.data.splits import Splits
from fcnet.errors import ConfigError, DivergedError
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.evaluate import evaluate
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.randomness import seed_of
from fcnet.training.records import EpochRecord, Pause, Start, StepRecord, Tick
from fcnet.training.steps.epoch_images import EpochImages
from helpers.bursts import stand_in
from helpers.tiny import CLASSES, SIDE, folder, tiny_config

SPLITS = Splits(folder(60, 0), folder(12, 2), folder(21, 1))
SETTINGS = Train(epochs=3, batch_size=7, optimizer=Adam(lr=0.02), log_every=4)
AUGMENT = Augment.model_validate({"rotation": 20, "shift": 1, "noise": 0.1})


def net() -> FCNet:
    torch.manual_seed(0)
    return FCNet(SIDE * SIDE, [8], CLASSES)


def trained(settings: Train = SETTINGS, augment: Augment | None = AUGMENT, splits: Splits = SPLITS) -> dict:
    model = net()
    list(fit(GradientTraining(model, splits, settings, 0, augment=augment)))
    return model.state_dict()


def equal(some: dict, other: dict) -> bool:
    return all(torch.equal(some[name], tensor) for name, tensor in other.items())


def test_it_is_the_plain_loop_on_the_images_of_each_epoch() -> None:
    """Three epochs equal a loop as torch's documentation would write it."""
    theirs = net()
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.02)
    images = Augmented(SPLITS.train.images, SPLITS.train.labels, AUGMENT, seed_of(0, "augmentation"))
    for epoch in (1, 2, 3):
        list(images.make(epoch))
        for batch in epoch_order(60, 0, epoch).split(7):
            optimizer.zero_grad()
            pixels = images.images[batch].flatten(1) / 255
            torch.nn.functional.cross_entropy(theirs(pixels), SPLITS.train.labels[batch]).backward()
            optimizer.step()
    for name, tensor in trained().items():
        torch.testing.assert_close(tensor, theirs.state_dict()[name], rtol=1e-4, atol=1e-5)


def test_many_steps_at_once_see_the_same_images(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = trained()
    bursts = stand_in(monkeypatch, (3,))
    assert equal(trained(), expected)
    assert bursts[0].lengths


def test_the_metrics_are_of_the_images_as_they_are() -> None:
    """With no ink left, steps see black images; validation and test images are not touched."""
    before = [split.images.clone() for _, split in SPLITS.items()]
    model = net()
    weight = model.get_parameter("fc1.weight").clone()
    blank = Augment.model_validate({"contrast": [0, 0]})
    splits = replace(SPLITS, train=replace(SPLITS.train, images=SPLITS.train.images.clone()))
    splits.train.images[:, [0, -1]] = splits.train.images[:, :, [0, -1]] = 0  # the background is black
    found = list(fit(GradientTraining(model, splits, Train(epochs=2, optimizer=SGD(lr=0.5)), 0, augment=blank)))
    assert torch.equal(model.get_parameter("fc1.weight"), weight)  # no pixel was lit
    assert not torch.equal(model.get_parameter("fc1.bias"), net().get_parameter("fc1.bias"))
    last = found[-1]
    assert isinstance(last, EpochRecord)
    assert SPLITS.test is not None
    assert SPLITS.validation is not None
    assert last.test == evaluate(model, SPLITS.test)
    assert last.validation == evaluate(model, SPLITS.validation)
    assert all(torch.equal(split.images, images) for (_, split), images in zip(SPLITS.items(), before, strict=True))


def test_dark_pixels_are_not_left_out_and_the_log_says_what_is_done() -> None:
    dark = folder(60, 0)
    dark.images[:, 0] = 0
    splits = Splits(dark, None, None)
    plain = GradientTraining(net(), splits, SETTINGS, 0)
    training = GradientTraining(net(), splits, SETTINGS, 0, augment=AUGMENT)
    assert not plain.shown.change
    assert training.step_name == f"{plain.stepper.name}; images augmented (rotation, shift, noise)"
    assert training.images.images.shape == dark.images.shape


def test_pauses_come_before_the_steps_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmented, "BLOCK", 25 * SIDE * SIDE)
    training = GradientTraining(net(), SPLITS, replace_epochs(2), 0, augment=AUGMENT)
    kinds = [(record.kind, getattr(record, "images", None)) for record in fit(training)]
    steps = [("tick", None)] * 3 + [("step", None)]
    epoch = [("pause", 25), ("pause", 50), ("pause", 60), *steps, *steps, ("step", None), ("epoch", None)]
    assert kinds == [("start", None), *epoch, *epoch]


def replace_epochs(epochs: int) -> Train:
    return SETTINGS.model_copy(update={"epochs": epochs})


def test_a_state_in_the_middle_of_an_epoch_is_resumed_exactly() -> None:
    expected = trained()
    training = GradientTraining(net(), SPLITS, SETTINGS, 0, augment=AUGMENT)
    records = fit(training)
    while not (isinstance(next(records), StepRecord) and (training.epoch, training.step) == (2, 4)):
        pass
    state = training.state()
    assert "augmentation" not in state["randomness"]  # there is nothing to save
    resumed = GradientTraining(net(), SPLITS, SETTINGS, 0, augment=AUGMENT)
    resumed.load(state)
    list(fit(resumed))
    assert equal(resumed.model.state_dict(), expected)


def test_images_in_a_file_are_refused(tmp_path: Path) -> None:
    train = replace(SPLITS.train, mapped=Mapped(SPLITS.train.images.numpy(), cast(Any, None), tmp_path))
    with pytest.raises(ConfigError, match=r"data\.memory: is auto.* set data\.memory=resident"):
        Augmented.of(train, AUGMENT, 0)


@pytest.mark.parametrize(
    "words",
    [
        ["model={kind: centroids, hidden: 5}"],
        ["model={kind: autoencoder, hidden: [5, 2]}"],
        ["model={kind: autoencoder, hidden: [5, 2]}", "train.stages=[1, 1]"],
    ],
    ids=["centroids", "autoencoder", "layer by layer"],
)
def test_whatever_gradients_train_is_trained_on_augmented_images(words: list[str], tiny: Path) -> None:
    config = tiny.parent / "run.yaml"
    config.write_text(yaml.safe_dump(tiny_config(tiny) | {"model": {}, "train": {"epochs": 2}}))
    ends = []
    for augment in ("null", "{rotation: 20}", "{rotation: 20}"):
        settings = schema.load(config, [*words, f"data.augment={augment}"])
        family = families.of(settings.model)
        torch.manual_seed(0)
        model = family.build(settings.model, (SIDE, SIDE), CLASSES)
        found = list(family.trainer(model, SPLITS, settings).records())
        assert isinstance(found[0], Start)
        assert any(isinstance(record, Pause) for record in found) == (augment != "null")
        epochs = [record.epoch for record in found if isinstance(record, Pause | EpochRecord)]
        assert epochs == sorted(epochs)
        ends.append(model.state_dict())
    assert not equal(ends[0], ends[1])
    assert equal(ends[1], ends[2])


def test_mixed_images_have_the_shares_of_both_labels() -> None:
    """Each image is mixed with one other, which differs; its own share is at least a half (Zhang et al. 2018)."""
    images = SPLITS.train
    mixed = Augmented(images.images, images.labels, Augment.model_validate({"mixup": 0.4}), 7, classes=images.classes)
    before = mixed.labels.clone()
    mixed.of_epoch(1)
    assert torch.equal(classes_of(mixed.labels), images.labels)
    shares = numbers_of(mixed.labels)
    assert shares is not None
    torch.testing.assert_close(shares.sum(1), torch.ones(len(images)))
    draws = Draws(7, 1, len(images), torch.device("cpu"))
    drawn = np.random.default_rng(draws.seed("weights of mixup")).beta(0.4, 0.4, len(images))
    partners = Mixup(0.4, draws, len(images)).partners
    assert sorted(partners.tolist()) == list(range(len(images)))
    assert not (partners == torch.arange(len(images))).any()
    for i, j in enumerate(partners.tolist()):
        weight = max(drawn[i], 1 - drawn[i])
        expected = weight * images.images[i].double() + (1 - weight) * images.images[j].double()
        assert (mixed.images[i].double() - expected).abs().max() <= 0.501
        wanted = torch.zeros(CLASSES)
        wanted[images.labels[i]] += weight
        wanted[images.labels[j]] += 1 - weight
        torch.testing.assert_close(shares[i], wanted, rtol=1e-5, atol=1e-6)
    first = mixed.labels.clone()
    assert not torch.equal(first, before)
    mixed.of_epoch(2)
    assert not torch.equal(mixed.labels, first)
    mixed.of_epoch(1)
    assert torch.equal(mixed.labels, first)


def test_training_on_mixed_images_is_a_plain_loop_with_their_shares() -> None:
    mixup = Augment.model_validate({"mixup": 1.0, "rotation": 10})
    theirs = net()
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.02)
    images = Augmented(
        SPLITS.train.images, SPLITS.train.labels, mixup, seed_of(0, "augmentation"), classes=SPLITS.classes
    )
    for epoch in (1, 2, 3):
        images.of_epoch(epoch)
        shares = numbers_of(images.labels)
        assert shares is not None
        for batch in epoch_order(60, 0, epoch).split(7):
            optimizer.zero_grad()
            pixels = images.images[batch].flatten(1) / 255
            torch.nn.functional.cross_entropy(theirs(pixels), shares[batch]).backward()
            optimizer.step()
    for name, tensor in trained(augment=mixup).items():
        torch.testing.assert_close(tensor, theirs.state_dict()[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("augment", [None, AUGMENT])
def test_a_teacher_answers_for_the_images_of_each_epoch(augment: Augment | None) -> None:
    """Its logits lie beside the labels, for the images as they are shown."""
    asked: list[int] = []

    class Brightness:
        @property
        def hashes(self) -> list[str]:
            return []

        def __call__(self, images: torch.Tensor) -> Iterator[torch.Tensor]:
            asked.append(len(images))
            for some in torch.split(images, 25):
                yield torch.stack([some.double().mean((1, 2)).float()] * CLASSES, 1)

    teacher = Brightness()
    shown = EpochImages(replace(SPLITS, teacher=teacher), augment, 0)
    for epoch in (1, 2):
        done = list(shown.make(epoch))
        assert done[-1] == 60 if epoch == 1 or augment else done == []
        found = numbers_of(shown.images.labels)
        assert found is not None
        torch.testing.assert_close(found[:, 1], shown.images.images.double().mean((1, 2)).float())
        assert torch.equal(classes_of(shown.images.labels), SPLITS.train.labels)
    assert asked == ([60, 60] if augment else [60])
    settings = Train.model_validate({"epochs": 2, "teacher": {"runs": ["a"]}, "batch_size": 7})
    training = GradientTraining(net(), replace(SPLITS, teacher=teacher), settings, 0, augment=augment)
    records = list(fit(training))
    last = records[-1]
    assert isinstance(last, EpochRecord)
    assert last.train.accuracy is not None
    assert "; with a teacher" in training.step_name


def test_an_average_of_weights_is_evaluated_and_resumed() -> None:
    settings = Train.model_validate(
        {"epochs": 3, "batch_size": 7, "optimizer": {"name": "adam", "lr": 0.02}, "average": {"decay": 0.9}}
    )
    whole = GradientTraining(net(), SPLITS, settings, 0, augment=AUGMENT)
    last = list(fit(whole))[-1]
    plain = GradientTraining(net(), SPLITS, settings.model_copy(update={"average": None}), 0, augment=AUGMENT)
    list(fit(plain))
    assert equal(whole.unaveraged.state_dict(), plain.model.state_dict()), "averaging changes no step"
    assert not equal(whole.model.state_dict(), plain.model.state_dict())
    assert isinstance(last, EpochRecord)
    assert SPLITS.test is not None
    assert last.test == evaluate(whole.model, SPLITS.test)
    first = GradientTraining(net(), SPLITS, settings, 0, augment=AUGMENT)
    for record in fit(first):
        if isinstance(record, Tick | StepRecord) and first.epoch == 2 and first.step == 3:
            break
    second = GradientTraining(net(), SPLITS, settings, 0, augment=AUGMENT)
    second.load(first.state())
    list(fit(second))
    assert equal(second.model.state_dict(), whole.model.state_dict())
    assert equal(second.unaveraged.state_dict(), whole.unaveraged.state_dict())


def test_weights_and_their_average_are_finite_after_a_divergence() -> None:
    settings = Train.model_validate(
        {"epochs": 3, "batch_size": 7, "optimizer": {"name": "sgd", "lr": 1e38}, "average": {}, "log_every": 1}
    )
    training = GradientTraining(net(), SPLITS, settings, 0)
    with pytest.raises(DivergedError):
        list(fit(training))
    assert all(bool(tensor.isfinite().all()) for tensor in training.model.state_dict().values())
