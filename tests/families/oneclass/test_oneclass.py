"""One-class nets: their formulas in NumPy, gradients by differences, every command through the command line."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor

from fcnet import schema
from fcnet.config.train import Train
from fcnet.config.yaml_lines import Layer
from fcnet.data.dataset import ImageFolder
from fcnet.errors import ConfigError
from fcnet.families.oneclass import verdict
from fcnet.families.oneclass.config import GradientPenalty, OneClassModel
from fcnet.families.oneclass.model import OneClassNet, build
from fcnet.families.oneclass.objective import OneClass, scores_and_slopes
from fcnet.rundir import tensor_files
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord
from helpers.command_line import Run
from helpers.tiny import tiny_config, write_config

SPEC = OneClassModel(kind="one_class", hidden=[7, 5])
Floats = NDArray[np.float64]


@pytest.fixture
def net() -> OneClassNet:
    """A net for images of 3x4 pixels, in float64, with weights large enough for scores and slopes of about 1."""
    torch.manual_seed(0)
    net = build(SPEC, (3, 4)).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(3)
    return net


@pytest.fixture
def config(tiny: Path) -> Callable[..., Path]:
    """Writes a config of a one-class net on the tiny data."""

    def write(**model: object) -> Path:
        values: dict[str, Any] = tiny_config(tiny)
        values["model"] = {"kind": "one_class", "hidden": [8]} | model
        values["train"] = {"epochs": 30, "batch_size": 8, "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}}
        values["data"] |= {"normal_classes": ["1"]}
        return write_config(tiny / "one.yaml", values)

    return write


def by_hand(net: OneClassNet, z: Floats) -> Floats:
    """The scores (B,) of normalised images (B, D)."""
    *inner, last = (parameter.detach().numpy() for parameter in net.parameters())
    for weight in inner:
        z = z @ weight.T
        z = np.where(z > 0, z, 0.01 * z)
    return np.asarray((z @ last.T)[:, 0])


def normalised(x: Tensor) -> Floats:
    pixels = x.numpy()
    unit = pixels / np.sqrt((pixels**2).sum(1, keepdims=True))
    return np.asarray(unit - unit.mean(1, keepdims=True))


def test_scores_are_those_of_images_of_norm_one_without_their_mean(net: OneClassNet, x: Tensor) -> None:
    np.testing.assert_allclose(net(x).detach().numpy(), by_hand(net, normalised(x)), rtol=1e-12)
    torch.testing.assert_close(net(0.3 * x), net(x))
    assert [name for name, _ in net.named_parameters()] == [f"layers.fc{n}.weight" for n in (1, 2, 3)]


def test_a_black_image_scores_0(net: OneClassNet) -> None:
    assert net(torch.zeros(2, 12, dtype=torch.float64)).tolist() == [0.0, 0.0]


def test_slopes_are_differences_of_scores(net: OneClassNet, x: Tensor) -> None:
    z, step = normalised(x), 1e-6
    squares = np.zeros(len(z))
    for pixel in range(z.shape[1]):
        change = step * np.eye(z.shape[1])[pixel]
        squares += ((by_hand(net, z + change) - by_hand(net, z - change)) / (2 * step)) ** 2
    scores, found = scores_and_slopes(net, x)
    np.testing.assert_allclose(found.detach().numpy(), squares, rtol=1e-6)
    np.testing.assert_allclose(scores.detach().numpy(), by_hand(net, z), rtol=1e-12)


@pytest.mark.parametrize(("weight", "power"), [(0.1, 12.0), (0.7, 3.0), (0.0, 2.0)])
def test_the_loss_and_its_gradient(net: OneClassNet, x: Tensor, weight: float, power: float) -> None:
    """-log sigmoid(f) + weight * |grad f|^power; its gradient in some weights, by differences."""
    objective = OneClass(GradientPenalty(weight=weight, power=power))

    def loss() -> float:
        return float(objective.of_batch(net, x, x).loss.detach())

    output = objective.of_batch(net, x, x)
    scores, squares = scores_and_slopes(net, x)
    nll = -np.log(1 / (1 + np.exp(-scores.detach().numpy()))).mean()
    penalty = weight * (squares.detach().numpy() ** (power / 2)).mean()
    assert output.terms is not None
    np.testing.assert_allclose(output.terms.numpy(), [nll, penalty], rtol=1e-12)
    assert loss() == pytest.approx(nll + penalty)
    output.loss.backward()  # type: ignore[no-untyped-call]
    for parameter, place in product(net.parameters(), [(0, 0), (0, 3)]):
        assert parameter.grad is not None
        found = []
        for step in (1e-6, -2e-6):
            with torch.no_grad():
                parameter[place] += step
            found.append(loss())
        with torch.no_grad():
            parameter[place] += 1e-6
        assert float(parameter.grad[place]) == pytest.approx((found[0] - found[1]) / 2e-6, rel=1e-4, abs=1e-8)


def test_sums_are_in_single_precision_beside_bfloat16(net: OneClassNet, x: Tensor) -> None:
    single = net.float()
    with torch.autocast("cpu", torch.bfloat16):
        output = OneClass(SPEC.penalty).of_batch(single, x.float(), x)
    assert output.loss.dtype == torch.float32
    output.loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in single.parameters())


def test_every_command(fcnet: Run, tiny: Path, config: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", config(), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "training 36-8-1 (" in outcome.out
    found = json.loads(fcnet("eval", "run", "--json").out)
    assert found["outliers"]["auroc"] > 0.9
    assert "AUROC" in fcnet("eval", "run").out
    assert "outliers.auroc," in fcnet("eval", "run", "--csv").out
    assert fcnet("plot", "run").out.split() == [f"run/plots/{name}.png" for name in ("loss", "weights", "scores")]
    predicted = json.loads(fcnet("predict", "run", tiny / "test", "--json").out)["predictions"]
    labels = Path(tiny / "test.txt").read_text().split()
    outside = [label != "1" for label in labels]
    scores = {Path(one["file"]).name: one["score"] for one in predicted}
    ordered = [scores[name] for name in sorted(scores, key=lambda name: int(Path(name).stem))]
    assert roc_auc_score(outside, [-score for score in ordered]) == pytest.approx(found["outliers"]["auroc"])
    assert fcnet("predict", "run", tiny / "test").out.startswith("file ")
    assert fcnet("encode", "run").code == 2


@pytest.mark.parametrize("normal", ["1", "9"])
def test_the_penalty_tells_more_outliers(fcnet: Run, tmp_path: Path, normal: str) -> None:
    """scikit-learn's digits: without the penalty, the score follows fewer pixels."""
    values = {
        "data": {"source": "digits", "root": "digits", "image_size": [8, 8], "normal_classes": [normal]},
        "model": {"kind": "one_class", "init": {"name": "uniform", "bound": 0.0224}},
        "train": {"epochs": 60, "batch_size": 20, "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}},
    }
    file, found = write_config(tmp_path / "digits.yaml", values), []
    for weight in (0, 0.1):
        outcome = fcnet(
            "train", "-c", file, f"model.penalty.weight={weight}", "train.schedule=cosine", "--out", f"{weight}"
        )
        assert outcome.code == 0, outcome.err
        found.append(json.loads(fcnet("eval", str(weight), "--json").out)["outliers"]["auroc"])
    assert found[0] + 0.03 < found[1]
    assert found[1] > 0.95


def test_interrupted_is_uninterrupted(fcnet: Run, config: Callable[..., Path]) -> None:
    words = ("-c", config(), "train.save_every=0")
    assert fcnet("train", *words, "--out", "whole").code == 0
    assert fcnet("train", *words, "train.epochs=3", "--out", "parts").code == 0
    outcome = fcnet("train", *words, "--out", "parts", "--resume")
    assert outcome.code == 0, outcome.err
    whole, parts = (tensor_files.load(Path(run) / "model.pth") for run in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_net_that_scores_normal_images_low_is_warned_of(sign: int) -> None:
    torch.manual_seed(0)
    net = build(OneClassModel(kind="one_class", hidden=[4]), (3, 4))
    pixels = torch.randint(1, 255, (50, 1, 3, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = ImageFolder(pixels, torch.zeros(50, dtype=torch.int64), ("0",), Path(), [str(n) for n in range(50)])
    x = pixels.flatten(1).float() / 255
    with torch.no_grad():
        first, last = net.parameters()
        first.copy_(net.normalised(x).mean(0).expand_as(first))
        last.fill_(sign)
    for epoch, warned in ((199, False), (200, sign < 0)):
        last_epoch = EpochRecord(epoch, Metrics(0.7, None, 50), None, None, 1.0)
        found = verdict.look(Train(batch_size=50), split, net, last_epoch)
        assert bool(found) == warned
        assert not found or "is not above 0" in found[0]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"model": {"activation": ["relu", "tanh"]}}, "lists 2 activations, but there are 1 hidden layers"),
        ({"model": {"penalty": {"power": 0.5}}}, "power"),
        ({"train": {"label_smoothing": 0.1}}, "a one_class net does not use labels"),
        ({"train": {"stages": [1]}}, "train.stages: is for autoencoders"),
        ({"model": {"init": {"name": "run", "run": "x"}}}, "init"),
    ],
)
def test_mistakes(values: dict[str, Any], told: str) -> None:
    model = {"kind": "one_class"} | values.pop("model", {})
    with pytest.raises(ConfigError, match=told):
        schema.check([Layer("test", {"data": {"train": {"images": "x"}}, "model": model} | values)])
