"""Runs trained together, killed (SIGKILL) and resumed until all are finished."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.runs import same

PROGRAM = """
import os
import signal
import sys
from pathlib import Path
from fcnet import schema
from fcnet.commands.together.run import Job, run_together
from fcnet.commands.train import RunResult
from fcnet.rundir.target import Target
from fcnet.system import files
SHARED = ["train.epochs=30", "train.save_every=0.02", "threads=1"]
MIXED = [["seed=1"], ["seed=2", "train.optimizer.lr=1e+30"], ["seed=3", "train.schedule=cosine"],
         ["seed=4", "train.label_smoothing=0.1"]]
jobs = [
    Job(schema.load(Path("tiny/tiny.yaml"), [*words, *SHARED]),
        Target("tiny", out=Path(sys.argv[1]) / str(number), resume=True))
    for number, words in enumerate(MIXED)
]
left, write = int(sys.argv[2]), files.write_bytes


def dying(*arguments):  # after so many files: between those of one run, or between two runs
    global left
    write(*arguments)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


files.write_bytes = dying
print([isinstance(one, RunResult) for one in run_together(jobs)], flush=True)
"""
FINISHED = "[True, False, True, True]"  # the second diverges


def ended(folder: str, after: int = 0) -> str | None:
    """What a group says at its end; None if it was killed after so many files."""
    words = [sys.executable, "-c", PROGRAM, folder, str(after)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.strip() if done.returncode == 0 else None


@pytest.mark.parametrize(
    ("seed", "kills"), [(1, 3), pytest.param(2, 20, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]
)
def test_killed_between_files_it_ends_in_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, seed: int, kills: int
) -> None:
    """The kills fall into the beginning, the resumption and the saving; the one that diverges stays as it ended."""
    monkeypatch.chdir(tiny.parent)
    assert ended("whole") == FINISHED
    draws = random.Random(seed)
    moments = [draws.randint(1, 60) for _ in range(kills)]
    killed = [ended("cut", moment) is None for moment in moments]
    assert any(killed), moments
    assert ended("cut") == FINISHED
    for number in (0, 2, 3):
        assert same(f"cut/{number}", f"whole/{number}"), moments
    for name in ("cut", "whole"):
        assert json.loads(Path(f"{name}/1/result.json").read_text())["ended"] == "diverged"
    assert Path("cut/1/model.pth").read_bytes() == Path("whole/1/model.pth").read_bytes()
