"""Training in stages, and taking up trainings of autoencoders anywhere."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch

from fcnet import families, schema
from fcnet.commands.training.prepare import gather
from fcnet.data.batches import epoch_order
from fcnet.errors import DivergedError
from fcnet.families.autoencoder.layerwise import LayerwiseTraining
from fcnet.rundir import tensor_files
from fcnet.schema import Config
from fcnet.system.signals import Stop
from fcnet.training.records import EpochRecord
from fcnet.training.trainable import Trainable
from helpers.command_line import Run
from helpers.nets import weights


def test_one_stage_is_a_plain_denoising_autoencoder(fcnet: Run, auto: Callable[..., Path]) -> None:
    model = {"hidden": [6], "code_activation": "sigmoid", "corruption": "masking"}
    assert fcnet("train", "-c", auto(**model), "--out", "plain").code == 0
    outcome = fcnet("train", "-c", auto(train={"epochs": 0, "stages": [3]}, **model), "--out", "staged")
    assert outcome.code == 0, outcome.err
    plain, staged = weights("plain"), weights("staged")
    assert all(torch.equal(plain[name], staged[name]) for name in plain)


def trainable(settings: Config) -> Trainable:
    """Return what trains a config, on its images."""
    work = gather(settings, Stop())
    return families.of(settings.model).trainer(work.model, work.splits, settings)


def test_stages_train_layer_by_layer(auto: Callable[..., Path]) -> None:
    """The second layer alone against a net built by hand on the first one's outputs; the first stays as it was."""
    train = {"epochs": 0, "stages": [1, 2], "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.0}}
    settings = schema.load(auto(train=train, code_activation="tanh"))
    work = trainable(settings)
    assert isinstance(work, LayerwiseTraining)
    records = work.records()
    while not (isinstance(record := next(records), EpochRecord) and record.epoch == 1):
        pass
    before = {name: tensor.clone() for name, tensor in work.model.state_dict().items()}
    weight, bias, back, offset = (
        before[f"{name}"].double().requires_grad_()
        for name in ("encoder.fc2.weight", "encoder.fc2.bias", "decoder.fc1.weight", "decoder.fc1.bias")
    )
    for _ in records:
        pass
    data, batch = gather(settings, Stop()).splits.train, 16
    pixels = (data.images.double() / 255).flatten(1)
    below = (pixels @ before["encoder.fc1.weight"].double().T + before["encoder.fc1.bias"].double()).sigmoid()
    for epoch in (1, 2):
        order = epoch_order(len(data), settings.seed, epoch)
        for start in range(0, len(data), batch):
            target = below[order[start : start + batch]]
            code = (target @ weight.T + bias).tanh()
            loss = ((code @ back.T + offset).sigmoid() - target).square().sum(1).mean()
            for tensor, gradient in zip(
                (weight, bias, back, offset), torch.autograd.grad(loss, (weight, bias, back, offset)), strict=True
            ):
                tensor.data -= 0.1 * gradient
    after = work.model.state_dict()
    for name, expected in (("encoder.fc2.weight", weight), ("encoder.fc2.bias", bias), ("decoder.fc1.weight", back)):
        torch.testing.assert_close(after[name].double(), expected.detach(), rtol=1e-4, atol=1e-5)
    for name in ("encoder.fc1.weight", "encoder.fc1.bias", "decoder.fc2.weight", "decoder.fc2.bias"):
        assert torch.equal(after[name], before[name]), name


def test_a_divergence_tells_its_stage_and_the_epoch_of_all(auto: Callable[..., Path]) -> None:
    settings = schema.load(auto(train={"epochs": 1, "stages": [2, 1]}))
    work = trainable(settings)
    records = work.records()
    while not (isinstance(record := next(records), EpochRecord) and record.epoch == 2):
        pass
    with torch.no_grad():
        work.model.get_parameter("encoder.fc2.weight")[0, 0] = torch.nan
    with pytest.raises(DivergedError, match="layer 2, epoch 1, step 1") as told:
        list(records)
    assert (told.value.facts["stage"], told.value.facts["epoch"]) == ("layer 2", 3)


KINDS: dict[str, dict[str, Any]] = {
    "denoising": {"corruption": "masking"},
    "variational": {"variational": {"samples": 2}, "loss": "cross_entropy", "binarise": True},
    "contractive": {"contractive": {}, "sparse": "l1"},
    "stacked": {"corruption": "gaussian", "tied": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_taken_up_anywhere_it_ends_the_same(auto: Callable[..., Path], kind: str, tmp_path: Path) -> None:
    train: dict[str, Any] = {"epochs": 1, "stages": [2, 1]} if kind == "stacked" else {"epochs": 2}
    settings = schema.load(auto(train=train, **KINDS[kind]))

    def work() -> Trainable:
        return trainable(settings)

    whole = work()
    states = [tensor_files.encode(whole.state()) for _ in whole.records()]
    expected = {name: tensor.clone() for name, tensor in whole.model.state_dict().items()}
    for data in states[:: max(len(states) // 7, 1)]:
        other = work()
        other.load(tensor_files.decode(BytesIO(data), tmp_path))
        for _ in other.records():
            pass
        for name, tensor in expected.items():
            assert torch.equal(tensor, other.model.state_dict()[name]), name


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"loss": "cross_entropy", "activation": "relu", "train": {"epochs": 0, "stages": [1, 1]}},
            "`loss` cross_entropy needs targets in [0, 1], but in layer-wise training they include outputs of"
            " `activation` relu",
        ),
        (
            {"train": {"epochs": 0, "stages": [1]}},
            "has 1 entries, but model.hidden has 2 layers; give the epochs of each layer",
        ),
        ({"variational": {}, "train": {"epochs": 1, "stages": [1, 1]}}, "must be trained with the whole net"),
        ({"train": {"epochs": 1, "label_smoothing": 0.1}}, "an autoencoder does not use labels"),
    ],
)
def test_what_stages_and_targets_cannot_be(
    fcnet: Run, auto: Callable[..., Path], values: dict[str, object], told: str
) -> None:
    outcome = fcnet("train", "-c", auto(**values), "--out", "run")
    assert outcome.code == 2
    assert told in outcome.errors[0]
    assert not Path("run").exists()


def test_normal_classes_are_for_autoencoders(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "-c", tiny / "tiny.yaml", "data.normal_classes=[0]", "--out", "run")
    assert outcome.code == 2
    assert "data.normal_classes: is for autoencoders, but model.kind is fcnet" in outcome.errors[0]
