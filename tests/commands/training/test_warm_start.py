"""Classifiers that begin with an encoder."""

from collections.abc import Callable
from pathlib import Path

import torch

from helpers.command_line import Run
from helpers.nets import weights
from helpers.tiny import tiny_config, write_config


def test_a_classifier_begins_with_an_encoder(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(code_activation="sigmoid"), "--out", "run").code == 0
    values = tiny_config(tiny)
    init = {"name": "encoder", "run": "run", "frozen": True}
    values["model"] = {"hidden": [8, 3], "activation": "sigmoid", "init": init}
    outcome = fcnet("train", "-c", write_config(tiny / "probe.yaml", values), "--out", "probe")
    assert outcome.code == 0, outcome.err
    encoder, probe = weights("run"), weights("probe")
    for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"):
        assert torch.equal(encoder[f"encoder.{name}"], probe[name])
    half = write_config(tiny / "half.yaml", values | {"train": values["train"] | {"epochs": 1}})
    assert fcnet("train", "-c", half, "--out", "half").code == 0
    Path("run").rename("moved")  # a run that goes on has no need of it
    outcome = fcnet("train", "-c", half, "--resume", "half", "train.epochs=2")
    assert outcome.code == 0, outcome.err
    for name in ("fc1.weight", "fc2.bias"):
        assert torch.equal(encoder[f"encoder.{name}"], weights("half")[name])
    outcome = fcnet("train", "-c", half, "--out", "late")
    assert outcome.code == 2
    assert "there is no such run directory" in outcome.errors[0]
    Path("moved").rename("run")
    values["model"]["hidden"] = [8, 4]
    outcome = fcnet("train", "-c", write_config(tiny / "other.yaml", values), "--out", "other")
    assert outcome.code == 2
    assert "its encoder has layers [8, 3]" in outcome.errors[0]
    assert not Path("other").exists()


def test_learned_slopes_are_taken_with_an_encoder(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(activation="prelu", code_activation="prelu"), "--out", "run").code == 0
    values = tiny_config(tiny)
    init = {"name": "encoder", "run": "run", "frozen": True}
    values["model"] = {"hidden": [8, 3], "activation": "prelu", "init": init}
    outcome = fcnet("train", "-c", write_config(tiny / "probe.yaml", values), "--out", "probe")
    assert outcome.code == 0, outcome.err
    encoder, probe = weights("run"), weights("probe")
    assert torch.equal(encoder["encoder.act1.weight"], probe["act1.weight"])
    assert torch.equal(encoder["code.weight"], probe["act2.weight"])
    assert not torch.equal(probe["act1.weight"], torch.full_like(probe["act1.weight"], 0.25))


def test_a_training_goes_on_from_another_run(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    """All weights are taken as they are."""
    assert fcnet("train", "-c", auto(variational={}, loss="cross_entropy"), "--out", "run").code == 0
    init = {"name": "run", "run": "run"}
    still = {"epochs": 1, "optimizer": {"name": "sgd", "lr": 1e-30}}
    outcome = fcnet(
        "train", "-c", auto(variational={"samples": 3}, loss="cross_entropy", init=init, train=still), "--out", "next"
    )
    assert outcome.code == 0, outcome.err
    first, following = weights("run"), weights("next")
    assert first.keys() == following.keys()
    assert all(torch.equal(first[name], following[name]) for name in first)
    for values, told in (
        ({"variational": None}, "one of the two is variational"),
        ({"hidden": [9, 3]}, "its model.hidden differs"),
        ({"activation": "tanh"}, "its model.activation differs"),
    ):
        asked = {"variational": {}, "loss": "cross_entropy", "init": init} | values
        outcome = fcnet("train", "-c", auto(**asked), "--out", "other")
        assert outcome.code == 2
        assert told in outcome.errors[0]
        assert not Path("other").exists()
    outcome = fcnet("train", "-c", tiny / "tiny.yaml", f"model.init={init}".replace("'", ""), "--out", "other")
    assert outcome.code == 2
    assert "is not of kind fcnet; name the run of one" in outcome.errors[0]


def test_a_classifier_goes_on_from_another_run(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", tiny / "tiny.yaml", "--out", "run").code == 0
    words = ("model.init={name: run, run: run}", "train.optimizer={name: sgd, lr: 1e-30}", "train.epochs=1")
    outcome = fcnet("train", "-c", tiny / "tiny.yaml", *words, "--out", "next")
    assert outcome.code == 0, outcome.err
    assert all(torch.equal(tensor, weights("next")[name]) for name, tensor in weights("run").items())
    classes = ["0", "1", "2"]
    values = tiny_config(tiny)
    values["data"]["classes"] = classes[::-1]
    turned = write_config(tiny / "turned.yaml", values)
    for words_of, told in (
        ((tiny / "tiny.yaml", "data.image_size=[4, 4]"), "its images have"),
        ((tiny / "tiny.yaml", "data.deskew=true"), "its data.deskew is false"),
        ((turned,), "its classes are [0, 1, 2], these [2, 1, 0]"),
    ):
        outcome = fcnet("train", "-c", words_of[0], words[0], *words_of[1:], "--out", "other")
        assert outcome.code == 2
        assert told in outcome.errors[0]
        assert not Path("other").exists()
    half = fcnet("train", "-c", tiny / "tiny.yaml", words[0], "train.epochs=1", "--out", "half")
    assert half.code == 0
    Path("run").rename("moved")  # a run that goes on has no need of it
    outcome = fcnet("train", "-c", tiny / "tiny.yaml", words[0], "--resume", "half", "train.epochs=2")
    assert outcome.code == 0, outcome.err
