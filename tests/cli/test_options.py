"""Options and settings that the commands do not know: each error says what to write."""

from pathlib import Path

import pytest

from helpers.command_line import Run

TRAIN = ["train", "-c", "tiny/tiny.yaml"]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("--lr 0.1", "settings are KEY=VALUE: train.optimizer.lr=0.1"),
        ("--lr=0.1", "settings are KEY=VALUE: train.optimizer.lr=0.1"),
        ("--learning-rate 1e-3", "train.optimizer.lr=1e-3"),
        ("--epochs 3", "train.epochs=3"),
        ("--num-epochs=3", "train.epochs=3"),
        ("--batch-size 64", "train.batch_size=64"),
        ("--batch_size 64", "train.batch_size=64"),
        ("--hidden 100", '"model.hidden=[100]"'),
        ("--hidden 300 100", '"model.hidden=[300, 100]"'),
        ("--hidden 300,100", '"model.hidden=[300, 100]"'),
        ("--image-size 28", '"data.image_size=[28, 28]"'),
        ("--dropout 0.5", "model.dropout=0.5"),
        ("--batch-norm", "model.batch_norm=true"),
        ("--optimizer sgd", "train.optimizer=sgd"),
        ("--optimiser sgd", "settings are KEY=VALUE: train.optimizer=sgd"),
        ("--optimizr sgd", "did you mean train.optimizer=sgd?"),
        ("--amp", "train.precision=bf16"),
        ("--train.epochs=3", "train.epochs=3"),
        ("--train.epochs 3", "train.epochs=3"),
        ("--model mlp", "one of model.activation, "),
        ("--gpu 0", "write --device cuda:0"),
        ("--gpu", "write --device cuda"),
        ("--cuda", "write --device cuda"),
        ("--cpu", "write --device cpu"),
        ("--no-cuda", "write --device cpu"),
        ("--workers 4", "fcnet has no workers"),
        ("--threads 4", "settings are KEY=VALUE: threads=4"),
        ("--num-threads 4", "settings are KEY=VALUE: threads=4"),
        ("--silent", "write -q"),
        ("--log-level debug", "write -v, and for the traceback of an error --debug"),
        ("--output runs/x", "write --out runs/x"),
        ("--cfg x.yaml", "write --config x.yaml"),
        ("--confg=x.yaml", "did you mean --config?"),
        ("--Seed 3", "write --seed"),
        ("--random-state 3", "write --seed 3"),
        ("--json", "is an option of eval, predict, runs, compare, export, sweep status, not of train"),
        ("--zzz 3", "no such option; see fcnet train --help"),
    ],
)
def test_unknown_options_of_a_training(fcnet: Run, tiny: Path, words: str, advice: str) -> None:
    outcome = fcnet(*TRAIN, *words.split())
    assert outcome.code == 2
    option = words.split()[0].split("=")[0]
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith(f"command line: {option}: ")
    assert advice in outcome.errors[0]
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("eval --batch-size 3", "eval uses the settings of the run"),
        ("eval --gpu 0", "write --device cuda:0"),
        ("eval --checkpoint x.pth", "name the RUN without an option: fcnet eval x.pth"),
        ("predict --image x.png", "name images without an option, after the RUN: fcnet predict RUN x.png"),
        ("predict --model run x.png", "name the RUN without an option: fcnet predict run IMAGE"),
        ("data digits --cuda", "leave it out, because this command does not use a device"),
        ("config show x.yaml --epochs 3", "train.epochs=3"),
        ("config show x.yaml --cpu", "write device=cpu"),
        ("eval --split tests", "did you mean test? See fcnet eval --help"),
        (
            "data mnst",
            "did you mean mnist? the commands are mnist, fashion-mnist, kmnist, emnist-letters, emnist-balanced,"
            " digits, import",
        ),
        ("train --config", "requires an argument. See fcnet train --help"),
        ("train x.yaml --seed one", "Invalid value for '--seed'"),
    ],
)
def test_what_the_parser_refuses_of_other_commands(fcnet: Run, words: str, advice: str) -> None:
    outcome = fcnet(*words.split())
    assert outcome.code == 2
    assert advice in outcome.errors[0]
    assert "Value error" not in outcome.errors[0]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["train.epochs", "=", "3"], "has spaces around its equals sign; write train.epochs=3"),
        (["train.epochs=", "3"], "has spaces around its equals sign; write train.epochs=3"),
        (["train.epochs", "=3"], "has spaces around its equals sign; write train.epochs=3"),
        (["seed=1", "train.epochs:", "3"], "is written as in a file; here write train.epochs=3"),
        (["epochs:3"], "is written as in a file; here write train.epochs=3"),
        (["train.epochs", "3"], "is a key without a value; write train.epochs=3"),
        (["train.epochs"], "is a key without a value; write train.epochs=VALUE"),
        (["epochs", "3"], "write train.epochs=3"),
        (["model.hidden", "300"], 'write "model.hidden=[300]"'),
        (["nonsense"], "overrides are KEY=VALUE"),
    ],
    ids=" ".join,
)
def test_words_that_are_no_settings(fcnet: Run, tiny: Path, words: list[str], advice: str) -> None:
    for command in (TRAIN, ["config", "show", "tiny/tiny.yaml"]):
        outcome = fcnet(*command, *words)
        assert outcome.code == 2
        assert advice in outcome.errors[0]


def test_a_misspelt_config_has_near_names(fcnet: Run, tiny: Path) -> None:
    Path("configs/deep").mkdir(parents=True)
    for name in ("tiny", "deep/tiny", "deep/other"):
        Path("configs", name + ".yaml").write_text(Path("tiny/tiny.yaml").read_text())
    for words, meant in (
        (["-c", "configs/tinz.yaml"], "configs/tiny.yaml"),
        (["configs/tinny.yaml"], "configs/tiny.yaml"),
        (["-c", "othre"], "configs/deep/other.yaml"),
        (["-c", "mnits"], "mnist"),
        (["-c", "elm/rf_ciw"], "elm/rf-ciw"),
        (["-c", "tiny/tny.yaml"], "tiny/tiny.yaml"),
    ):
        outcome = fcnet("train", *words)
        assert outcome.code == 2
        assert outcome.errors[0].endswith(f"there is no such file; did you mean {meant}?")
    assert "fcnet config list shows" in fcnet("train", "-c", "zork").errors[0]


def test_a_run_in_the_place_of_a_config(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*TRAIN, "train.epochs=1", "--out", "run").code == 0
    for words in (["train", "run"], ["train", "-c", "run"]):
        assert "fcnet train --resume run" in fcnet(*words).errors[0]
