"""What people type first: commands, help, options before them or twice."""

from pathlib import Path

import pytest

from fcnet import __version__
from helpers.command_line import Run
from helpers.tiny import write_config


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["-h"], ["--help"]),
        (["help"], ["--help"]),
        (["train", "-h"], ["train", "--help"]),
        (["help", "train"], ["train", "--help"]),
        (["train", "help"], ["train", "--help"]),
        (["help", "config", "show"], ["config", "show", "--help"]),
        (["config", "show", "-h"], ["config", "show", "--help"]),
        (["config", "help"], ["config", "--help"]),
    ],
    ids=" ".join,
)
def test_help_is_where_it_is_looked_for(fcnet: Run, words: list[str], same: list[str]) -> None:
    asked = fcnet(*words)
    assert asked.code == 0
    assert asked.out == fcnet(*same).out


@pytest.mark.parametrize("word", ["version", "-V"])
def test_version_is_a_command_too(fcnet: Run, word: str) -> None:
    assert fcnet(word).out == f"fcnet {__version__}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trian"], "trian: no such command; did you mean fcnet train? the commands are train, eval"),
        (["evaluate"], "did you mean fcnet eval?"),
        (["check", "x.yaml"], "did you mean fcnet config check?"),
        (
            ["zork"],
            "zork: no such command; the commands are train, eval, plot, predict, encode, runs, compare, export, report",
        ),
        (["list"], "did you mean fcnet runs?"),
        (["ttest"], "did you mean fcnet compare?"),
        (["fcnet", "train"], "fcnet: is the program's own name; give it only once"),
        (["x.yaml", "seed=1"], "a command must come first: fcnet train x.yaml seed=1"),
        (["digits", "seed=1"], "a command must come first: fcnet train digits seed=1"),
        (["--seed", "1", "train", "x.yaml"], "options go after the command: fcnet train --seed 1 x.yaml"),
        (["-c", "x.yaml"], "-c: a command must come first"),
        (
            ["config", "shwo", "x.yaml"],
            "did you mean fcnet config show x.yaml? the commands are list, init, show, check, schema",
        ),
        (["config", "x.yaml"], "did you mean fcnet config show x.yaml?"),
        (["train", "x.yaml", "--out", "a", "--out=b"], "--out: is given twice (a and b); give one"),
        (["train", "x.yaml", "--resume", "--resume", "a"], "--resume: is given twice (the newest and a); give one"),
        (["train", "--seed", "1", "--seed", "1"], "--seed: is given twice"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_words_are_answered_by_what_there_is(fcnet: Run, words: list[str], told: str) -> None:
    outcome = fcnet(*words)
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert told in outcome.errors[0]


def test_a_config_needs_no_option_before_it(fcnet: Run, tiny: Path) -> None:
    outcome = fcnet("train", "tiny/tiny.yaml", "train.epochs=1", "--seed", 3)
    assert outcome.code == 0
    assert "seed 3, into checkpoints/tiny" in outcome.out
    assert fcnet("train", "-c=tiny/tiny.yaml", "train.epochs=1").code == 0
    assert fcnet("train", "-ctiny/tiny.yaml", "train.epochs=1").code == 0
    shown = fcnet("config", "show", "tiny/tiny.yaml", "seed=5").out
    assert fcnet("config", "show", "--config", "tiny/tiny.yaml", "seed=5").out == shown


@pytest.mark.parametrize("words", [["-c", "a.yaml", "-c", "sub/b.yaml"], ["a.yaml", "sub/b.yaml"]], ids=" ".join)
def test_of_two_configs_one_extends_the_other(fcnet: Run, tiny: Path, words: list[str]) -> None:
    """And what the error advises, done to the letter, is a config of both."""
    Path("a.yaml").write_text(Path("tiny/tiny.yaml").read_text())
    Path("sub").mkdir()
    write_config(Path("sub/b.yaml"), {"seed": 7})
    told = fcnet("train", *words).errors[0]
    assert "begin sub/b.yaml with the line 'extends: ../a.yaml'" in told
    line = told.partition("the line '")[2].partition("'")[0]
    Path("sub/b.yaml").write_text(f"{line}\n" + Path("sub/b.yaml").read_text())
    assert "seed: 7" in fcnet("config", "show", "sub/b.yaml").out
