"""What autoencoders are asked for: eval, plot, predict, encode, outliers."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Run

SCRIPTS = Path(__file__).parents[1] / "scripts"


def test_eval_plot_predict_and_encode(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    file = auto(corruption="masking", data={"normal_classes": ["0"]})
    assert fcnet("train", "-c", file, "--out", "run").code == 0
    outcome = fcnet("eval", "run")
    assert outcome.code == 0, outcome.err
    assert "AUROC" in outcome.out
    assert "with noise" in outcome.out
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
    done = subprocess.run(command, capture_output=True, text=True, check=False)
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


def test_each_class_in_turn_is_normal(auto: Callable[..., Path], tmp_path: Path) -> None:
    lines = script("one_class.py", auto(), "--out", tmp_path / "runs", "--classes", "0,1").splitlines()
    found = [float(line.split()[-2]) for line in lines]
    assert found[2] == pytest.approx((found[0] + found[1]) / 2, abs=0.011)
