"""Whether a training has learned anything, told of by warnings, and where there is nothing to be told."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from fcnet.config.layers import PlainActivation
from fcnet.data.dataset import ImageFolder
from fcnet.families.common import verdict
from fcnet.families.common.fully_connected import FCNet
from fcnet.rundir import directory, environment
from fcnet.schema import Config
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord
from helpers.command_line import Run
from helpers.nets import weights
from helpers.tiny import CLASSES, SIDE, pictures, tiny_config, write_config, write_numbered


def warned(err: str) -> list[str]:
    return [line.removeprefix("fcnet: warning: ") for line in err.splitlines() if line.startswith("fcnet: warning: ")]


def learned(fcnet: Run, tiny: Path, *settings: str) -> list[str]:
    """The warnings of a training about its net, which are those of its result."""
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", *settings, "--out", "run")
    assert outcome.code == 0
    told = [line for line in warned(outcome.err) if not line.startswith(("train:", "test:"))]  # which are of the data
    assert environment.read_json(Path("run") / directory.RESULT).get("warnings", []) == told
    return told


RATE = "train.optimizer.lr=100"


def test_a_learning_rate_that_is_far_too_high(fcnet: Run, tiny: Path) -> None:
    told = learned(fcnet, tiny, RATE, "model.hidden=[16,16,16]")
    assert any("higher than that of guessing, ln 3 = 1.099" in line for line in told)
    assert all("lower train.optimizer.lr (is 100; try 0.001), or set train.clip_grad_norm=1" in line for line in told)
    assert all(line.endswith("see docs/troubleshooting.md") for line in told)


def test_the_advice_helps(fcnet: Run, tiny: Path) -> None:
    assert learned(fcnet, tiny, "train.optimizer.lr=0.01", "model.hidden=[16,16,16]", "train.epochs=10") == []


def test_units_that_are_dead(fcnet: Run, tiny: Path) -> None:
    """Biases far below 0 are as good as a rate too high."""
    net = FCNet(SIDE * SIDE, [5, 4], CLASSES)
    with torch.no_grad():
        net.get_parameter("fc2.bias").fill_(-100.0)
    told = look(net, np.arange(30) % 3)
    assert told[0].startswith("hidden layer 2: its 4 units are dead")
    assert "the net predicts" in told[1]
    assert "for 30 of 30 training images" in told[1]


def test_sigmoids_that_are_saturated() -> None:
    net = FCNet(SIDE * SIDE, [5], CLASSES, PlainActivation(name="sigmoid"))
    with torch.no_grad():
        net.get_parameter("fc1.bias").fill_(1000.0)
    assert any("its 5 units are dead" in line for line in look(net, np.arange(30) % 3))


def test_a_rate_too_low(fcnet: Run, tiny: Path) -> None:
    (told,) = learned(fcnet, tiny, "train.optimizer.lr=1e-9", "train.epochs=20")
    assert "change train.optimizer.lr" in told


def look(net: FCNet, labels: Sequence[int] | np.ndarray, epochs: int = 10, **train: object) -> list[str]:
    """The verdict on a net and images of noise with labels."""
    generator = np.random.default_rng(0)
    images = torch.from_numpy(generator.integers(0, 255, (len(labels), SIDE, SIDE), dtype=np.uint8))
    classes = tuple("abc"[: max(labels) + 1])
    folder = ImageFolder(images, torch.from_numpy(np.asarray(labels, np.int64)), classes, Path(), [""] * len(labels))
    given = {"data": {"train": {"images": "x"}}, "model": {"hidden": [5]}, "train": {"batch_size": 5} | train}
    metrics = Metrics(1.0, 0.5, len(labels))
    return verdict.look(Config.model_validate(given).train, folder, net, EpochRecord(epochs, metrics, None, None, 1.0))


def constant(classes: int, *logits: float) -> FCNet:
    """A net whose logits are always the same."""
    net = FCNet(SIDE * SIDE, [5], classes)
    with torch.no_grad():
        net.get_parameter("fc2.weight").zero_()
        net.get_parameter("fc2.bias").copy_(torch.tensor(logits))
    return net


def test_one_class_is_answered_always() -> None:
    (told,) = look(constant(3, 0.1, 0.0, 0.0), np.arange(30) % 3)
    assert told.startswith("the net predicts 'a' for 30 of 30 training images")
    assert look(constant(3, 0.1, 0.0, 0.0), np.arange(30) % 3, epochs=1) == []  # six steps tell nothing


def test_a_class_that_nearly_all_images_have_may_be_answered_always() -> None:
    labels = [0] * 99 + [1]
    assert look(constant(2, float(np.log(99)), 0.0), labels) == []


def test_look_changes_nothing() -> None:
    net = FCNet(SIDE * SIDE, [5], CLASSES, dropout=0.5, batch_norm=True)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    look(net, np.arange(30) % 3)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_warning_leaves_the_weights_as_they_are(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert learned(fcnet, tiny, RATE)
    with_look = weights("run")
    shutil.rmtree("run")
    monkeypatch.setattr(verdict, "look", lambda *_: [])
    assert learned(fcnet, tiny, RATE) == []
    assert all(torch.equal(value, with_look[name]) for name, value in weights("run").items())


@pytest.mark.parametrize(
    "settings",
    [
        ("train.epochs=1",),
        ("train.epochs=1", "train.optimizer.lr=1e-4"),
        ("train.epochs=1", "train.optimizer={name: sgd, lr: 0.01}"),
        ("train.label_smoothing=0.3",),
        ("model.hidden=[]",),
        ("model={hidden: [8], batch_norm: true, dropout: 0.2}", "train.batch_size=10"),
        ("train.batch_size=60", "train.epochs=10"),
        ("model.activation=sigmoid",),
        ("train=null", "model={kind: elm, hidden: 20}"),
        ("model={kind: autoencoder, hidden: [8, 3]}",),
        ("model={kind: autoencoder, hidden: [8]}", "train.epochs=60", "train.optimizer.lr=0.01"),
    ],
)
def test_no_false_alarm(fcnet: Run, tiny: Path, settings: tuple[str, ...]) -> None:
    assert learned(fcnet, tiny, *settings) == []


def test_one_class_in_the_test_images_is_no_alarm(fcnet: Run, tiny: Path) -> None:
    images, labels = pictures(21, 1)
    shutil.rmtree(tiny / "test")
    write_numbered(tiny / "test", images[labels == 0], [0] * int((labels == 0).sum()))
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=10")
    assert outcome.code == 0
    assert not [line for line in warned(outcome.err) if "the net" in line]


def test_a_perceptron_cannot_learn_xor(fcnet: Run, tmp_path: Path) -> None:
    """Two pixels that are equal or not: what the course shows of single layers."""
    corners = np.array([[[0, 0]], [[0, 255]], [[255, 0]], [[255, 255]]], np.uint8)
    write_numbered(tmp_path / "tiny" / "train", np.tile(corners, (10, 1, 1)), [0, 1, 1, 0] * 10)
    values = tiny_config(tmp_path / "tiny")
    values["data"] = {"train": values["data"]["train"], "image_size": [1, 2]}
    write_config(tmp_path / "tiny" / "tiny.yaml", values)
    (told,) = learned(fcnet, tmp_path, "model.hidden=[]", "train.epochs=100", "train.optimizer.lr=0.05")
    assert "train longer, change train.optimizer.lr, or add hidden units" in told
    shutil.rmtree("run")
    assert learned(fcnet, tmp_path, "model.hidden=[20]", "train.epochs=60", "train.optimizer.lr=0.05") == []


def test_an_elm_of_images_without_a_difference(fcnet: Run, tiny: Path) -> None:
    shutil.rmtree(tiny / "train")
    write_numbered(tiny / "train", np.full((30, SIDE, SIDE), 90, np.uint8), [0, 1, 2] * 10)
    (told,) = learned(fcnet, tiny, "train=null", "model={kind: elm, hidden: 20}", "data.test=null")
    assert "no more than the share of the most frequent class (33.3 %)" in told


def test_an_autoencoder_that_gives_the_same_for_all(fcnet: Run, tiny: Path) -> None:
    slow = ("train.optimizer={name: sgd, lr: 1e-9}", "train.epochs=40")
    (told,) = learned(fcnet, tiny, "model={kind: autoencoder, hidden: [8, 3], activation: sigmoid}", *slow)
    assert "no lower than that of their mean image" in told
