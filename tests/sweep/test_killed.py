"""Sweeps whose processes are killed at random, and sweeps on two hosts: runs end once, as if nothing had happened."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fcnet.sweep.disk.folder import Folder
from helpers import processes, seeds
from helpers.command_line import ROOT
from helpers.runs import same
from helpers.sweeps import begun, work, write_sweep
from helpers.tiny import tiny_config, write_config

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

RUNS, KILLS, WORKERS = 60, 30, 3
ROUNDS = 20


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(one) for one in found.split()]


def check(folder: Folder, undisturbed: Folder) -> None:
    """Every run has ended, with the metrics and weights of the undisturbed one."""
    assert [folder.ended(entry.name) for entry in folder.entries()] == ["finished"] * len(folder.entries())
    for entry in folder.entries():
        assert same(folder.run(entry.name), undisturbed.run(entry.name)), entry.name


@pytest.mark.parametrize(("fuse", "epochs"), [("off", 12), ("auto", 60)])
@pytest.mark.long
def test_a_sweep_that_is_killed_again_and_again(tmp_path: Path, fuse: str, epochs: int) -> None:
    chance = seeds.chance("killed")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    base = tmp_path / "configs/digits.yaml"
    words = (f"train.epochs={epochs}", "train.save_every=0.1", f"data.root={tmp_path}/digits")
    file = write_sweep(tmp_path / "sweep.yaml", base, seeds=RUNS, workers=WORKERS, fuse=fuse)
    undisturbed = begun(file, tmp_path / "undisturbed", *words).folder
    # In processes of its own: in that of the tests, threads began before numbers near 0 were to be flushed.
    assert processes.finish(processes.start(tmp_path, "sweep", "run", undisturbed.path), 900)[0] == 0
    folder = begun(file, tmp_path / "out", *words).folder
    parent = processes.start(tmp_path, "sweep", "run", folder.path)
    for number in range(KILLS):
        time.sleep(chance.uniform(0.2, 4.0))
        workers = children_of(parent.pid)
        victim = chance.choice([parent.pid, *workers, *workers])
        print(f"kill {number}: {'the parent' if victim == parent.pid else 'a worker'}")
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        if victim == parent.pid or parent.poll() is not None:
            parent.wait(60)
            parent = processes.start(tmp_path, "sweep", "run", folder.path)
    code, text = processes.finish(parent, 900)
    print(text[-2000:])
    assert code in (0, -signal.SIGKILL)
    assert processes.finish(processes.start(tmp_path, "sweep", "run", folder.path), 900)[0] == 0
    check(folder, undisturbed)


def other_host(command: list[str], folder: Path) -> subprocess.Popen[str]:
    """A process with another host name and process numbers of its own, which sees the same disk."""
    within = 'hostname other && exec "$@"'
    spaces = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", within, "sh"]
    return processes.launch([*spaces, *command], folder)


def can_unshare() -> bool:
    try:
        return subprocess.run(["unshare", "--uts", "--pid", "--fork", "--mount-proc", "true"]).returncode == 0
    except OSError:
        return False


def trained(folder: Folder) -> dict[str, int]:
    """How often each run was claimed."""
    return folder.claims().valid()


@pytest.mark.skipif(not can_unshare(), reason="needs namespaces of its own: root, and unshare of util-linux")
@pytest.mark.long
def test_two_hosts_on_one_directory(tiny: Path, tmp_path: Path) -> None:
    chance: random.Random = seeds.chance("hosts")
    values = tiny_config(tiny)
    values["train"] |= {"epochs": 60, "save_every": 0.2}
    base = write_config(tiny / "base.yaml", values)
    file = write_sweep(tiny / "sweep.yaml", base, seeds=6, workers=1, dead_after=5.0)
    undisturbed = begun(file, tmp_path / "undisturbed").folder
    work(undisturbed)
    command = [sys.executable, "-m", "fcnet", "sweep", "run"]
    for number in range(ROUNDS):
        folder = begun(file, tmp_path / f"round-{number}").folder
        here = processes.launch([*command, str(folder.path)], tmp_path)
        there = other_host([*command, str(folder.path)], tmp_path)
        kills = number % 4  # in every fourth round neither, the first, the second, or both one after the other
        time.sleep(chance.uniform(2.0, 5.0))
        for process, bit in ((here, 1), (there, 2)):
            if kills & bit:
                processes.kill(process)
                process.wait(60)
        outs = [processes.finish(process, 180) for process in (here, there)]
        if kills == 3:
            outs.append(processes.finish(processes.launch([*command, str(folder.path)], tmp_path), 180))
        codes = [code for code, _ in outs]
        assert 0 in codes, outs
        check(folder, undisturbed)
        if not kills:
            assert set(trained(folder).values()) == {1}, "a run was trained twice"
