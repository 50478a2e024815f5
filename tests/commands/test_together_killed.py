"""Runs trained together, killed at any moment (SIGKILL) and resumed until all are finished."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.runs import same

PROGRAM = """
import sys
from pathlib import Path
from fcnet import schema
from fcnet.commands import train
from fcnet.commands.together.run import Job, run_together
from fcnet.commands.train import RunResult
from fcnet.rundir.target import Target
train.draw = lambda *_: []  # figures take longer than all the training here
SHARED = ["train.epochs=30", "train.save_every=0.02", "threads=1"]
MIXED = [["seed=1"], ["seed=2", "train.optimizer.lr=1e+30"], ["seed=3", "train.schedule=cosine"],
         ["seed=4", "train.label_smoothing=0.1"]]
jobs = [
    Job(schema.load(Path("tiny/tiny.yaml"), [*words, *SHARED]),
        Target("tiny", out=Path(sys.argv[1]) / str(number), resume=True))
    for number, words in enumerate(MIXED)
]
print("ready", flush=True)
print([isinstance(one, RunResult) for one in run_together(jobs)], flush=True)
"""
SECONDS = 0.7  # of a group, from ready to its end, on a slow machine more: kills fall before and within the training


def start(folder: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, folder], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_ends_in_the_same(tiny: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """The kills fall into reading, steps and saving; the second run diverges, and stays as it ended."""
    monkeypatch.chdir(tiny.parent)
    whole = start("whole")
    assert whole.communicate(timeout=100)[0].splitlines()[-1] == "[True, False, True, True]"
    draws, kills = random.Random(seed), 0
    for _ in range(6):
        process = start("cut")
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        time.sleep(draws.uniform(0.1, SECONDS))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate(timeout=60)
    last = start("cut")
    assert last.communicate(timeout=100)[0].splitlines()[-1] == "[True, False, True, True]"
    assert kills
    for number in (0, 2, 3):
        assert same(f"cut/{number}", f"whole/{number}")
    for name in ("cut", "whole"):
        assert json.loads(Path(f"{name}/1/result.json").read_text())["ended"] == "diverged"
    assert Path("cut/1/model.pth").read_bytes() == Path("whole/1/model.pth").read_bytes()
    shutil.rmtree("cut")
