"""Autoencoders of images without labels, of one class, and of MVTec's layout."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from helpers.command_line import Run
from helpers.tiny import SIDE, pictures, write_config

PIXELS, LABELS = pictures(30, 0)


@pytest.fixture
def mvtec(tmp_path: Path) -> Path:
    """train/good, test/good, test/scratch, and the training images in a flat folder."""
    for i in range(16):
        for place in ("train/good", "flat"):
            put(tmp_path / place / f"{i}.png", i)
    for i in range(16, 22):
        put(tmp_path / "test" / ("good" if i % 2 else "scratch") / f"{i}.png", i)
    return tmp_path


def put(path: Path, i: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PIXELS[i]).save(path)


def config(model: dict[str, Any] | None = None, **data: Any) -> Path:
    values = {
        "data": {"image_size": [SIDE, SIDE], **data},
        "model": {"kind": "autoencoder", "hidden": [4]} if model is None else model,
        "train": {"epochs": 2, "batch_size": 8},
        "device": "cpu",
    }
    return write_config(Path("c.yaml"), values)


DATA: dict[str, dict[str, Any]] = {
    "flat": {"train": {"images": "flat"}},
    "flat, held out": {"train": {"images": "flat"}, "validation": 0.25},
    "one class": {"train": {"images": "train"}},
    "mvtec": {"train": {"images": "train"}, "test": {"images": "test"}},
    "mvtec, held out": {"train": {"images": "train"}, "test": {"images": "test"}, "validation": 4},
    "mvtec, named": {"train": {"images": "train"}, "test": {"images": "test"}, "normal_classes": ["good"]},
    "one class, named": {"train": {"images": "train"}, "normal_classes": ["good"]},
    "flat, tested": {"train": {"images": "flat"}, "test": {"images": "test"}, "normal_classes": ["good"]},
}


@pytest.mark.parametrize("name", DATA)
def test_an_autoencoder_needs_no_labels(fcnet: Run, mvtec: Path, name: str) -> None:
    file = config(**DATA[name])
    outcome = fcnet("train", "-c", file, "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "warning" not in outcome.err
    assert "classifier" not in outcome.out + outcome.err
    has_test = "test" in DATA[name]
    finds = has_test  # MVTec's layout says which are outliers
    assert ("normal classes: good, those of the training images" in outcome.out) == (
        has_test and "named" not in name and "flat" not in name
    )
    commands: tuple[tuple[str, ...], ...] = (
        ("plot", "run"),
        ("encode", "run", *([] if has_test else ["--split", "train"])),
        ("predict", "run", "flat"),
    )
    for words in commands:
        outcome = fcnet(*words)
        assert outcome.code == 0, (words, outcome.err)
    if has_test or "named" not in name:
        outcome = fcnet("eval", "run", "--json", *([] if has_test else ["--split", "train"]))
        assert outcome.code == 0, outcome.err
        assert ("outliers" in json.loads(outcome.out)) == finds
    assert Path("run/plots/errors.png").exists() == finds
    with np.load("codes.npz") as codes:
        assert ("labels" in codes) == (has_test or "flat" not in name)
    # The run's own config is the run again; more epochs go on with it.
    assert fcnet("train", "-c", "run/config.yaml", "--out", "again").code == 0
    assert Path("again/model.pth").read_bytes() == Path("run/model.pth").read_bytes()
    for path, out in ((file, "run"), ("again/config.yaml", "again")):
        outcome = fcnet("train", "-c", path, "--out", out, "--resume", "train.epochs=3")
        assert outcome.code == 0, outcome.err
        assert "resuming" in outcome.out


def test_classes_that_only_tests_have_are_those_of_the_run(fcnet: Run, mvtec: Path) -> None:
    assert fcnet("train", "-c", config(**DATA["mvtec"]), "--out", "run").code == 0
    data = yaml.safe_load(Path("run/config.yaml").read_text())["data"]
    assert (data["classes"], data["normal_classes"]) == (["good", "scratch"], ["good"])
    put(mvtec / "more/good/1.png", 3)
    put(mvtec / "more/dent/1.png", 2)
    found = json.loads(fcnet("eval", "run", "--images", "more", "--json").out)
    assert found["outliers"]["outliers"] == 1
    outcome = fcnet("eval", "run", "--images", "flat")
    assert outcome.code == 3
    assert "are normal" in outcome.errors[0]


def test_a_classifier_still_needs_labels_and_two_classes(fcnet: Run, mvtec: Path) -> None:
    for images, error in (
        ("flat", "flat: has no class folders; give `labels`"),
        ("train", "has only one class"),
    ):
        outcome = fcnet("train", "-c", config({"hidden": [4]}, train={"images": images}), "--out", "run")
        assert outcome.code == 3
        assert error in outcome.errors[0]
        assert not Path("run").exists()
    outcome = fcnet("train", "-c", config({"hidden": [4]}, train={"images": "train"}, classes=["good"]), "--out", "run")
    assert outcome.code == 2
    assert "data.classes: lists one class, 'good'; a classifier needs at least two" in outcome.errors[0]


def test_a_classifier_begins_with_an_encoder_of_images_without_labels(fcnet: Run, mvtec: Path) -> None:
    assert fcnet("train", "-c", config(**DATA["flat"]), "--out", "run").code == 0
    model = {"hidden": [4], "activation": ["identity"], "init": {"name": "encoder", "run": "run"}}
    outcome = fcnet("train", "-c", config(model, train={"images": "test"}), "--out", "net")
    assert outcome.code == 0, outcome.err
