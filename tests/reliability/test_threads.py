"""``threads`` through the command line: the same bits with every number, also after a resumption."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fcnet.system.threads import limits
from fcnet.training.threads import giving_way
from fcnet.training.threads.equal_bits import Equality
from helpers.command_line import Run
from helpers.runs import WORDS, same


def apart(*words: str) -> str:
    """Run a command in a process of its own, in which up to as many threads as cores may start; return its output."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    command = [sys.executable, "-m", "fcnet", *words, "-v"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.skipif(limits.allowed(environ={}) < 2, reason="needs two cores")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_all_numbers_give_the_same_run(fcnet: Run, tiny: Path, at_step: Callable[..., None], precision: str) -> None:
    words = (*WORDS, f"train.precision={precision}", "model.dropout=0.3")
    told = apart(*words, "--out", "whole")
    assert "cpu: up to " in told
    assert ", chosen while training (equal bits on 6 steps)\n" in told
    assert "cpu: 1 thread\n" in apart(*words, "threads=1", "--out", "one")
    assert same("one", "whole")
    at_step(5, signal.SIGTERM)
    assert fcnet(*words, "threads=1", "--out", "cut").code == 75
    told = apart(*words, "threads=2", "--out", "cut", "--resume")
    assert "cpu: 2 threads\n" in told
    assert "warning" not in told
    assert same("cut", "whole")
    environment = json.loads(Path("cut/environment.json").read_text())
    assert (environment["threads"], environment["resumed"][0]["threads"]) == (1, 2)


def test_another_number_is_warned_of_if_bits_differ(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS, "threads=1").code == 75
    monkeypatch.setattr(limits, "allowed", lambda: 2)
    monkeypatch.setattr(giving_way, "compare", lambda *_: Equality(6, training=False, evaluation=True))
    outcome = fcnet(*WORDS, "threads=2", "--resume")
    assert outcome.code == 0
    assert "fcnet: warning: threads was 1 and is now 2: the last bits of the results may differ" in outcome.err


def test_a_closed_form_is_warned_of(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*WORDS, "model={kind: elm, hidden: 20}", "train=null", "--out", "elm")
    assert fcnet(*words, "threads=1").code == 0
    Path("elm/result.json").unlink()
    monkeypatch.setattr(limits, "allowed", lambda: 2)
    outcome = fcnet(*words, "threads=2", "--resume", "-v")
    assert outcome.code == 0, outcome.err
    assert "fcnet: warning: threads was 1 and is now 2: the last bits" in outcome.err
    assert "cpu: 2 threads\n" in outcome.out


def test_more_than_allowed_is_an_error(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    outcome = fcnet(*WORDS, "threads=2")
    assert outcome.code == 2
    assert outcome.errors == [
        "threads: is 2; this process may use 1 (the least of its cores, its control group's quota and OMP_NUM_THREADS);"
        " set it to at most 1, or to auto"
    ]
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("0", "is 0; should be a whole number of at least 1"),
        ("1.5", "is 1.5; should be auto, or a whole number of at least 1"),
        ("all", "is 'all'; should be auto, or a whole number of at least 1"),
    ],
)
def test_other_values_are_refused(fcnet: Run, tiny: Path, value: str, told: str) -> None:
    outcome = fcnet(*WORDS, f"threads={value}")
    assert outcome.code == 2
    assert outcome.errors == [f"command line: threads: {told}"]
