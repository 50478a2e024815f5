"""What autoencoders are asked for: eval, plot, predict, encode, outliers."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet.families.autoencoder import evaluate
from helpers.command_line import ROOT, Run

SCRIPTS = ROOT / "scripts"


def test_eval_plot_predict_and_encode(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    file = auto(corruption="masking", data={"normal_classes": ["0"]})
    assert fcnet("train", "-c", file, "--out", "run").code == 0
    outcome = fcnet("eval", "run")
    assert outcome.code == 0, outcome.err
    assert "AUROC" in outcome.out
    assert " dB before, " in outcome.out
    outcome = fcnet("plot", "run")
    assert outcome.code == 0, outcome.err
    assert {path.stem for path in Path("run/plots").glob("*.png")} == {
        "loss", "weights", "reconstructions", "codes", "errors",
    }  # fmt: skip
    image = next((tiny / "test").glob("*.png"))
    assert fcnet("predict", "run", str(image), "--out", "back").code == 0
    assert Path("back", f"{image.stem}.png").is_file()
    assert fcnet("encode", "run", "--out", "codes.npz").code == 0
    with np.load("codes.npz") as found:
        assert found["codes"].shape == (len(found["labels"]), 3)
        assert len(found["files"]) == len(found["labels"])


def test_unknown_normal_classes(fcnet: Run, auto: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", auto(data={"normal_classes": ["x"]}), "--out", "run")
    assert outcome.code == 2
    assert "no such class" in outcome.errors[0]
    assert not Path("run").exists()


def test_missing_classes_are_no_surprise_where_they_were_left_out(fcnet: Run, auto: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", auto(data={"normal_classes": ["0"]}), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "no image of class" not in outcome.err


def test_outliers_need_both_sides(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(data={"normal_classes": ["0"]}), "--out", "run").code == 0
    outcome = fcnet("eval", "run", "--split", "train")
    assert outcome.code == 3
    assert "are normal" in outcome.errors[0]


def script(name: str, *words: object) -> str:
    """What a program of ``scripts/`` prints."""
    command = [sys.executable, str(SCRIPTS / name), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_linear_autoencoders_come_near_pca(fcnet: Run, auto: Callable[..., Path]) -> None:
    """The best that a linear autoencoder can do is PCA (Baldi and Hornik 1989); the two measure alike."""
    train = {"epochs": 400, "optimizer": {"name": "adam", "lr": 1e-2}, "schedule": "cosine"}
    file = auto(hidden=[4], output="identity", train=train)
    told = re.search(r"squared error ([\d.]+) per image", script("pca.py", file, "--components", 4))
    assert told is not None
    assert fcnet("train", "-c", file, "--out", "run").code == 0
    result = json.loads(fcnet("eval", "run", "--json").out)
    assert result["squared_error"] == pytest.approx(float(told.group(1)), rel=0.03)


def test_a_mean_squared_error_in_decibels() -> None:
    assert evaluate.psnr(0.01) == pytest.approx(20)
    assert evaluate.psnr(0.0) == math.inf


def test_noise_is_the_same_at_each_evaluation(fcnet: Run, auto: Callable[..., Path]) -> None:
    model = {"corruption": "gaussian", "variational": {}, "loss": "cross_entropy", "binarise": True}
    assert fcnet("train", "-c", auto(**model), "--out", "run").code == 0
    first, second = (fcnet("eval", "run", "--json").out for _ in range(2))
    assert first == second
    assert json.loads(first)["likelihood"]["elbo"] < json.loads(first)["likelihood"]["importance_weighted_bound"]


def test_grey_pixels_have_no_likelihood_by_cross_entropy(fcnet: Run, auto: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", auto(variational={}, loss="cross_entropy"), "--out", "grey").code == 0
    assert "likelihood" not in json.loads(fcnet("eval", "grey", "--json").out)
    assert fcnet("train", "-c", auto(variational={}), "--out", "squared").code == 0
    assert "likelihood" in json.loads(fcnet("eval", "squared", "--json").out)


def test_predict_writes_over_no_image_that_it_was_given(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(), "--out", "run").code == 0
    folder = tiny / "test"
    before = {path: path.read_bytes() for path in folder.glob("*.png")}
    Path("link").symlink_to(folder)
    for out in (folder, Path("link")):
        outcome = fcnet("predict", "run", str(folder), "--out", str(out))
        assert outcome.code == 3
        assert "would overwrite" in outcome.errors[0]
    assert before == {path: path.read_bytes() for path in folder.glob("*.png")}


def test_two_images_of_one_name_are_not_written_to_one_file(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    assert fcnet("train", "-c", auto(), "--out", "run").code == 0
    image = next((tiny / "test").glob("*.png"))
    Path("other").mkdir()
    Path("other", image.name).write_bytes(image.read_bytes())
    outcome = fcnet("predict", "run", str(image), f"other/{image.name}", "--out", "back")
    assert outcome.code == 3
    assert "several images would be written to back/" in outcome.errors[0]
    assert not Path("back").exists()


def test_normal_classes_have_to_be_among_the_validation_images(
    fcnet: Run, auto: Callable[..., Path], tmp_path: Path
) -> None:
    Path("rare").mkdir()
    for i in range(12):
        Image.new("L", (4, 3)).save(f"rare/{i}.png")
    Path("rare.txt").write_text("0\n" + "1\n" * 11)
    parts = {
        name: {"images": str(Path("rare").resolve()), "labels": str(Path("rare.txt").resolve())}
        for name in ("train", "test")
    }
    data = {**parts, "validation": 0.1, "normal_classes": ["0"]}
    outcome = fcnet("train", "-c", auto(data=data), "--out", "run")
    assert outcome.code == 3
    assert "the validation images have none of 0" in outcome.errors[0]
    assert not Path("run").exists()


def test_each_class_in_turn_is_normal(auto: Callable[..., Path], tmp_path: Path) -> None:
    lines = script("one_class.py", auto(), "--out", tmp_path / "runs", "--classes", "0,1").splitlines()
    found = [float(line.split()[-2]) for line in lines]
    assert found[2] == pytest.approx((found[0] + found[1]) / 2, abs=0.011)
