"""The slides' worked examples, and the programs of scripts/course on small sizes."""

import importlib
import math
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from matplotlib.figure import Figure

COURSE = ROOT / "scripts/course"
TRAINING = ("softmax_mlp", "elm_width")  # call fcnet train
FIGURES = sorted(path.stem for path in COURSE.glob("*.py") if path.stem not in ("pages", "worked_examples", *TRAINING))


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs can be imported."""
    monkeypatch.syspath_prepend(COURSE)


def test_j_of_a_b_c(capsys: pytest.CaptureFixture[str]) -> None:
    """Slides: J = 3(a + bc) at (5, 3, 2) is 33, with derivatives 3, 6, 9 by a, b, c, and 3 by u and v."""
    examples = importlib.import_module("worked_examples")
    assert examples.bracket() == {"a": 3, "b": 6, "c": 9, "u": 3, "v": 3}
    out = capsys.readouterr().out
    assert "J = 33" in out
    for moved in ("5 -> 5.001  33 -> 33.003", "3 -> 3.001  33 -> 33.006", "11 -> 11.001  33 -> 33.003"):
        assert moved in out


def test_all_examples_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    importlib.import_module("worked_examples").main()
    out = capsys.readouterr().out
    for what in ("J = 3", "logistic regression at", "df/dw: reverse mode 0.25, forward mode 0.25, torch 0.25"):
        assert what in out


def test_df_dw_of_the_logistic_function() -> None:
    """Slides: at x = 1, w = 0, b = 0 the derivative is 0.25, by reverse and by forward mode."""
    examples = importlib.import_module("worked_examples")
    assert examples.logistic() == (0.25, 0.25)
    by_reverse, by_forward = examples.logistic(x=0.7, w=-1.3, b=0.4)
    assert by_reverse == pytest.approx(by_forward, rel=1e-14)


def test_logistic_regression_by_differences() -> None:
    examples = importlib.import_module("worked_examples")
    found = examples.logistic_regression(x=(1.5, -2.0), w=(0.3, 0.8), b=-0.2, y=0.0)
    z = 1.5 * 0.3 - 2 * 0.8 - 0.2
    predicted = 1 / (1 + math.exp(-z))
    assert found["z"] == pytest.approx(predicted, rel=1e-12)  # y^ - y
    assert found["w1"] == pytest.approx(1.5 * predicted, rel=1e-12)
    assert found["w2"] == pytest.approx(-2 * predicted, rel=1e-12)
    assert found["b"] == pytest.approx(predicted, rel=1e-12)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, pages = importlib.import_module(name), importlib.import_module("pages")
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--quick", "--out", str(tmp_path / "found.png")])
    pages.draw(module.figure, module.__doc__)
    assert (tmp_path / "found.png").stat().st_size > 5000


def test_figures_show_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    found: Figure = importlib.import_module("vanishing").figure(True)
    sigmoid, tanh, relu = (line.get_ydata() for line in found.axes[0].lines)
    assert sigmoid[0] < 1e-4 * sigmoid[-1]
    assert min(tanh) > 0.1 * max(tanh)
    assert min(relu) > 0.1 * max(relu)
    found = importlib.import_module("universal").figure(True)
    errors = found.axes[1].lines[0].get_ydata()
    assert errors[-1] < 0.01 < 0.3 < errors[0]
    capsys.readouterr()


@pytest.mark.long
@pytest.mark.parametrize("name", TRAINING)
def test_a_figure_of_trained_nets_is_drawn(name: str, tmp_path: Path) -> None:
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    words = [sys.executable, COURSE / f"{name}.py", "--quick", "--out", tmp_path / "found.png"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "found.png").stat().st_size > 5000
