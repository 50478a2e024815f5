"""Signals finish the step, save and exit with 75."""

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fcnet.rundir import environment, log
from fcnet.system import files
from fcnet.training import loop
from helpers.command_line import Run
from helpers.processes import finish, launch, start, wait_for
from helpers.runs import WORDS, same

pytestmark = [
    pytest.mark.usefixtures("way"),
    pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals"),
]

# Compared with a run that was trained one by one: the same steps in bursts are another machine's.
ONE_BY_ONE = pytest.mark.parametrize("way", ["one by one"], indirect=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGHUP])
def test_signals_finish_the_step_save_and_exit_75(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], number: signal.Signals
) -> None:
    assert fcnet(*WORDS, "--out", "whole").code == 0
    at_step(14, number, number if number == signal.SIGTERM else 0)  # repeated TERM is harmless
    outcome = fcnet(*WORDS)
    assert outcome.code == 75
    assert outcome.err.splitlines()[-1] == (
        f"fcnet: stopped: {number.name} after epoch 2, step 5; saved; resume with: fcnet train --resume"
        " checkpoints/tiny"
    )
    result = json.loads(Path("checkpoints/tiny/result.json").read_text())
    assert (result["ended"], result["signal"], result["epoch"]) == ("stopped", number.name, 1)
    assert fcnet("eval", "checkpoints/tiny").code == 0  # the weights so far
    assert fcnet(*WORDS, "--resume").code == 0
    assert same("checkpoints/tiny", "whole")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # the handlers are given back


def test_a_second_int_exits_at_once_with_130(fcnet: Run, tiny: Path, at_step: Callable[..., None]) -> None:
    assert fcnet(*WORDS, "train.save_every=0", "--out", "whole").code == 0
    at_step(14, signal.SIGINT, signal.SIGINT)
    outcome = fcnet(*WORDS, "train.save_every=0", "--out", "cut")
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1] == "fcnet: interrupted"
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


PLACES = {
    "evaluation": (loop, "evaluate"),
    "save": (files, "write_bytes"),
    "the metrics": (log, "append"),
    "start-up": (environment, "write_start"),
}


@pytest.mark.parametrize("place", PLACES)
def test_term_in_other_places_loses_nothing(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    words = (*WORDS, "train.save_every=0.05")
    assert fcnet(*words, "--out", "whole").code == 0
    module, name = PLACES[place]
    call = getattr(module, name)

    def signalled(*args: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return call(*args)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, signalled)
        assert fcnet(*words, "--out", "cut").code == 75
    assert fcnet(*words, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


def test_term_before_the_first_step_leaves_nothing(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fcnet.data.images import decode

    read = decode.read

    def signalled(*args: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(decode, "read", signalled)
    outcome = fcnet(*WORDS)
    assert outcome.code == 75
    assert outcome.err.splitlines()[-1].startswith("fcnet: stopped: SIGTERM before training began; nothing was lost")
    assert not Path("checkpoints").exists()


LONG = ("train.epochs=100000", "train.log_every=1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_as_slurm_sends_it(tiny: Path, number: signal.Signals) -> None:
    process = start(tiny.parent, *WORDS, *LONG)
    wait_for(process, "Epoch [2/")
    os.killpg(process.pid, number)
    code, out = finish(process)
    assert code == 75
    assert "Traceback" not in out
    assert re.search(rf"fcnet: stopped: {number.name} after epoch \d+", out)


@ONE_BY_ONE
def test_hup_under_nohup_goes_on(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=60", "--out", "whole").code == 0
    command = ["nohup", sys.executable, "-m", "fcnet", *WORDS, "train.epochs=60", "--out", "held"]
    process = launch(command, tiny.parent)
    wait_for(process, "Epoch [2/")
    process.send_signal(signal.SIGHUP)
    code, out = finish(process)
    assert code == 0, out
    assert same("held", "whole")


def test_the_words_of_the_signals_are_those_of_the_platform() -> None:
    from fcnet.system import signals

    assert [name for name in signals.STOPPING if not hasattr(signal, name)] == []
