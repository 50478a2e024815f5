"""One job to a run directory."""

import json
import re
import signal
import sys
from pathlib import Path

import pytest

from helpers.command_line import Run
from helpers.processes import finish, start, wait_for
from helpers.runs import WORDS, same

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals")


def test_a_second_job_is_exit_7_and_the_first_is_unharmed(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=90", "--out", "whole").code == 0
    first = start(tiny.parent, *WORDS, "train.epochs=90", "train.log_every=1", "train.save_every=0", "--out", "mine")
    wait_for(first, "Epoch [2/")
    for words in (["--resume"], ["--resume", "--force"], ["--overwrite"]):
        outcome = fcnet(*WORDS, "train.epochs=90", "--out", "mine", *words)
        assert outcome.code == 7
        assert re.match(rf"mine: is in use by process {first.pid} on \S+ \(started .*, last seen", outcome.errors[0])
    first.send_signal(signal.SIGTERM)
    assert finish(first)[0] == 75
    assert not Path("mine/ckpt/owner.json").exists()
    assert fcnet(*WORDS, "train.epochs=90", "train.log_every=1", "--out", "mine", "--resume").code == 0
    assert Path("mine/model.pth").read_bytes() == Path("whole/model.pth").read_bytes()


def test_many_jobs_that_start_at_once_share_nothing(tiny: Path) -> None:
    """With --resume and one --out, one of them trains; without, each has a directory of its own."""
    together = [start(tiny.parent, *WORDS, "train.epochs=50", "--out", "one", "--resume") for _ in range(2)]
    codes = sorted(finish(process)[0] for process in together)
    assert codes[0] == 0
    assert set(codes) <= {0, 7}
    apart = [start(tiny.parent, *WORDS) for _ in range(2)]
    assert [finish(process)[0] for process in apart] == [0, 0]
    assert {path.name for path in (tiny.parent / "checkpoints").iterdir()} == {"tiny", "tiny-2"}


def owner(**facts: object) -> str:
    return json.dumps(
        {"host": "elsewhere", "pid": 4711, "start": "now", "job": None, "restarts": 0, "heartbeat": "now"} | facts
    )


def test_a_stale_owner_of_this_host_is_recognised_and_one_of_another_takes_force(
    fcnet: Run, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    (stopped / "ckpt/owner.json").write_text(owner())
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 7
    assert outcome.errors == [
        "cut: is held by process 4711 on elsewhere (started now, last seen now), which may still be running there; if"
        " it has ended, take the run over with --force"
    ]
    (stopped / "ckpt/owner.json").write_text(owner(job="77", restarts=0))
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 7  # the same job, but not started again
    monkeypatch.delenv("SLURM_JOB_ID")
    assert fcnet(*WORDS, "--out", "cut", "--resume", "--force").code == 0
    assert same("cut", "whole")
    (stopped / "ckpt/owner.json").write_text(owner(host=socket.gethostname()))
    assert fcnet(*WORDS, "--out", "cut", "--resume", "train.epochs=4").code == 0
    (stopped / "ckpt/owner.json").write_text(owner(job="77"))
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert fcnet(*WORDS, "--out", "cut", "--resume", "train.epochs=5").code == 0
