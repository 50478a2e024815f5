"""fcnet eval on photos: prepared as the training images are, or only resized."""

import json
from pathlib import Path

from PIL import Image

from helpers.command_line import Run
from helpers.digits import drawn, on_paper
from helpers.tiny import write_config


def photos(folder: Path) -> None:
    for digit in "01247":
        (folder / digit).mkdir(parents=True)
        for i in range(2):
            picture = Image.fromarray(on_paper(drawn(digit, 70 + 30 * i), seed=int(digit)))
            picture.save(folder / digit / f"{i}.png")


def test_photos_are_prepared_unless_that_is_switched_off(fcnet: Run, trained: Path) -> None:
    photos(Path("own"))
    right = {}
    for how in ("auto", "off"):
        outcome = fcnet("eval", "run", "--images", "own", "--prepare", how, "--json")
        assert outcome.code == 0, outcome.err
        right[how] = json.loads(outcome.out)["accuracy"]
    assert right["auto"] > 0.9
    assert right["off"] < 0.6
    assert not list(Path("own").rglob("*.npy"))
    assert json.loads(fcnet("eval", "run", "--images", "own", "--json").out)["accuracy"] == right["auto"]


def test_a_run_that_prepares_is_evaluated_without_it_too(fcnet: Run, trained: Path) -> None:
    photos(Path("own"))
    config = {"train": {"images": "own"}, "image_size": [28, 28], "prepare": "mnist"}
    train = {"epochs": 20, "optimizer": {"lr": 0.02}}
    write_config(Path("own.yaml"), {"data": config, "model": {"hidden": [16]}, "train": train, "device": "cpu"})
    assert fcnet("train", "-c", "own.yaml", "--out", "mine").code == 0
    right = {
        how: json.loads(fcnet("eval", "mine", "--images", "own", "--prepare", how, "--json").out)["accuracy"]
        for how in ("auto", "off")
    }
    assert right["auto"] > 0.9
    assert right["off"] < 0.6


def test_a_photo_with_nothing_on_it_is_an_error(fcnet: Run, trained: Path) -> None:
    photos(Path("own"))
    Path("empty.png").rename("own/4/empty.png")
    outcome = fcnet("eval", "run", "--images", "own")
    assert outcome.code == 3
    assert outcome.errors == ["own/4/empty.png: nothing written found; replace or remove it, or do not prepare images"]
    assert fcnet("eval", "run", "--images", "own", "--prepare", "off").code == 0
