"""--show: a figure that can be opened, replaced only if fcnet drew it, and never half written."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.command_line import Run


def inked(path: Path) -> float:
    """The share of pixels of a picture that are not white."""
    with Image.open(path) as image:
        image.load()
        return float((np.asarray(image.convert("L")) < 250).mean())


def test_a_figure_is_drawn_and_may_be_drawn_again(fcnet: Run, trained: Path) -> None:
    for name in ("seen.PNG", "seen.PNG", "my.figure.Pdf", "deep/er/x.svg"):
        outcome = fcnet("predict", "run", "seven.png", "--show", name)
        assert outcome.code == 0, outcome.err
        assert outcome.err == f"figure: {name}\n"
    assert inked(Path("seen.PNG")) > 0.05
    assert Path("my.figure.Pdf").read_bytes().startswith(b"%PDF")
    assert Path("deep/er/x.svg").read_bytes().startswith(b"<?xml")
    shutil.move("deep/er/x.svg", "my.figure.Pdf")  # fcnet drew this too
    assert fcnet("predict", "run", "empty.png", "--show", "my.figure.Pdf").code == 0


def test_nothing_else_is_replaced(fcnet: Run, trained: Path) -> None:
    Path("folder.png").mkdir()
    Path("mine.svg").write_text("<svg>Software\0fcnet <dc:title>fcnet</dc:title></svg>")
    Path("link.png").symlink_to("seven.png")
    before = {name: Path(name).read_bytes() for name in ("seven.png", "mine.svg", "link.png")}
    for name in ("seven.png", "folder.png", "mine.svg", "link.png"):
        outcome = fcnet("predict", "run", "four.png", "--show", name)
        assert outcome.code == 2
        assert outcome.errors == [f"--show {name}: already exists and was not drawn by fcnet; choose another name"]
        assert outcome.out == ""
    assert {name: Path(name).read_bytes() for name in before} == before


@pytest.mark.parametrize("name", ["seen", "seen.jpg", ".png", "seen.png.txt"])
def test_other_formats_are_refused(fcnet: Run, trained: Path, name: str) -> None:
    outcome = fcnet("predict", "run", "four.png", "--show", name)
    assert outcome.code == 2
    assert outcome.errors == [f"--show {name}: is not a .png, .svg, .pdf file; give a name that ends in one of these"]


def test_nothing_is_left_after_an_error(fcnet: Run, trained: Path) -> None:
    Path("no.png").write_text("no picture")
    before = sorted(trained.iterdir())
    for words in (["no.png"], ["nowhere.png"], ["no.png", "--find"], ["page.png", "--find", "--prepare", "off"]):
        outcome = fcnet("predict", "run", *words, "--show", "seen.png")
        assert outcome.code in (2, 3)
        assert len(outcome.errors) == 1
    outcome = fcnet("predict", "run", "four.png", "--show", "train.txt/seen.png")
    assert outcome.code == 6
    assert len(outcome.errors) == 1
    assert sorted(trained.iterdir()) == before


def test_the_boxes_of_a_page_are_drawn(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("predict", "run", "page.png", "--find", "--show", "found.png")
    assert outcome.code == 0
    assert outcome.err == "figure: found.png\n"
    assert inked(Path("found.png")) > 0.2
    outcome = fcnet("predict", "run", "page.png", "two.png", "--find", "--show", "found.png")
    assert outcome.code == 2
    assert outcome.errors == ["--show found.png: draws one page, but there are 2; give one"]
