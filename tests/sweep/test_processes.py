"""``fcnet sweep run`` as real processes: signals, deaths, and what is left of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fcnet.sweep import status
from fcnet.sweep.disk.folder import Folder
from helpers import processes
from helpers.runs import same
from helpers.sweeps import begun, work, write_sweep
from helpers.tiny import tiny_config, write_config

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


def wait(until: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def workers_of(parent: int) -> list[int]:
    """The children of a process that still run."""
    found = subprocess.run(["ps", "-o", "pid=,stat=", "--ppid", str(parent)], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if "Z" not in line.split()[1]]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def slow(tiny: Path) -> Path:
    """A sweep file of six runs that take long enough to be disturbed."""
    values = tiny_config(tiny)
    values["train"] |= {"epochs": 150, "save_every": 0.2}
    return write_sweep(tiny / "slow.yaml", write_config(tiny / "slow-run.yaml", values), seeds=6, workers=2)


def is_training(out: Path) -> bool:
    return len(list(out.glob("*/ckpt/*.json"))) > 2


def test_a_signal_stops_all_workers_and_the_sweep_goes_on(slow: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    parent = processes.start(tmp_path, "sweep", "run", slow, "--out", out)
    wait(lambda: is_training(out), "a checkpoint")
    children = workers_of(parent.pid)
    assert len(children) == 2
    parent.send_signal(signal.SIGINT)
    code, text = processes.finish(parent)
    assert (code, "fcnet: stopped: SIGINT" in text) == (75, True), text
    assert not any(map(runs, children))
    found = status.of(Folder.open(out))
    assert found.left > 0
    assert "running" not in found.counts
    code, text = processes.finish(processes.start(tmp_path, "sweep", "run", out))
    assert code == 0, text
    assert "6 runs: 6 finished" in text
    undisturbed = begun(slow, tmp_path / "undisturbed").folder
    work(undisturbed)
    for entry in undisturbed.entries():
        assert same(out / entry.name, undisturbed.run(entry.name))


def test_a_signal_may_reach_the_workers_first(slow: Path, tmp_path: Path) -> None:
    """Slurm signals all processes of a job, in any order."""
    out = tmp_path / "out"
    parent = processes.start(tmp_path, "sweep", "run", slow, "--out", out)
    wait(lambda: is_training(out), "a checkpoint")
    for child in (children := workers_of(parent.pid)):
        os.kill(child, signal.SIGTERM)
    wait(lambda: not any(map(runs, children)), "the end of the workers")
    parent.send_signal(signal.SIGTERM)
    code, text = processes.finish(parent)
    assert (code, "ended without a word" in text) == (75, False), text


def test_workers_end_with_the_process_that_started_them(slow: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    parent = processes.start(tmp_path, "sweep", "run", slow, "--out", out)
    wait(lambda: is_training(out), "a checkpoint")
    children = workers_of(parent.pid)
    os.kill(parent.pid, signal.SIGKILL)
    wait(lambda: not any(map(runs, children)), "the end of the workers")
    assert {run.state for run in status.of(Folder.open(out)).runs} <= {"finished", "stopped", "planned"}


def test_a_worker_that_is_killed_is_replaced(slow: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    parent = processes.start(tmp_path, "sweep", "run", slow, "--out", out)
    wait(lambda: is_training(out), "a checkpoint")
    os.kill(workers_of(parent.pid)[0], signal.SIGKILL)
    code, text = processes.finish(parent)
    assert code == 0, text
    assert "ended without a word (exit code -9)" in text
    assert "6 runs: 6 finished" in text


def test_workers_that_cannot_start_end_the_sweep(slow: Path, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text("raise SystemError('this torch is broken')\n")
    broken = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    code, text = processes.finish(processes.start(tmp_path, "sweep", "run", slow, "--out", "out", env=broken))
    assert code == 6, text
    assert "this torch is broken" in text.splitlines()[-1]


def test_status_of_a_sweep_that_runs(slow: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    parent = processes.start(tmp_path, "sweep", "run", slow, "--out", out)
    wait(lambda: is_training(out), "a checkpoint")
    code, text = processes.finish(processes.start(tmp_path, "sweep", "status", out, "--json"))
    parent.send_signal(signal.SIGTERM)
    assert processes.finish(parent)[0] == 75
    assert code == 0
    found = json.loads(text)
    assert found["workers"] in (1, 2)
    assert sum(found["counts"].values()) == 6
