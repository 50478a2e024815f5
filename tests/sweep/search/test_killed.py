"""Workers that are killed at random moments lose no trial, begin none twice, and no more than planned."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fcnet.sweep.plan.search import Search
from fcnet.sweep.search.study import Study
from helpers import processes, search_worker, seeds
from helpers.searching import run_all, value_of

ROOT = Path(__file__).parents[3]


def start(folder: Path, search: Search) -> subprocess.Popen[str]:
    path = os.pathsep.join(str(ROOT / one) for one in ("src", "tests"))
    command = [sys.executable, "-W", "error", search_worker.__file__, str(folder), search.model_dump_json()]
    return processes.launch(command, ROOT, env=os.environ | {"PYTHONPATH": path})


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} has not come within a minute"
        time.sleep(0.01)


def undisturbed(folder: Path, search: Search) -> list[dict[str, Any]]:
    """The settings that one worker tries which nobody kills, in an SQLite file."""
    folder.mkdir()
    with Study(folder, search.model_copy(update={"storage": None}), "alone", search_worker.EPOCHS) as study:
        return [one.changes for one in run_all(study)]


def check(folder: Path, search: Search) -> None:
    """All trials are there once, complete, with their own results; their settings are those of a quiet search."""
    with Study(folder, search, "killed", search_worker.EPOCHS) as study:
        assert study.next() is None
        trials = study.trials()
        reports = [one.intermediate_values for one in study.optuna.trials]
    assert [one.number for one in trials] == list(range(search.trials))
    assert {one.state for one in trials} == {"complete"}
    assert [one.value for one in trials] == [value_of(one.changes) for one in trials]
    assert [one.changes for one in trials] == undisturbed(folder / "alone", search)
    assert [sorted(one) for one in reports] == [[1, 2, 3]] * len(reports)  # a server returns them in any order
    begun = [json.loads(line) for line in (folder / "begun").read_text().splitlines()]
    assert len({number for number, _ in begun}) == len(begun)  # none was handed out twice
    assert all(trials[number].changes == changes for number, changes in begun)


def killing(folder: Path, search: Search, kills: int, workers: int, longest: float) -> None:
    chance = seeds.chance(f"{folder.name} {kills}")
    running = [start(folder, search) for _ in range(workers)]
    wait_for(folder / "ready")
    for _ in range(kills):
        time.sleep(chance.uniform(0, longest))
        victim = chance.randrange(workers)
        processes.kill(running[victim])
        running[victim].wait(60)
        running[victim] = start(folder, search)
    for process in running:
        code, printed = processes.finish(process)
        assert (code, printed) == (0, "")


def test_a_kill(tmp_path: Path, anywhere: Any) -> None:
    search = anywhere(16, sampler="random", pruner="none")
    killing(tmp_path, search, kills=1, workers=2, longest=0.3)
    check(tmp_path, search)


@pytest.mark.long
def test_thirty_kills(tmp_path: Path, anywhere: Any) -> None:
    search = anywhere(200, sampler="random", pruner="none")
    killing(tmp_path, search, kills=30, workers=3, longest=1.2)
    check(tmp_path, search)
