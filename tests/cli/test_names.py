"""Configs by name on the command line, in any folder: ``-c mnist``, ``elm/digits``, and what lists and writes them."""

from pathlib import Path

import pytest

from fcnet.config.named import shipped
from helpers.command_line import ROOT, Run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)


def test_a_training_from_any_folder(fcnet: Run) -> None:
    outcome = fcnet("train", "-c", "digits", "train.epochs=1")
    assert outcome.code == 0, outcome.err
    assert "into checkpoints/digits\n" in outcome.out
    assert Path("data/digits/train-images").is_dir()  # relative to the current folder, as with a file
    assert fcnet("train", "elm/digits").code == 0
    assert Path("checkpoints/elm-digits/model.pth").is_file()
    assert fcnet("train", "-c", "digits", "train.epochs=1", "--resume").out.startswith("run: checkpoints/digits is")


def test_all_commands_that_take_a_config_take_names(fcnet: Run) -> None:
    shown = fcnet("config", "show", "elm/rf-ciw", "seed=4")
    assert shown.out == fcnet("config", "show", ROOT / "configs/elm/rf-ciw.yaml", "seed=4").out
    assert fcnet("config", "show", "-c", "elm/rf-ciw", "seed=4").out == shown.out
    assert fcnet("config", "check", "published/simard").out.endswith("simard.yaml: fine\n")
    assert fcnet("config", "check", "sweeps/digits").out.endswith("fine; a sweep of 18 runs\n")
    planned = fcnet("sweep", "run", "-c", "digits", "seed=1,2", "--dry-run")
    assert planned.out == "seed-1\nseed-2\n"
    assert len(fcnet("sweep", "run", "sweeps/digits", "--dry-run").out.splitlines()) == 18
    assert fcnet("train", "digits", "train.epochs=1", "--out", "run").code == 0
    Path("run/model.pth").rename("bare.pth")
    assert fcnet("eval", "bare.pth", "-c", "digits").code == 0


def test_augmented_images_of_a_name(fcnet: Run) -> None:
    assert fcnet("data", "digits").code == 0
    Path("mine.yaml").write_text("extends: digits\ndata: {augment: {rotation: 10}}\n")
    outcome = fcnet("plot", "--augment", "mine", "--out", "figures")
    assert outcome.code == 0, outcome.err
    assert list(Path("figures").iterdir())


def test_the_errors_of_a_shipped_config_name_its_file(fcnet: Run) -> None:
    told = fcnet("train", "-c", "digits", "train.epoch=3").errors[0]
    assert "did you mean 'train.epochs'?" in told
    told = fcnet("train", "sweeps/digits").errors[0]
    assert "is a sweep file, for many runs; run it with: fcnet sweep run " in told
    assert "extends: mnist" in fcnet("train", "-c", "mnist", "mine.yaml").errors[0]


def test_the_list(fcnet: Run) -> None:
    outcome = fcnet("config", "list")
    assert [line.split()[0] for line in outcome.out.splitlines()] == list(shipped.names())
    assert "elm/rf-ciw" in outcome.out
    rows = fcnet("config", "list", "elm/").out.splitlines()
    assert all(row.startswith("elm/") for row in rows)
    assert len(rows) == len(list((ROOT / "configs/elm").iterdir()))
    assert "begins so" in fcnet("config", "list", "zork").errors[0]
    assert (
        fcnet("configs").errors[0].startswith("command line: configs: no such command; did you mean fcnet config list?")
    )


def test_init_writes_a_config_that_trains(fcnet: Run) -> None:
    written = fcnet("config", "init")
    assert written.out == "digits.yaml: written; change it, then: fcnet train digits.yaml\n"
    assert fcnet("train", "digits.yaml", "train.epochs=1").code == 0
    assert fcnet("config", "init").errors[0].startswith("digits.yaml: already exists")
    assert fcnet("config", "init", "own-images", "-o", "mine.yaml").code == 0
    assert "my-digits/train" in fcnet("config", "show", "mine").out
    told = fcnet("config", "init", "sweeps/width").out
    assert told == "sweeps-width.yaml: written; change it, then: fcnet sweep run sweeps-width.yaml\n"
