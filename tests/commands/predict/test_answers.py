"""fcnet predict on photos: the answers in three forms, what was done to each, and what is asked for otherwise."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import fcnet
from helpers.command_line import Run
from helpers.tiny import write_config

PHOTOS = ("seven.png", "four.png", "empty.png", "two.png")
NOTES = ["", "", "nothing written found", "2 digits side by side: --find"]
DONE = ["inverted", "paper removed", "cropped", "centred"]


def predictions(fcnet: Run, *words: object) -> list[dict[str, Any]]:
    outcome = fcnet("predict", *words, "--json")
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)["predictions"]
    return found


def test_three_forms_say_the_same(fcnet: Run, trained: Path) -> None:
    found = predictions(fcnet, "run", *PHOTOS)
    assert [one["file"] for one in found] == list(PHOTOS)
    assert [one["predicted"] for one in found] == ["7", "4", None, None]
    assert [one["note"] for one in found] == NOTES
    assert [one["sure"] for one in found] == [True, True, False, False]
    assert [one["prepared"] for one in found] == [DONE, DONE, [], []]
    assert found[0]["probabilities"]["7"] == found[0]["probability"] > 0.9
    assert (found[2]["probability"], found[2]["probabilities"]) == (None, {})
    rows = list(csv.DictReader(io.StringIO(fcnet("predict", "run", *PHOTOS, "--csv").out)))
    assert [row["predicted"] for row in rows] == ["7", "4", "", ""]
    assert [row["note"] for row in rows] == NOTES
    assert [row["sure"] for row in rows] == ["True", "True", "False", "False"]
    assert float(rows[1]["4"]) == pytest.approx(found[1]["probability"])
    outcome = fcnet("predict", "run", *PHOTOS)
    assert (outcome.code, outcome.err) == (0, "")
    header, *lines = outcome.out.splitlines()
    assert header.split() == ["file", "class", "probability", "note", "prepared"]
    assert lines[0].split()[:2] == ["seven.png", "7"]
    assert lines[0].endswith("-                              " + ", ".join(DONE))
    assert lines[2].split() == ["empty.png", "-", "-", "nothing", "written", "found", "-"]


def test_what_is_made_like_the_training_images_passes_unless_all_are_prepared(fcnet: Run, trained: Path) -> None:
    assert predictions(fcnet, "run", "test/3.png")[0]["prepared"] == []
    assert "centred" in predictions(fcnet, "run", "test/3.png", "--prepare", "always")[0]["prepared"]
    assert predictions(fcnet, "run", "test/3.png", "--prepare", "off")[0]["prepared"] == []


def test_preparation_can_be_switched_off(fcnet: Run, trained: Path) -> None:
    (one,) = predictions(fcnet, "run", "two.png", "--prepare", "off")
    assert (one["note"], one["prepared"]) == ("", []) or one["note"].startswith("uncertain")
    assert one["predicted"] is not None
    warned = fcnet("predict", "run", "seven.png", "--prepare", "off").err
    assert warned == (
        "fcnet: warning: seven.png: 1 of 1 images has a light background, but the training images had a dark one;"
        " leave out --prepare off, or expect wrong results\n"
    )
    assert fcnet("predict", "run", "seven.png", "--prepare", "some").code == 2


def forget_style(run: Path, value: object = ...) -> None:
    facts = json.loads((run / "environment.json").read_text())
    del facts["style"]
    (run / "environment.json").write_text(json.dumps(facts if value is ... else facts | {"style": value}))


def test_an_older_run_only_resizes_and_says_so(fcnet: Run, trained: Path) -> None:
    forget_style(trained / "run")
    outcome = fcnet("predict", "run", "seven.png")
    assert outcome.code == 0
    assert "run: does not record how its images show their digits; photos are only resized" in outcome.err
    assert "light background, but the training images had a dark one; invert them" in outcome.err
    assert "prepared" not in outcome.out
    outcome = fcnet("predict", "run", "seven.png", "--prepare", "always")
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("--prepare always: the training images of run/best.pth do not show strokes")


@pytest.mark.parametrize("style", [None, {"size": [28]}, "no style", []])
def test_images_without_a_style_and_damaged_ones_are_only_resized(fcnet: Run, trained: Path, style: object) -> None:
    forget_style(trained / "run", style)
    (one,) = predictions(fcnet, "run", "seven.png")
    assert one["prepared"] == []
    assert fcnet("predict", "run", "seven.png", "--prepare", "always").code == 2


def test_a_style_from_before_signs_of_several_parts_is_read(fcnet: Run, trained: Path) -> None:
    style = json.loads((trained / "run/environment.json").read_text())["style"]
    assert style.pop("single") is True
    forget_style(trained / "run", style)
    assert predictions(fcnet, "run", "two.png")[0]["note"] == NOTES[3]


def test_a_model_file_has_mnist_s_style_if_its_config_says_mnist(fcnet: Run, trained: Path) -> None:
    (trained / "run/model.pth").rename("model.pth")
    outcome = fcnet("predict", "model.pth", "--config", "digits.yaml", "seven.png", "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["predictions"][0]["prepared"] == []
    data = {"source": "mnist", "root": "mnist", "classes": list("0123456789")}
    write_config(Path("mnist.yaml"), {"data": data, "model": {"hidden": [32]}})
    (one,) = predictions(fcnet, "model.pth", "--config", "mnist.yaml", "seven.png")
    assert (one["predicted"], one["prepared"]) == ("7", DONE)


def test_from_a_program(trained: Path) -> None:
    (one,) = fcnet.predict("run", ["seven.png"]).images  # type: ignore[attr-defined]
    assert (one.predicted, one.prepared) == ("7", DONE)
    (one,) = fcnet.predict("run", ["seven.png"], prepare="off").images  # type: ignore[attr-defined]
    assert one.prepared == []


def test_an_autoencoder_reconstructs_prepared_photos(fcnet: Run, trained: Path) -> None:
    words = ("model.kind=autoencoder", "model.hidden=[9]", "train.epochs=1")
    assert fcnet("train", "-c", "digits.yaml", *words, "--out", "auto").code == 0
    outcome = fcnet("predict", "auto", "seven.png", "empty.png", "--out", "made")
    assert outcome.code == 0
    assert sorted(path.name for path in Path("made").iterdir()) == ["empty.png", "seven.png"]
    assert "nothing written found" in outcome.out
    outcome = fcnet("encode", "auto", "seven.png", "empty.png", "--out", "codes.npz")
    assert outcome.code == 0
    assert outcome.err == (
        "fcnet: warning: empty.png: nothing written found; results for an empty image are meaningless\n"
    )
    off = fcnet("encode", "auto", "seven.png", "--out", "codes.npz", "--prepare", "off")
    assert "leave out --prepare off" in off.err
    outcome = fcnet("predict", "auto", "page.png", "--find")
    assert outcome.code == 2
    assert "--find: auto/best.pth is of kind autoencoder, which names no classes" in outcome.errors[0]
