"""Ladder networks through the command line: every command, resumed runs, and few labels."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from fcnet import schema
from fcnet.commands.read import read_splits
from fcnet.commands.training.shelf import Images, Shelf
from fcnet.rundir import tensor_files
from fcnet.schema import Config
from fcnet.training.loop import GradientTraining
from helpers.command_line import Run
from helpers.runs import plan_signals
from helpers.tiny import tiny_config, write_config


@pytest.fixture
def config(tiny: Path) -> Path:
    """A config of a ladder network on the tiny data, with 9 of 60 labels."""
    values = tiny_config(tiny)
    values["data"]["labelled"] = 9
    values["model"] = {"kind": "ladder", "hidden": [12, 8], "denoising": [10, 1, 0.1, 0.1]}
    values["train"] |= {"epochs": 8, "schedule": {"name": "linear", "hold": 0.67}, "label_smoothing": 0.1}
    return write_config(tiny / "ladder.yaml", values)


def weights(run: str) -> dict[str, torch.Tensor]:
    return tensor_files.load(Path(run) / "model.pth")


def equal(run: str, other: str) -> bool:
    found, others = weights(run), weights(other)
    return found.keys() == others.keys() and all(torch.equal(found[name], others[name]) for name in found)


def epochs(run: str) -> list[dict]:
    lines = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]
    return [{key: line[key] for key in ("train", "validation", "test")} for line in lines if line["kind"] == "epoch"]


def test_every_command(fcnet: Run, tiny: Path, config: Path) -> None:
    outcome = fcnet("train", "-c", config, "--out", "run", "data.validation=15")
    assert outcome.code == 0, outcome.err
    assert ", the labels of 9 of 45 are used" in outcome.out
    assert "training 36-12-8-3 (" in outcome.out
    last = epochs("run")[-1]
    assert last["train"]["n"] == 45
    assert set(last["train"]["terms"]) == {"cross_entropy", "denoising"}
    assert last["train"]["loss"] == pytest.approx(sum(last["train"]["terms"].values()), rel=1e-5)
    assert last["validation"]["n"] == 15
    for words in ((), ("--weights", "best"), ("--split", "validation")):
        found = json.loads(fcnet("eval", "run", "--json", *words).out)
        assert found["accuracy"] > 0.9
    names = ("loss", "accuracy", "weights", "confusion", "mistakes", "reliability")
    assert fcnet("plot", "run").out.split() == [
        *(f"run/plots/{name}.png" for name in names),
        "run/plots/mistakes.csv",
    ]
    predicted = json.loads(fcnet("predict", "run", tiny / "test" / "1.png", "--json").out)["predictions"]
    assert predicted[0]["predicted"] == "1"
    assert fcnet("encode", "run").code == 2


@pytest.mark.parametrize("words", [(), ("data.labelled=null",), ("model.denoising=5", "train.precision=bf16")])
def test_resumed_is_uninterrupted(
    fcnet: Run, config: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle of an epoch: the noise, and the labelled images of each step, are the same."""
    train = ("train", "-c", config, *words)
    assert fcnet(*train, "--out", "whole").code == 0
    plan_signals(monkeypatch, 13, signal.SIGTERM)
    assert fcnet(*train, "--out", "parts").code == 75
    assert fcnet(*train, "--out", "parts", "--resume").code == 0
    assert equal("whole", "parts")
    assert epochs("whole") == epochs("parts")


def test_labels_that_are_not_used_change_nothing(fcnet: Run, tiny: Path, config: Path) -> None:
    """With all other labels exchanged, the weights and the metrics of training have the same bits."""
    seen: list[list[int]] = []
    build = GradientTraining.__init__

    def noted(self: GradientTraining, model: object, splits: object, *rest: object, **more: object) -> None:
        seen.append(splits.train.labelled.tolist())  # type: ignore[attr-defined]
        build(self, model, splits, *rest, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(GradientTraining, "__init__", noted)
        assert fcnet("train", "-c", config, "--out", "true").code == 0
    labels = (tiny / "train.txt").read_text().split()
    (chosen,) = seen
    assert sorted(labels[i] for i in chosen) == ["0"] * 3 + ["1"] * 3 + ["2"] * 3
    others = [i for i in range(60) if i not in chosen]
    changed = dict(zip(others, [labels[i] for i in reversed(others)], strict=True))
    (tiny / "train.txt").write_text("".join(f"{changed.get(i, label)}\n" for i, label in enumerate(labels)))
    with pytest.MonkeyPatch.context() as patched:  # the choice may look at labels, but must be the same
        patched.setattr("fcnet.data.splits.labelled_images", lambda *_: np.array(chosen))
        assert fcnet("train", "-c", config, "--out", "changed").code == 0
    assert equal("true", "changed")
    assert [one["train"] for one in epochs("true")] == [one["train"] for one in epochs("changed")]


def test_a_net_without_use_for_the_others_leaves_them_out(fcnet: Run, tiny: Path) -> None:
    """Another seed chooses other images, also in a process that has just read the same files."""
    values = tiny_config(tiny)
    values["data"]["labelled"] = 9
    config, found = write_config(tiny / "plain.yaml", values), {}
    for seed in ("0", "1"):
        outcome = fcnet("train", "-c", config, f"seed={seed}", "--out", seed)
        assert outcome.code == 0, outcome.err
        assert "train: 9 images 6x6, 3 classes of 3 images" in outcome.out
        assert "(9 of 60, equally many of each class as far as there are, chosen by the seed)" in outcome.out
        assert epochs(seed)[-1]["train"]["n"] == 9
        found[seed] = read_splits(schema.load(Path(seed) / "config.yaml")).train
    assert found["0"].names != found["1"].names
    assert len({*found["0"].names}) == 9


def test_images_that_are_kept_are_those_of_the_seed(tiny: Path) -> None:
    values = tiny_config(tiny)
    config = Config(**values | {"data": values["data"] | {"labelled": 9}})
    shelf, cpu = Shelf(), torch.device("cpu")
    shelf.keep(config, cpu, Images(read_splits(config), None, ()))
    assert shelf.find(config, cpu) is not None
    assert shelf.find(config.model_copy(update={"seed": 1}), cpu) is None


REFUSED = {
    "data.labelled=2": "data.labelled: is 2, less than one image of each of the 3 classes; give at least 3",
    "data.labelled=61": "data.labelled: is 61, but there are 60 training images; give at most that",
    "data.augment={rotation: 5}": "data.augment: a ladder with data.labelled takes its labelled images as they are",
    "model.noise=[0.1, 0.2, 0.3]": "`noise` lists 3 numbers, but there are 4 layers with input and outputs",
    "model.denoising=much": "should be a number, or a list with one per layer, input first",
    "train.batch_size=59": "train.batch_size: is 59; of 60 training images the last batch is one image",
}


@pytest.mark.parametrize("word", REFUSED)
def test_what_does_not_fit_is_refused(fcnet: Run, config: Path, word: str) -> None:
    outcome = fcnet("train", "-c", config, word, "--out", "run")
    assert outcome.code == 2
    assert REFUSED[word] in outcome.errors[0]
    assert not Path("run").exists()


def test_an_autoencoder_has_no_use_for_labels(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    values["data"]["labelled"] = 9
    values["model"]["kind"] = "autoencoder"
    outcome = fcnet("train", "-c", write_config(tiny / "auto.yaml", values))
    assert outcome.code == 2
    assert outcome.errors[0].endswith("data.labelled: an autoencoder does not use labels; remove it")
