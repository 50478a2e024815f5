"""An error's advice, followed to the letter, leads where it says."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config

TRAIN = "train -c tiny/tiny.yaml train.epochs=1"
ELM = "train -c tiny/elm.yaml"


@dataclass(frozen=True)
class Case:
    """A command that fails, and what its error says to do.

    Attributes:
        fails: the command.
        told: a pattern for the advice in the error; its groups are put in place of {1}, {2} in ``works``.
        works: the command, as advised.
        before: commands that go before it.
        also: what else is done before.
    """

    fails: str
    told: str
    works: str
    before: tuple[str, ...] = ()
    also: Callable[[], None] | None = None


def bare() -> None:
    shutil.copy("run/model.pth", "bare.pth")


def bare_autoencoder() -> None:
    shutil.copy("auto/model.pth", "bare.pth")


def another_host() -> None:
    Path("run/ckpt/owner.json").write_text(json.dumps({"host": "elsewhere", "pid": 1}))


def unfinished() -> None:
    Path("run/result.json").unlink()
    Path("run/model.pth").unlink()


def without_config() -> None:
    Path("run/config.yaml").write_text("data: [\n")


RUN = (f"{TRAIN} --out run",)
AUTO = ("train -c tiny/auto.yaml --out auto",)

CASES = {
    "no run yet": Case("eval", r"train one with fcnet (train -c \S+)", "{1} --out x train.epochs=1"),
    "no config": Case("train", r"such as (\S+)", "train --config {1} train.epochs=1"),
    "no config to show": Case("config show", r"such as (\S+)", "config show {1}"),
    "a config's near name": Case("train -c tiny/tinny.yaml", r"did you mean (\S+)\?", "train -c {1} train.epochs=1"),
    "a run's near name": Case(
        "eval rum", r"did you mean (\S+)\?", "eval {1}", before=(f"{TRAIN} --out checkpoints/run",)
    ),
    "a run to train first": Case(
        "eval checkpoints/digits", r"train it with fcnet (.*)", "{1} train.epochs=1", before=(f"{TRAIN} --out run",)
    ),
    "an option": Case(f"{TRAIN} --lr 0.1", r"settings are KEY=VALUE: (\S+)", f"{TRAIN} {{1}}"),
    "a list": Case(f"{TRAIN} --hidden 5", r"settings are KEY=VALUE: (\S+)", f"{TRAIN} {{1}}"),
    "a device": Case(f"{TRAIN} --cpu", r"write (.*)", f"{TRAIN} {{1}}"),
    "the option before": Case("--seed 1 train tiny/tiny.yaml train.epochs=1", r"after the command: fcnet (.*)", "{1}"),
    "a command": Case("evaluate run", r"did you mean fcnet (\w+)\?", "{1} run", before=RUN),
    "a bare model file, eval": Case("eval bare.pth", "with (--config)", "eval bare.pth {1} tiny/tiny.yaml", RUN, bare),
    "a bare model file, predict": Case(
        "predict bare.pth tiny/test", "with (--config)", "predict bare.pth {1} tiny/tiny.yaml tiny/test", RUN, bare
    ),
    "a bare model file, encode": Case(
        "encode bare.pth", "with (--config)", "encode bare.pth {1} tiny/auto.yaml", AUTO, bare_autoencoder
    ),
    "a checkpoint": Case("eval run/ckpt/epoch-2-step-0.pt", r"give its run directory, (\S+)", "eval {1}", RUN),
    "another kind": Case(
        "encode run",
        r"runs of kind autoencoder here: ([^ ,]+)",
        "encode {1}",
        before=(f"{TRAIN} --out run", "train -c tiny/auto.yaml"),
    ),
    "several runs": Case(
        "eval runs", r"name one of them", "eval runs/b", before=(f"{TRAIN} --out runs/a", f"{TRAIN} --out runs/b")
    ),
    "losses of different things": Case(
        "plot run auto", r"plot them separately: fcnet (plot \S+) and fcnet (plot \S+)", "{2}", before=(*RUN, *AUTO)
    ),
    "a run is there: anew": Case(f"{TRAIN} --out run", "use (--overwrite) to replace", f"{TRAIN} --out run {{1}}", RUN),
    "a run is there: go on": Case(
        f"{TRAIN} --out run", "(--resume) to resume it", f"{TRAIN} train.epochs=2 --out run {{1}}", RUN
    ),
    "a run in a config's place": Case("train run", r"to resume it: fcnet (.*)", "{1}", before=RUN),
    "a run of another host": Case(
        f"{TRAIN} --out run --resume train.epochs=2",
        r"take the run over with (--force)",
        f"{TRAIN} --out run --resume train.epochs=2 {{1}}",
        RUN,
        another_host,
    ),
    "no model yet": Case(
        "eval run", r"resume it with: fcnet (train --resume run)", "{1} train.epochs=2", RUN, unfinished
    ),
    "a damaged config": Case(
        "train --resume run",
        r"give a valid copy with (--config) FILE",
        f"{TRAIN} --resume run",
        RUN,
        without_config,
    ),
    "a ridge that is too small: larger": Case(
        f"{ELM} solve.precision=fp64",
        r"use about (\S+) or more",
        f"{ELM} solve.precision=fp64 solve.solver.ridge={{1}}",
    ),
    "a ridge that is too small: pinv": Case(f"{ELM} solve.precision=fp64", r"or (solve.solver=pinv)", f"{ELM} {{1}}"),
    "a ridge that is too small: fp64": Case(
        f"{ELM} solve.precision=fp32 solve.solver.ridge=1e-9",
        r"(solve.precision=fp64)",
        f"{ELM} solve.solver.ridge=1e-9 {{1}}",
    ),
    "no test images": Case(
        "eval run", r"choose (train)", "eval run --split {1}", (f"{TRAIN} data.test=null --out run",)
    ),
    "no validation images": Case(
        f"{ELM} solve.solver={{name: ridge, ridge: [1.0, 2.0], choose: validation}}",
        r"set (data.validation)",
        f"{ELM} solve.solver={{name: ridge, ridge: [1.0, 2.0], choose: validation}} {{1}}=9",
    ),
    "batch norm's last image": Case(
        f"{TRAIN} model.batch_norm=true train.batch_size=59", "choose another size", f"{TRAIN} model.batch_norm=true"
    ),
    "two kinds of training": Case(
        "train -c tiny/tiny.yaml model={kind: elm, hidden: 8}",
        r"or write (train: null)",
        "train -c tiny/tiny.yaml model={kind: elm, hidden: 8} train=null",
    ),
    "a data set that is not there": Case(
        "eval digits",
        r"write it with: fcnet (data digits --out \S+)",
        "{1}",
        before=("train configs/digits.yaml train.epochs=1",),
        also=lambda: shutil.rmtree("data"),
    ),
    "labels without images": Case(
        "eval run --labels tiny/test.txt",
        r"needs (--images) DIR",
        "eval run --labels tiny/test.txt {1} tiny/test",
        RUN,
    ),
    "overwrite without out": Case(f"{TRAIN} --overwrite", r"needs (--out) DIR", f"{TRAIN} {{1}} run --overwrite", RUN),
    "a bare output": Case("encode auto --out codes", "name that ends in .npz", "encode auto --out codes.npz", AUTO),
}


def words(command: str) -> list[str]:
    """The words of a command; a mapping, with its blanks, is one."""
    return shlex.split(re.sub(r"(\S+=\{[^}]*\})", r"'\1'", command))


@pytest.mark.parametrize("name", CASES)
def test_advice_can_be_followed(fcnet: Run, tiny: Path, auto: Callable[..., Path], name: str) -> None:
    case = CASES[name]
    Path("configs").mkdir()
    shutil.copy(ROOT / "configs/digits.yaml", "configs")
    values = tiny_config(tiny)
    del values["train"]
    values["model"] = {"kind": "elm", "hidden": 300}
    values["solve"] = {"solver": {"name": "ridge", "ridge": 1e-30}}
    write_config(tiny / "elm.yaml", values)
    auto(train={"epochs": 1})
    for command in case.before:
        assert fcnet(*words(command)).code == 0, command
    if case.also is not None:
        case.also()
    outcome = fcnet(*words(case.fails))
    assert outcome.code not in (0, 1)
    found = re.search(case.told, "\n".join(outcome.errors))
    assert found, outcome.errors
    command = case.works
    for number, group in enumerate(found.groups(), 1):
        command = command.replace(f"{{{number}}}", group)
    assert "{" not in re.sub(r"=\{.*?\}", "", command)
    advised = fcnet(*words(command))
    assert advised.code == 0, advised.err


def test_advice_for_what_is_so_already_is_not_given(fcnet: Run, tiny: Path) -> None:
    values = tiny_config(tiny)
    del values["train"]
    values["model"] = {"kind": "elm", "hidden": 300}
    values["solve"] = {"solver": {"name": "ridge", "ridge": 1e-30}, "precision": "fp64"}
    outcome = fcnet("train", "-c", write_config(tiny / "elm.yaml", values))
    assert outcome.code == 2
    assert "fp64" not in outcome.errors[0]
