"""Which run is meant: names of runs, words for them, and what is said where they mean none."""

import os
import re
import shutil
from pathlib import Path

import pytest

from fcnet.errors import ConfigError
from fcnet.rundir import find
from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names: str, kind: str = "fcnet") -> None:
    """Runs as far as names go, the last one begun last."""
    for age, name in enumerate(names, 1):
        run = Path(name)
        run.mkdir(parents=True)
        (run / "config.yaml").write_text(f"model: {{kind: {kind}}}\n")
        os.utime(run / "config.yaml", (age, age))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mnist.yaml", "mnist"),
        ("tiny/mnist.yaml", "mnist"),
        ("configs/mnist.yaml", "mnist"),
        ("configs/elm/digits.yaml", "elm-digits"),
        ("configs/a/b/c.yaml", "a-b-c"),
        ("configs/../configs/elm/digits.yaml", "elm-digits"),
        ("configs/elm/../digits.yaml", "digits"),
        ("configs/x/configs/elm/digits.yaml", "elm-digits"),
        ("my-configs/elm/digits.yaml", "digits"),
    ],
)
def test_runs_are_named_by_folder_and_stem(here: Path, file: str, name: str) -> None:
    assert find.of_config(Path(file)) == find.of_config(here / file) == name


def test_the_name_does_not_depend_on_where_one_stands(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("configs/elm").mkdir(parents=True)
    monkeypatch.chdir("configs/elm")
    assert find.of_config(Path("digits.yaml")) == "elm-digits"


def test_the_repository_s_configs_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the runs that configs begin with are those of configs that are there."""
    monkeypatch.chdir(ROOT)
    files = sorted(Path("configs").rglob("*.yaml"))
    names = [find.of_config(file) for file in files]
    assert len(set(names)) == len(names) > 50
    for file in files:
        for line in file.read_text().splitlines():
            if "run: checkpoints/" in line:
                assert line.partition("run: checkpoints/")[2].split(",")[0].split("}")[0] in names, file


def test_the_newest_run_is_that_started_last(here: Path) -> None:
    with pytest.raises(ConfigError, match="contains no run yet"):
        find.newest()
    make("checkpoints/b", "checkpoints/z", "checkpoints/a")
    Path("checkpoints/plots").mkdir()
    assert find.newest() == Path("checkpoints/a")


def test_one_run_by_many_words(here: Path) -> None:
    make("checkpoints/mnist", "checkpoints/elm-mnist", "runs/sweep/a", "other/b", "other/c")
    Path("runs/sweep/a/best.pth").touch()
    Path("bare.pth").touch()
    for word, run in (
        ("checkpoints/mnist", "checkpoints/mnist"),
        ("mnist", "checkpoints/mnist"),
        ("runs/sweep", "runs/sweep/a"),
        ("runs", "runs/sweep/a"),
        ("runs/sweep/*", "runs/sweep/a"),
        ("checkpoints/elm*", "checkpoints/elm-mnist"),
        ("runs/*/*/best.pth", "runs/sweep/a/best.pth"),
        ("runs/sweep/a/best.pth", "runs/sweep/a/best.pth"),
        ("bare.pth", "bare.pth"),
    ):
        assert find.one(Path(word)) == Path(run), word


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("checkpoints", r"means 2 runs \(checkpoints/elm-mnist, checkpoints/mnist\); name one of them"),
        ("checkpoints/*", "means 2 runs"),
        ("checkpoints/mnits", r"there is no such run .*did you mean checkpoints/mnist\?"),
        ("mnits", r"did you mean checkpoints/mnist\?"),
        ("runs/mnist", r"did you mean checkpoints/mnist\?"),
        ("zork", "runs here: checkpoints/elm-mnist, checkpoints/mnist"),
        ("empty", "is not a run directory .*runs here"),
        ("mnist-data", "is not a run directory"),
        ("gone", "is a link to nowhere, which does not exist"),
        ("gone/mnist", "gone is a link to nowhere, which does not exist"),
        ("loop", "is a link that leads back to itself"),
        ("file/mnist", "file is a file, not a folder"),
        ("x" * 300, "there is no such run"),
        ("nul\0", "there is no such run"),
    ],
)
def test_words_that_mean_no_single_run(here: Path, word: str, told: str) -> None:
    make("checkpoints/mnist", "checkpoints/elm-mnist")
    Path("empty").mkdir()
    Path("mnist-data").mkdir()
    Path("file").touch()
    Path("gone").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    with pytest.raises(ConfigError, match=told):
        find.one(Path(word))


def test_a_name_in_the_working_folder_comes_first(here: Path) -> None:
    make("checkpoints/mnist")
    Path("mnist").mkdir()
    with pytest.raises(ConfigError, match=r"is not a run directory .*did you mean checkpoints/mnist\?"):
        find.one(Path("mnist"))


def test_several_runs_leave_out_what_is_none(here: Path) -> None:
    make("checkpoints/a", "checkpoints/a-10", "checkpoints/a-2", "runs/x/y")
    Path("checkpoints/README.md").write_text("# checkpoints")
    Path("checkpoints/plots").mkdir()
    runs, others = find.several(sorted(Path("checkpoints").iterdir()))
    assert sorted(runs) == [Path("checkpoints/a"), Path("checkpoints/a-10"), Path("checkpoints/a-2")]
    assert others == [Path("checkpoints/README.md"), Path("checkpoints/plots")]
    whole = [Path("checkpoints/a"), Path("checkpoints/a-2"), Path("checkpoints/a-10")]
    assert find.several([Path("checkpoints")]) == (whole, [])
    assert find.several([Path("checkpoints/*"), Path("checkpoints/a"), Path("a")]) == (whole, [])
    assert find.several([Path("checkpoints/a/config.yaml"), Path("runs")])[0] == [whole[0], Path("runs/x/y")]
    with pytest.raises(ConfigError, match=r"README.md: is a file outside any run directory"):
        find.several([Path("checkpoints/README.md")])
    with pytest.raises(ConfigError, match="there is no such run"):
        find.several([Path("checkpoints/a"), Path("checkpoints/b-77")])


def test_a_run_that_is_to_be_trained_first_is_told_with_its_config(fcnet: Run, tiny: Path) -> None:
    """Before images are read; and the command that is told makes it."""
    Path("configs/auto").mkdir(parents=True)
    values = tiny_config(Path("tiny"))
    values["model"] = {"kind": "autoencoder", "hidden": [8, 3], "activation": "tanh", "code_activation": "tanh"}
    write_config(Path("configs/auto/first.yaml"), values)
    values["model"] = {
        "hidden": [8, 3],
        "activation": "tanh",
        "init": {"name": "encoder", "run": "checkpoints/auto-first"},
    }
    write_config(Path("configs/auto/second.yaml"), values)
    outcome = fcnet("train", "-c", "configs/auto/second.yaml")
    assert outcome.code == 2
    assert "decoding" not in outcome.err
    command = outcome.errors[0].partition("train it with fcnet ")[2]
    assert command == "train -c configs/auto/first.yaml"
    assert fcnet(*command.split(), "train.epochs=1").code == 0
    assert fcnet("train", "-c", "configs/auto/second.yaml", "train.epochs=1").code == 0


def test_a_first_training_is_advised_that_works(fcnet: Run) -> None:
    """Also in an empty folder, by a config that comes with fcnet."""
    for words in (["eval"], ["train"], ["train", "--resume"], ["predict", "x.png"], ["eval", "digits"]):
        outcome = fcnet(*words)
        assert outcome.code == 2
        assert re.search(r"train -c digits|such as digits", outcome.errors[0])
    assert fcnet("eval", "elm-rf-ciw").errors[0].endswith("train it with fcnet train -c elm/rf-ciw")
    assert fcnet("train", "-c", "digits", "train.epochs=1").code == 0
    assert fcnet("eval").code == 0


def test_commands_for_another_kind_name_the_runs_that_would_do(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1").code == 0
    outcome = fcnet("encode", "checkpoints/tiny")
    assert outcome.code == 2
    assert outcome.errors[0].endswith("only autoencoders have codes; there are no runs of kind autoencoder here")
    make("checkpoints/auto", "runs/auto-2", kind="autoencoder")
    shutil.copytree("checkpoints/tiny", "runs/tiny")
    assert fcnet("encode", "checkpoints/tiny").errors[0].endswith("; runs of kind autoencoder here: checkpoints/auto")
    told = fcnet("predict", "runs/tiny", "tiny/test/0.png", "--out", "back").errors[0]
    assert told.endswith("is a classifier; runs of kind autoencoder here: runs/auto-2, checkpoints/auto")
