"""``fcnet export --to safetensors``: other programs read the weights, and fcnet needs no config to."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch
import yaml

from fcnet import __version__
from fcnet.errors import CheckpointError
from fcnet.export import to_safetensors
from helpers.command_line import Run

WORDS = ("export", "run", "--to", "safetensors", "-o")


@pytest.fixture
def run(fcnet: Run, tiny: Path) -> Path:
    """A run with validation images, and so with weights of two epochs."""
    words = ("train", "-c", "tiny/tiny.yaml", "data.validation=0.2", "train.optimizer.lr=0.3", "seed=1", "--out", "run")
    assert fcnet(*words).code == 0
    return Path("run")


def test_the_weights_are_those_of_the_run_with_all_about_them(fcnet: Run, run: Path) -> None:
    for word, name in ((None, "best.pth"), ("best", "best.pth"), ("last", "model.pth")):
        outcome = fcnet(*WORDS, "m.safetensors", *([] if word is None else ["--weights", word]))
        assert outcome.code == 0, outcome.err
        assert f"m.safetensors: 36-8-3, the weights of run/{name}" in outcome.out
        own, found = torch.load(run / name, weights_only=True), safetensors.torch.load_file("m.safetensors")
        assert found.keys() == own.keys()
        assert all(torch.equal(found[key], own[key]) and found[key].dtype == torch.float32 for key in own)
    with safetensors.safe_open("m.safetensors", "pt") as file:
        metadata = file.metadata()
    assert (metadata["format"], metadata["fcnet"]) == ("pt", __version__)
    assert json.loads(metadata["classes"]) == ["0", "1", "2"]
    assert yaml.safe_load(metadata["config"]) == yaml.safe_load((run / "config.yaml").read_text())


def test_equal_weights_give_equal_bytes(fcnet: Run, run: Path) -> None:
    for name in ("a", "b", "c", "d"):
        assert fcnet(*WORDS, f"{name}.safetensors").code == 0
    assert len({Path(f"{name}.safetensors").read_bytes() for name in "abcd"}) == 1


def test_every_command_reads_it_without_a_config(fcnet: Run, run: Path) -> None:
    assert fcnet(*WORDS, "m.safetensors").code == 0
    (own,), (found,) = (
        (fcnet("predict", name, "tiny/test/0.png", "--json") for name in ("run",)),
        (fcnet("predict", "m.safetensors", "tiny/test/0.png", "--json"),),
    )
    assert json.loads(found.out)["predictions"][0]["probabilities"] == pytest.approx(
        json.loads(own.out)["predictions"][0]["probabilities"]
    )
    evaluated = [json.loads(fcnet("eval", name, "--json").out) for name in ("run", "m.safetensors")]
    assert evaluated[0]["loss"] == evaluated[1]["loss"]
    assert fcnet("plot", "m.safetensors", "--out", "figures").code == 0
    shutil.rmtree("run")
    shutil.rmtree("tiny/train")  # its classes are in it
    assert fcnet("predict", "m.safetensors", "tiny/test/0.png").code == 0
    assert fcnet("export", "m.safetensors", "--to", "safetensors", "-o", "again.safetensors").code == 0
    assert Path("again.safetensors").read_bytes() == Path("m.safetensors").read_bytes()


def test_codes_too(fcnet: Run, auto: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", auto(), "--out", "run").code == 0
    assert fcnet(*WORDS, "m.safetensors").code == 0
    for name in ("run", "m.safetensors"):
        assert fcnet("encode", name, "--out", f"{Path(name).stem}.npz").code == 0
    assert Path("run.npz").read_bytes() == Path("m.npz").read_bytes()


def test_a_config_given_counts_more_than_that_in_the_file(fcnet: Run, run: Path) -> None:
    assert fcnet(*WORDS, "m.safetensors").code == 0
    outcome = fcnet("eval", "m.safetensors", "-c", "tiny/tiny.yaml", "--json")
    assert outcome.code == 0
    Path("tiny/wide.yaml").write_text("extends: tiny.yaml\nmodel: {hidden: [9]}\n")
    outcome = fcnet("eval", "m.safetensors", "-c", "tiny/wide.yaml")
    assert outcome.code == 5
    assert "fc1.weight is (8, 36), in the config's model (9, 36)" in outcome.errors[0]


def test_a_bare_model_file_is_exported_with_its_config(fcnet: Run, run: Path) -> None:
    shutil.copy("run/model.pth", "bare.pth")
    outcome = fcnet("export", "bare.pth", "--to", "safetensors", "-o", "m.safetensors")
    assert outcome.code == 2
    assert "give its YAML file with --config" in outcome.errors[0]
    assert (
        fcnet("export", "bare.pth", "-c", "tiny/tiny.yaml", "--to", "safetensors", "-o", "new/m.safetensors").code == 0
    )
    assert json.loads(fcnet("eval", "new/m.safetensors", "--json").out)["accuracy"] > 0.5


REFUSED = [
    (["m.bin"], "--out m.bin: the name should end in .safetensors; write --out m.safetensors"),
    (["tiny"], "--out tiny: is a folder; give the name of a file in it, such as tiny/file.safetensors"),
    (["mine.safetensors"], "--out mine.safetensors: already exists and is not an export of fcnet"),
    (["link.safetensors"], "--out link.safetensors: is a link to mine.safetensors"),
    (["folder.safetensors"], "--out folder.safetensors: is a folder; give the name of a file in it"),
    (["m.safetensors", "--weights", "lst"], "'lst' is not one of 'best', 'last'"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED)
def test_what_is_not_written(fcnet: Run, run: Path, words: list[str], told: str) -> None:
    safetensors.torch.save_file({"w": torch.ones(3)}, "mine.safetensors")
    Path("link.safetensors").symlink_to("mine.safetensors")
    Path("folder.safetensors").mkdir()
    before = Path("mine.safetensors").read_bytes()
    outcome = fcnet(*WORDS, *words)
    assert outcome.code == 2
    assert told in outcome.errors[0]
    assert Path("mine.safetensors").read_bytes() == before
    assert not Path("m.safetensors").exists()


def test_words_that_are_missing_or_mistyped(fcnet: Run, run: Path) -> None:
    for words, told in (
        (["export", "run", "-o", "m.safetensors"], "--to: is missing; give one of web, onnx, safetensors"),
        (["export", "run", "--to", "onnxx", "-o", "m.onnx"], "onnx"),
        (
            ["export", "run", "--to", "safetensors"],
            "-o: is missing; give the file to write, such as -o model.safetensors",
        ),
        (["export", "nowhere", "--to", "safetensors", "-o", "m.safetensors"], "nowhere: there is no such run"),
    ):
        outcome = fcnet(*words)
        assert outcome.code == 2
        assert told in outcome.errors[0]


def test_what_is_read_back_otherwise_is_not_written(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = safetensors.torch.load
    monkeypatch.setattr(safetensors.torch, "load", lambda data: {name: one + 1 for name, one in load(data).items()})
    with pytest.raises(CheckpointError, match="not written: what safetensors reads back differs"):
        to_safetensors.run_export(run, Path("m.safetensors"))
    assert not Path("m.safetensors").exists()


def test_without_the_library_the_extra_is_named(fcnet: Run, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    outcome = fcnet(*WORDS, "m.safetensors")
    assert outcome.code == 2
    assert outcome.errors[0].endswith('install it with: pip install "fcnet[export]"')
