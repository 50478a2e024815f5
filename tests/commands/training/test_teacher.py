"""Trainings with a teacher, an average of weights, or other units, by the command line."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from helpers.command_line import Run
from helpers.nets import weights
from helpers.runs import same
from helpers.tiny import tiny_config, write_config


@pytest.fixture
def taught(fcnet: Run, tiny: Path) -> Path:
    """A config whose teacher are two trained runs, ``a`` and ``b``."""
    for number, name in enumerate("ab"):
        assert fcnet("train", "-c", "tiny/tiny.yaml", f"seed={number}", "--out", name).code == 0
    values = tiny_config(tiny)
    values["train"] |= {"teacher": {"runs": ["a", "b"], "temperature": 2, "weight": 1}, "save_every": 0}
    return write_config(tiny / "taught.yaml", values)


def test_a_net_learns_from_the_mean_of_two(fcnet: Run, taught: Path) -> None:
    """Its training loss is T^2 KL of the softened probabilities, which is small at the end and is in no test loss."""
    outcome = fcnet("train", "-v", "-c", taught, "--out", "c", "train.epochs=30")
    assert outcome.code == 0, outcome.err
    assert "with a teacher" in outcome.out
    last = json.loads(Path("c/result.json").read_text())
    assert last["train"]["loss"] < 0.02
    assert last["test"]["loss"] > last["train"]["loss"]
    again = json.loads(fcnet("eval", "c", "--json").out)
    assert again["loss"] == pytest.approx(last["test"]["loss"], rel=1e-6)
    found = {name: logits(weights(name)) for name in "abc"}
    mean = torch.stack([found[name].softmax(1) for name in "ab"]).mean(0)
    assert float((found["c"].softmax(1) - mean).abs().mean()) < 0.05


def logits(state: dict[str, torch.Tensor]) -> torch.Tensor:
    x = torch.rand(50, 36, generator=torch.Generator().manual_seed(0)) / 4
    hidden = functional.linear(x, state["fc1.weight"], state["fc1.bias"]).relu()
    return functional.linear(hidden, state["fc2.weight"], state["fc2.bias"])


def test_a_killed_training_with_a_teacher_resumes_to_equal_bits(
    fcnet: Run, taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers.runs import plan_signals

    assert fcnet("train", "-c", taught, "--out", "whole").code == 0
    with monkeypatch.context() as patched:
        plan_signals(patched, 7, 15)
        assert fcnet("train", "-c", taught, "--out", "stopped").code == 75
    Path("b").rename("kept")
    assert fcnet("train", "-c", "tiny/tiny.yaml", "seed=7", "--out", "b").code == 0
    outcome = fcnet("train", "-c", taught, "--resume", "stopped")
    assert outcome.code == 3
    assert "train.teacher: the weights of its runs changed since the checkpoint" in outcome.err
    shutil.rmtree("b")
    Path("kept").rename("b")
    assert fcnet("train", "-c", taught, "--resume", "stopped").code == 0
    assert same("whole", "stopped")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"runs": ["nowhere"]}, "nowhere"),
        ({"runs": []}, "train.teacher.runs"),
        ({"runs": ["a"], "temperature": 0}, "train.teacher.temperature"),
        ({"runs": ["a"], "weight": 1.5}, "train.teacher.weight"),
        ({"runs": ["auto"]}, "does not classify"),
        ({"runs": ["two"]}, "its classes are [0, 1]"),
        ({"runs": ["deskewed"]}, "its data.deskew is true"),
    ],
)
def test_bad_teachers_leave_nothing_behind(
    fcnet: Run, taught: Path, tiny: Path, changes: dict[str, Any], error: str
) -> None:
    values = tiny_config(tiny)
    auto = values | {"model": {"kind": "autoencoder", "hidden": [4]}}
    assert fcnet("train", "-c", write_config(tiny / "auto.yaml", auto), "--out", "auto").code == 0
    two = [line for line in (tiny / "train.txt").read_text().split() if line]
    (tiny / "two.txt").write_text("".join(f"{int(line) % 2}\n" for line in two))
    values["data"]["train"]["labels"] = str(tiny / "two.txt")
    del values["data"]["test"]
    assert fcnet("train", "-c", write_config(tiny / "two.yaml", values), "--out", "two").code == 0
    assert fcnet("train", "-c", "tiny/tiny.yaml", "data.deskew=true", "--out", "deskewed").code == 0
    values = tiny_config(tiny)
    values["train"]["teacher"] = changes
    outcome = fcnet("train", "-c", write_config(taught, values), "--out", "c")
    assert outcome.code == 2
    assert error in outcome.err
    assert not Path("c").exists()


def test_mixup_and_a_teacher_do_not_go_together(fcnet: Run, taught: Path) -> None:
    outcome = fcnet("train", "-c", taught, "data.augment.mixup=0.2")
    assert outcome.code == 2
    assert "data.augment.mixup" in outcome.err


@pytest.mark.parametrize("key", ["train.confidence_penalty=0.1", "train.teacher.runs=[a]", "data.augment.mixup=0.2"])
def test_autoencoders_refuse_what_needs_classes(fcnet: Run, tiny: Path, key: str) -> None:
    values = tiny_config(tiny) | {"model": {"kind": "autoencoder", "hidden": [4]}}
    outcome = fcnet("train", "-c", write_config(tiny / "auto.yaml", values), key)
    assert outcome.code == 2
    assert key.split("=")[0].removesuffix(".runs") in outcome.err


def test_the_last_weights_are_kept_beside_their_average(fcnet: Run, tiny: Path) -> None:
    config = ("train", "-c", "tiny/tiny.yaml", "train.average.decay=0.9")
    assert fcnet(*config, "--out", "averaged").code == 0
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "plain").code == 0
    last = torch.load("averaged/unaveraged.pth", weights_only=True)
    assert all(torch.equal(last[name], tensor) for name, tensor in weights("plain").items())
    assert not torch.equal(weights("averaged")["fc1.weight"], last["fc1.weight"])
    assert not Path("plain/unaveraged.pth").exists()
    found = fcnet("eval", "averaged/unaveraged.pth", "--json")
    assert found.code == 0, found.err
    assert json.loads(found.out)["loss"] == pytest.approx(json.loads(fcnet("eval", "plain", "--json").out)["loss"])
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "--out", "averaged", "--overwrite")
    assert outcome.code == 0, outcome.err
    assert not Path("averaged/unaveraged.pth").exists(), "it belongs to the run that is replaced"


def test_maxout_units_are_the_largest_of_their_pieces(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    values["model"] = {"hidden": [4], "activation": {"name": "maxout", "pieces": 3}, "input_noise": 0.1}
    outcome = fcnet("train", "-c", write_config(tiny / "maxout.yaml", values), "--out", "m", "train.max_norm=2")
    assert outcome.code == 0, outcome.err
    assert "36-4-3" in outcome.out
    state = weights("m")
    assert state["fc1.weight"].shape == (12, 36)
    assert state["fc2.weight"].shape == (3, 4)
    assert float(state["fc1.weight"].norm(dim=1).max()) <= 2.0001
    assert json.loads(fcnet("eval", "m", "--json").out)["accuracy"] > 0.8
    from fcnet.families.common.layers import LargestOf

    x = torch.randn(5, 12)
    expected = torch.stack([x[:, 3 * unit : 3 * unit + 3].max(1).values for unit in range(4)], 1)
    assert torch.equal(LargestOf(3)(x), expected)


@pytest.mark.parametrize(
    "words",
    [
        ("model={kind: autoencoder, hidden: [4]}", "model.activation=maxout"),
        ("model={kind: autoencoder, hidden: [4]}", "model.code_activation=maxout"),
        ("model={kind: elm, hidden: 20}", "train=null", "model.activation=maxout"),
    ],
)
def test_maxout_is_refused_where_a_layer_has_as_many_outputs_as_inputs(
    fcnet: Run, tiny: Path, words: tuple[str, ...]
) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", *words)
    assert outcome.code == 2
    assert f"{words[-1].split('=')[0]}: is 'maxout'; should be one of: " in outcome.err
