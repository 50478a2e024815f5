"""matplotlib is kept from the user's settings, and characters get a font that has them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image

from fcnet.plots import canvas, curves, style
from fcnet.plots.curves import Curve
from fcnet.rundir import directory, environment
from helpers.command_line import Run
from helpers.tiny import CLASSES, SIDE, pictures, tiny_config, write_config

FAMILY = "Fcnet Test"  # a font that the tests make: a bar for each Chinese character

FIGURES = {"loss": 0.5, "accuracy": 0.75, "n": 10}
RECORDS = [
    {"kind": "step", "epoch": 1, "step": 1, "steps": 1, "loss": 1.0, "loss_mean": 1.0},
    {"kind": "epoch", "epoch": 1, "train": FIGURES, "validation": None, "test": FIGURES},
]

DRAW = f"""
import sys
from pathlib import Path
from fcnet.plots import curves
characters = curves.save(curves.loss([curves.Curve("run", {RECORDS})]), Path(sys.argv[1]))
assert not characters
"""


def draw(out: Path, cwd: Path, **variables: str) -> str:
    """Draw in a process of its own; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", DRAW, str(out)],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


FOREIGN = """
text.usetex: True
savefig.dpi: 30
figure.figsize: 1, 1
font.family: Nowhere
axes.prop_cycle: cycler('color', 'k')
"""


def test_no_setting_of_the_users_reaches_a_picture(tmp_path: Path) -> None:
    """Files that ask for LaTeX, that are no text, and folders that cannot be used."""
    assert draw(tmp_path / "plain.png", tmp_path) == ""
    version = font_manager.FontManager.__version__
    (tmp_path / "settings").write_text(FOREIGN)
    (tmp_path / "config" / "stylelib").mkdir(parents=True)
    (tmp_path / "config" / "matplotlibrc").write_text("no: such: key\n" + FOREIGN)
    (tmp_path / "config" / f"fontlist-v{version}.json").write_text("garbage")
    (tmp_path / "other").mkdir()
    empty: dict[str, Any] = {
        "_version": version,
        "_FontManager__default_weight": "normal",
        "default_size": None,
        "afmlist": [],
    }
    empty |= {"defaultFamily": {"ttf": "DejaVu Sans", "afm": "Helvetica"}, "ttflist": [], "__class__": "FontManager"}
    (tmp_path / "other" / f"fontlist-v{version}.json").write_text(json.dumps(empty))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "matplotlibrc").write_bytes("text.usetex: 数字\n".encode("gbk"))
    (tmp_path / "temporary").mkdir()
    odd = {
        "file": {"MATPLOTLIBRC": str(tmp_path / "settings"), "MPLBACKEND": "no-such-backend"},
        "folder": {"MPLCONFIGDIR": str(tmp_path / "config"), "MATPLOTLIBRC": "/not/there"},
        "no fonts listed": {"MPLCONFIGDIR": str(tmp_path / "other")},
        "unusable": {"MPLCONFIGDIR": "/dev/null/no", "HOME": "/dev/null/no", "TMPDIR": str(tmp_path / "temporary")},
    }
    for name, variables in odd.items():
        assert draw(tmp_path / f"{name}.png", tmp_path / "here", **variables) == ""
        assert (tmp_path / f"{name}.png").read_bytes() == (tmp_path / "plain.png").read_bytes(), name
    assert not list((tmp_path / "temporary").iterdir())  # what matplotlib makes there is removed


def test_a_programs_own_settings_are_used_by_the_program_alone(tmp_path: Path) -> None:
    curves.save(curves.loss([Curve("run", RECORDS)]), tmp_path / "plain.png")
    with matplotlib.rc_context({"figure.figsize": (1, 1), "savefig.dpi": 20, "text.usetex": True}):
        curves.save(curves.loss([Curve("run", RECORDS)]), tmp_path / "odd.png")
        assert list(matplotlib.rcParams["figure.figsize"]) == [1, 1]
        assert matplotlib.rcParams["text.usetex"]
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "odd.png").read_bytes()


def test_a_training_under_foreign_settings_is_finished_with_its_pictures(tiny: Path) -> None:
    (tiny / "matplotlibrc").write_bytes(b"text.usetex: True\n\xff\xfe\n")
    words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny.yaml", "train.epochs=1", "plots=true", "--out", "run"]
    variables = {"MATPLOTLIBRC": "matplotlibrc", "MPLBACKEND": "none", "MPLCONFIGDIR": "/dev/null/no"}
    done = subprocess.run(words, cwd=tiny, env=os.environ | variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "matplotlib" not in done.stderr
    assert "warning" not in done.stderr
    assert (tiny / "run/plots/accuracy.png").is_file()


# --- fonts --------------------------------------------------------------------------------------------------------


def make_font(file: Path, characters: str, family: str = FAMILY) -> Path:
    """A font with some characters, each a bar of its own height."""
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    for i, character in enumerate(characters):
        pen = TTGlyphPen(None)
        top = 400 + 50 * i
        for x, y in ((100, 0), (100, top), (900, top), (900, 0)):
            (pen.lineTo if (x, y) != (100, 0) else pen.moveTo)((x, y))
        pen.closePath()
        glyphs[f"u{ord(character):04X}"] = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord(character): f"u{ord(character):04X}" for character in characters})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400, sTypoAscender=900, sTypoDescender=-100)
    builder.setupPost()
    builder.save(file)
    return file


def forget() -> None:
    """Look at the fonts anew."""
    for cached in (style.fallbacks, style._in_file, style._add_new_fonts, style._of_own_font):
        cached.cache_clear()
    font_manager.fontManager._findfont_cached.cache_clear()  # type: ignore[attr-defined]


@pytest.fixture
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's fonts, without those other than matplotlib's own."""
    own = [font for font in font_manager.fontManager.ttflist if font.fname.startswith(matplotlib.get_data_path())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [])
    forget()
    yield
    forget()


@pytest.fixture
def chinese_font(no_chinese_font: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A font with Chinese characters, installed after matplotlib has made its list."""
    file = make_font(tmp_path / "test.ttf", "零一二三配置数字")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda *_, **__: [str(file)])
    return FAMILY


def families(figure: object) -> set[tuple[str, ...]]:
    return {tuple(text.get_fontfamily()) for text in figure.findobj(Text) if text.get_text()}  # type: ignore[attr-defined]


def test_texts_have_the_font_from_when_they_are_made(chinese_font: str, tmp_path: Path) -> None:
    figure = curves.loss([Curve("配置", RECORDS)])
    assert families(figure) == {("DejaVu Sans", chinese_font)}
    for suffix in ("png", "svg", "pdf"):
        assert curves.save(figure, tmp_path / f"a.{suffix}") == frozenset()
    curves.save(curves.loss([Curve("数字", RECORDS)]), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()  # boxes would be the same


def test_the_usual_picture_needs_no_other_font(chinese_font: str) -> None:
    assert families(curves.loss([Curve("mnist", RECORDS)])) == {("DejaVu Sans",)}


def test_characters_of_two_fonts(chinese_font: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    font_manager.fontManager.addfont(make_font(tmp_path / "other.ttf", "\u0915", "Other"))
    found = style.fallbacks(frozenset("一\u0915\u0e01"))
    assert set(found) == {"Other", chinese_font}
    assert style.missing(curves.loss([Curve("一\u0915\u0e01", RECORDS)])) == {"\u0e01"}


def test_a_font_that_is_gone_is_none(chinese_font: str, tmp_path: Path) -> None:
    assert style.fallbacks(frozenset("一"))
    (tmp_path / "test.ttf").unlink()
    forget()
    assert style._of_family(FAMILY, frozenset("一")) == frozenset()


@pytest.mark.parametrize(
    ("characters", "package"),
    [
        ("零한か", "fonts-noto-cjk"),
        ("\u0915", "fonts-noto-core"),
        ("🧮", "fonts-symbola"),
        ("\U0001f9ee一", "fonts-noto-cjk fonts-s"),
    ],
)
def test_advice_names_the_characters_and_what_to_install(characters: str, package: str) -> None:
    told = style.advice(characters)
    assert f"apt-get install {package}" in told
    assert all(character in told for character in characters)
    assert "\n" not in told


def chinese_run(tiny: Path) -> Path:
    """A config whose name and classes are Chinese."""
    for split in ("train", "test"):
        images, labels = pictures(12, 0)
        for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            folder = tiny / f"{split}-folders" / "零一二"[label]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{i}.png")
    config = tiny_config(tiny)
    config["data"] = {f"{split}": {"images": f"tiny/{split}-folders"} for split in ("train", "test")}
    config["data"]["image_size"] = [SIDE, SIDE]
    config["train"]["epochs"] = 1
    return write_config(tiny / "配置.yaml", config)


def warnings_in(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("fcnet: warning: plots")]


def test_one_warning_for_all_characters_without_a_font(fcnet: Run, tiny: Path, no_chinese_font: None) -> None:
    assert CLASSES == 3
    outcome = fcnet("train", "-c", chinese_run(tiny), "plots=true")
    assert outcome.code == 0
    (told,) = warnings_in(outcome.err)
    assert "配" in told
    assert "置" in told
    outcome = fcnet("plot", "checkpoints/配置")
    assert outcome.code == 0
    (told,) = warnings_in(outcome.err)
    assert all(character in told for character in "零一二配置")
    assert "UserWarning" not in outcome.err


def test_no_warning_with_a_font(fcnet: Run, tiny: Path, chinese_font: str) -> None:
    outcomes = [fcnet("train", "-c", chinese_run(tiny), "plots=true"), fcnet("plot", "checkpoints/配置")]
    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert not any(warnings_in(outcome.err) for outcome in outcomes)


# --- what drawing raises ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), RuntimeError("latex"), MemoryError(), ImportError("no matplotlib")],
)
def test_a_finished_training_stays_finished_whatever_drawing_raises(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(canvas, "save", fail)
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "plots=true", "--out", "run")
    assert outcome.code == 0
    assert "fcnet plot run" in outcome.err
    assert len([line for line in outcome.err.splitlines() if "warning" in line]) == 1
    assert outcome.out.splitlines()[-2] == "run: run (model.pth, metrics.jsonl)"
    assert environment.read_json(Path("run") / directory.RESULT)["ended"] == "finished"
    if isinstance(error, OSError):
        outcome = fcnet("plot", "run")
        assert outcome.code == 6
        assert "the disk is full" in outcome.err


def test_a_training_that_is_interrupted_while_it_draws_is_finished(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(canvas, "save", fail)
        assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "plots=true", "--out", "run").code == 130
    assert environment.read_json(Path("run") / directory.RESULT)["ended"] == "finished"
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "plots=true", "--out", "run", "--resume")
    assert "already finished" in outcome.out
