"""The slides' worked examples, and the programs of scripts/course on small sizes."""

import ast
import functools
import importlib
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from fcnet.plots import style
from fcnet.plots.curves import DPI
from helpers.command_line import ROOT

# isort: split
from matplotlib.figure import Figure
from matplotlib.text import Text

COURSE = ROOT / "scripts/course"
FIGURES = sorted(path.stem for path in COURSE.glob("*.py") if path.stem not in ("pages", "words", "worked_examples"))


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


@functools.cache
def quick(name: str) -> Any:
    """What a program computes with --quick."""
    return importlib.import_module(name).figure(True)


def numbers(name: str) -> dict[str, float]:
    """The numbers of --quick; the picture and the report say the same in both languages."""
    drawn, words = quick(name), importlib.import_module("words")
    english, chinese = (style.drawn(drawn.picture)(words.Words(language)) for language in ("en", "zh"))
    assert style.missing(chinese) == frozenset()
    for left, right in zip(english.axes, chinese.axes, strict=True):
        for one, other in zip(left.lines, right.lines, strict=True):
            np.testing.assert_array_equal(one.get_xydata(), other.get_xydata())
    texts = {text.get_text() for text in chinese.findobj(Text)}
    assert [text for text in texts if re.search(r"[a-z]{2,} [a-z]{2,}", text)] == []
    assert [text for text in (drawn.see, *words.CHINESE) if text not in words.CHINESE] == []
    for language in words.LANGUAGES:
        drawn.report(words.Words(language))
    found: dict[str, float] = drawn.numbers
    return found


def texts_of(name: str, language: str = "en") -> set[str]:
    """All texts of a program's picture."""
    drawn, words = quick(name), importlib.import_module("words")
    return {text.get_text() for text in style.drawn(drawn.picture)(words.Words(language)).findobj(Text)}


def test_quick_shows_the_bounds_of_derivatives() -> None:
    found = numbers("activations")
    assert found["sigmoid"] == pytest.approx(0.25)
    assert found["tanh"] == found["ReLU"] == 1


def test_quick_shows_gradients_by_hand_that_train_a_net() -> None:
    found = numbers("backprop")
    assert found["apart"] < 1e-13
    assert found["smoothed"] < found["test"] < 0.5 * found["first"]
    assert found["wrong"] < 0.1


def test_quick_shows_that_both_are_least_at_the_true_distribution() -> None:
    found = numbers("cross_entropy")
    assert found["cross_entropy"] == pytest.approx(0.7)
    assert found["kl"] == pytest.approx(0.7)
    assert found["apart"] < 1e-12  # cross-entropy = KL + entropy, all along the line


def test_quick_shows_paths_that_come_down_and_one_that_grows() -> None:
    found = numbers("descent")
    at_start, across_at_start = 71.75, 2.5
    assert found["α = 0.1: J"] < found["α = 0.02: J"] < at_start
    assert found["α = 0.1, momentum 0.6: J"] < found["α = 0.1: J"]
    assert found["α = 0.19: |w2|"] < across_at_start < found["α = 0.205: |w2|"]


def test_no_legend_lies_on_a_path() -> None:
    words = importlib.import_module("words")
    drawn = style.drawn(quick("descent").picture)(words.Words("en"))
    assert drawn.axes[0].get_legend() is None
    drawn.draw_without_rendering()
    assert drawn.legends[0].get_window_extent().y1 < drawn.axes[0].get_window_extent().y0


def test_quick_shows_units_that_die_and_stay_dead() -> None:
    found = numbers("dying_relu")
    assert found["ReLU: dead at 0.1"] < 10 < 20 < found["ReLU: dead at 2"]
    assert found["LeakyReLU, γ = 0.1: dead at 2"] == 0
    # They die in the first steps. In layer 1, whose inputs are the images, none comes back; in layer 2 some do.
    assert found["ReLU: dead at the start"] < 5
    assert found["ReLU: layer 1, last"] == found["ReLU: layer 1, first"] > 20
    assert 15 < found["ReLU: layer 2, last"] < found["ReLU: layer 2, first"]
    # The others are enough, so that the errors are not many more.
    assert found["ReLU: wrong at 2"] < found["ReLU: wrong at 0.1"] + 3


def test_quick_shows_that_relu_beats_linear_layers() -> None:
    found = numbers("linear_depth")
    one, linear, bent = found.values()
    assert linear == pytest.approx(one, abs=1)
    assert bent > linear + 10
    assert [axis for axis in sorted(texts_of("linear_depth")) if axis in ("x1", "x2")] == ["x1", "x2"]
    assert "三个线性层，2-20-20-2\n准确率 88.0%" in {
        re.sub(r"88\.\d", "88.0", one) for one in texts_of("linear_depth", "zh")
    }


def test_quick_shows_that_more_units_fit_better() -> None:
    found = numbers("universal")
    assert found["200"] < found["50"] < found["10"] < found["1"]
    assert found["200"] < 0.01


def test_quick_shows_gradients_that_vanish() -> None:
    found = numbers("vanishing")
    assert found["sigmoid: layer 1"] < 1e-4 * found["sigmoid: layer 11"]
    for name in ("tanh", "relu"):
        norms = [value for key, value in found.items() if key.startswith(name)]
        assert min(norms) > 0.1 * max(norms)


def test_quick_shows_tanh_ahead_of_sigmoid() -> None:
    found = numbers("zero_centred")
    assert found["tanh"] < 0.5 * found["sigmoid"]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing lies, the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_quick_shows_what_a_hidden_layer_brings(alone: Path) -> None:
    found = numbers("softmax_mlp")
    assert found["mlp-relu"] > found["perceptron"] + 5
    assert found["mlp-relu: first"] > found["perceptron: first"]


def test_quick_shows_that_random_units_have_to_be_many(alone: Path) -> None:
    found = numbers("elm_width")
    assert found["elm-800: wrong"] < found["elm-200: wrong"] < found["elm-50: wrong"]
    assert found["mlp-relu-50: wrong"] < found["elm-50: wrong"]
    # What a process does once is not in the first time: a sixteenth of the units does not take longer.
    assert found["elm-50: seconds"] < 2 * found["elm-800: seconds"]


def test_every_program_has_its_test() -> None:
    """Each has a test of what --quick shows."""
    source = Path(__file__).read_text()
    assert [name for name in FIGURES if f'numbers("{name}")' not in source] == []


def check(path: Path, own: str) -> None:
    """A picture is as large as the one of that name in docs/images, and something is drawn in several colours."""
    with Image.open(ROOT / "docs/images" / own) as shipped:
        size = shipped.size
    if path.suffix == ".svg":
        root = ElementTree.parse(path).getroot()
        points = tuple(float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
        assert points == pytest.approx([side * 72 / DPI for side in size])
        colours = set(re.findall(r"(?:stroke|fill): (#\w{6})", path.read_text()))
    else:
        with Image.open(path) as picture:
            picture.load()
            assert picture.size == size
            colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    assert len(colours) >= 4, colours


def test_the_catalogue_has_what_the_programs_say_and_nothing_else() -> None:
    """Each text is one that a program has; its translation has the same values, and Chinese punctuation."""
    said = {
        node.value
        for path in COURSE.glob("*.py")
        if path.name != "words.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for text, other in importlib.import_module("words").CHINESE.items():
        assert text in said, text
        values = [sorted(re.findall(r"\{[^}]*\}", one)) for one in (text, other)]
        assert values[0] == values[1], text
        assert not re.search(r"[\u4e00-\u9fff] ?[,:;]", other), other


def test_words_that_are_not_in_the_catalogue_are_an_error() -> None:
    say = importlib.import_module("words").Words("zh")
    with pytest.raises(KeyError, match="no such text"):
        say("no such text")


@pytest.mark.parametrize("name", ["cross_entropy", "descent"])
def test_pictures_go_to_a_folder_of_their_own(
    name: str, alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the current folder, not among those of the repository; each its own file; what to see is told."""
    module, pages = importlib.import_module(name), importlib.import_module("pages")
    own = f"course-{name.replace('_', '-')}.png"
    before = (ROOT / "docs/images" / own).stat().st_mtime_ns
    for words, path in (
        ([], f"plots/course/{own}"),
        (["--out", "here"], f"here/{own}"),
        (["--out", "as/this.svg"], "as/this.svg"),
    ):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", "--quick", *words])
        pages.draw(module.figure, module.__doc__)
        check(alone / path, own)
        told = capsys.readouterr().out.splitlines()
        assert told[-1] == path
        assert told[-2].startswith("What to see: ")
    assert (ROOT / "docs/images" / own).stat().st_mtime_ns == before


def call(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a program in this process."""
    module, pages = importlib.import_module(name), importlib.import_module("pages")
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--quick", *words])
    pages.draw(module.figure, module.__doc__)


def test_both_languages_are_computed_once(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    computed: list[bool] = []
    module = importlib.import_module("descent")
    make = module.figure

    def counted(quick: bool) -> object:
        computed.append(quick)
        return make(quick)

    monkeypatch.setattr(module, "figure", counted)
    call("descent", ["--language", "en", "zh", "--out", "here"], monkeypatch)
    assert computed == [True]
    own = ["course-descent.png", "course-descent.zh-CN.png"]
    assert sorted(path.name for path in (alone / "here").iterdir()) == own
    for name in own:
        check(alone / "here" / name, name)
    assert (alone / "here" / own[0]).read_bytes() != (alone / "here" / own[1]).read_bytes()
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0][:3] for line in told if "What to see" in line or "看点" in line] == ["Wha", "看点："]
    assert told[-1] == "here/course-descent.zh-CN.png"
    call("descent", ["--language", "zh", "--out", "one.svg"], monkeypatch)
    assert (alone / "one.svg").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--language", "zh", "en", "--out", "a.png"], "--out: a.png is one file, for two languages; name a folder"),
        (["--language", "de"], "invalid choice: 'de'"),
        (["--language"], "expected at least one argument"),
    ],
)
def test_a_wrong_command_line_is_told_before_anything_is_computed(
    words: list[str], told: str, alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.import_module("descent"), "figure", lambda _: pytest.fail("computed"))
    with pytest.raises(SystemExit) as stopped:
        call("descent", words, monkeypatch)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err
    assert list(alone.iterdir()) == []


def test_a_character_that_no_font_has_is_told(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages, figure = importlib.import_module("pages"), Figure()
    figure.suptitle("\U000f1234")
    pages.save(figure, alone / "a.png")
    told = capsys.readouterr().err
    assert told.startswith("warning: plots: no installed font has 1 character")
    assert "fcnet plot" not in told
    with Image.open(alone / "a.png") as picture:
        assert picture.mode == "P"


@pytest.mark.parametrize("name", FIGURES)
def test_shipped_pictures_come_in_both_languages_and_are_small(name: str) -> None:
    own = f"course-{name.replace('_', '-')}"
    pictures = [ROOT / f"docs/images/{own}{end}.png" for end in ("", ".zh-CN")]
    assert pictures[0].read_bytes() != pictures[1].read_bytes()
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.mode == "P"
        assert path.stat().st_size < 75_000


def test_a_program_runs_from_any_folder(alone: Path) -> None:
    words: list[str | Path] = [sys.executable, COURSE / "softmax_mlp.py", "--quick"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    check(alone / "plots/course/course-softmax-mlp.png", "course-softmax-mlp.png")
