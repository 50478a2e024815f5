"""Sweeps on a real Slurm: whatever happens to their tasks, each run ends once, as it would have alone.

``-s`` shows the log of each task.
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fcnet.sweep import status
from fcnet.sweep.disk.folder import Folder
from helpers.runs import same
from helpers.slurm_cluster import Cluster, missing, wait
from helpers.sweeps import begun, ended, work, write_sweep
from helpers.tiny import tiny_config, write_config

LACKING = missing()
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(LACKING), reason=LACKING),
]

RUNS = 5
SECONDS = 6.0  # of a run: enough to disturb it
LOST = 5 * SECONDS  # of a run that lasts until the node is back
LIMITED = 75.0  # of a run that lasts until Slurm looks at time limits, which it does every 30 s
TRIED = 200  # epochs that tell how fast this machine is
LIMIT = 300.0  # seconds for a sweep to end


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("slurm") / "cluster")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def tiny(tiny_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of the module's own."""
    root = tmp_path_factory.mktemp("plan") / "tiny"
    shutil.copytree(tiny_master, root)
    return root


@pytest.fixture(scope="module")
def epochs(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], int]:
    """How many epochs take so many seconds on this machine, be it fast or slow: a run is tried."""
    values = tiny_config(tiny)
    values["train"] |= {"epochs": TRIED, "save_every": 0.2}
    file = write_sweep(tiny / "tried.yaml", write_config(tiny / "slow.yaml", values), seeds=1)
    folder = begun(file, tmp_path_factory.mktemp("tried") / "out").folder
    start = time.monotonic()
    work(folder)
    taken = time.monotonic() - start
    return lambda seconds: round(TRIED * seconds / taken)


@pytest.fixture(scope="module")
def plan(tiny: Path, epochs: Callable[[float], int]) -> Path:
    """A sweep file whose runs take some seconds."""
    values = tiny_config(tiny)
    values["train"] |= {"epochs": epochs(SECONDS), "save_every": 0.2}
    return write_sweep(tiny / "sweep.yaml", write_config(tiny / "slow.yaml", values), seeds=RUNS, fuse="off")


@pytest.fixture(scope="module")
def undisturbed(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The same sweep, trained in this process."""
    folder = begun(plan, tmp_path_factory.mktemp("undisturbed") / "out").folder
    assert set(ended(work(folder)).values()) == {"finished"}
    return folder


class Array:
    """The tasks of a sweep, in a directory with a blank in its name."""

    def __init__(self, cluster: Cluster, plan: Path, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.sweep = begun(plan, folder / "the sweep").folder
        self.script = folder / "job.sh"
        self.tasks: list[str] = []

    def takes(self, plan: Path, epochs: int, runs: int, root: Path) -> Folder:
        """Train so many runs of so many epochs instead. Returns the same sweep, to be trained undisturbed."""
        long = write_sweep(plan.parent / "long.yaml", plan.parent / "slow.yaml", seeds=runs, fuse="off")
        self.sweep, undisturbed = (
            begun(long, root / name, f"train.epochs={epochs}").folder for name in ("long/the sweep", "undisturbed")
        )
        return undisturbed

    def submit(self, tasks: int, *options: str) -> list[str]:
        """Print the script by the command, and submit it."""
        words = [f"--tasks={tasks}", *(f"--sbatch={option}" for option in options)]
        command = [sys.executable, "-m", "fcnet", "sweep", "slurm", str(self.sweep.path), *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        self.script.write_text(done.stdout)
        return self.submit_again(tasks)

    def submit_again(self, tasks: int) -> list[str]:
        """Submit the same script."""
        job = self.cluster.submit(str(self.script), cwd=self.folder)
        self.tasks = [f"{job}_{task}" for task in range(tasks)]
        return self.tasks

    def log(self, task: str) -> str:
        """What a task has printed so far, in all its starts."""
        path = self.folder / f"fcnet-the-sweep-{task}.log"
        return path.read_text() if path.exists() else ""

    def wait_for(self, task: str, pattern: str, seconds: float = 120) -> None:
        """Wait until a task has printed something."""
        wait(lambda: re.search(pattern, self.log(task)), f"{task} prints {pattern!r}", seconds)

    def is_training(self, runs: int) -> None:
        """Wait until so many runs are trained at once, each with a checkpoint."""

        def found() -> bool:
            running = [run for run in status.of(self.sweep).runs if run.state == "running"]
            return len([run for run in running if self.sweep.newest_checkpoint(run.name)]) >= runs

        wait(found, f"{runs} runs are trained")

    def act(self, *words: str) -> None:
        """Give a command, and show it with its answer."""
        print("$", *words, self.cluster.ask(*words))

    def end(self) -> list[str]:
        """Wait until the tasks have ended; their states."""
        over = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")
        for task in self.tasks:
            self.cluster.wait_for_state(task, *over, seconds=LIMIT)
        return list(map(self.cluster.state, self.tasks))

    def restarts(self, task: str) -> int:
        return int(self.cluster.show(task)["Restarts"])

    def comes_back(self, task: str) -> None:
        """Wait until a task was started again."""
        wait(lambda: self.restarts(task) == 1, f"{task} is restarted")

    def ended_as(self, undisturbed: Folder) -> None:
        """Check that each run has ended once, and as it would have alone."""
        assert status.of(self.sweep).counts == {"finished": len(undisturbed.entries())}
        for entry in undisturbed.entries():
            assert same(self.sweep.run(entry.name), undisturbed.run(entry.name)), entry.name
        ends = re.findall(r"^(\S+): test ", "".join(map(self.log, self.tasks)), re.MULTILINE)
        assert len(ends) == len(set(ends)), "a run has ended twice"

    def show(self) -> None:
        """Print the log of each task, and what Slurm tells of it."""
        for path in sorted(self.folder.glob("fcnet-*.log")):
            print(f"--- {path.name}", path.read_text(), sep="\n")
        for task in self.tasks:
            told = self.cluster.ask("scontrol", "show", "job", task)
            print(*re.findall(r"JobId=\S+|ArrayTaskId=\S+|JobState=\S+|Reason=\S+|Restarts=\S+|ExitCode=\S+", told))


@pytest.fixture
def array(cluster: Cluster, plan: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Array]:
    """The sweep in the test's own folder; its tasks are ended, and their logs shown, whatever happens."""
    array = Array(cluster, plan, tmp_path)
    print(f"\n=== {request.node.name}")
    try:
        yield array
    finally:
        array.show()
        cluster.clear()


def test_tasks_share_the_runs_and_a_second_submission_trains_what_is_missing(array: Array, undisturbed: Folder) -> None:
    array.submit(3, "--comment=a b", "--no-kill")
    assert array.end() == ["COMPLETED", "COMPLETED", "COMPLETED"]
    array.ended_as(undisturbed)
    assert [array.cluster.show(task)["Restarts"] for task in array.tasks] == ["0"] * 3
    assert set(array.sweep.claims().valid().values()) == {1}, "no run was claimed twice"
    for task in array.tasks:  # each has seen the end of all, or has left the last to others
        assert re.search("5 runs: 5 finished|left to other tasks, which train them now", array.log(task)), task
    shutil.rmtree(array.sweep.run("seed-2"))
    kept = {path: path.stat().st_mtime_ns for path in array.sweep.path.glob("seed-*/*")}
    array.submit_again(3)
    assert array.end() == ["COMPLETED", "COMPLETED", "COMPLETED"]
    array.ended_as(undisturbed)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_run_that_fails_makes_one_task_fail_and_no_task_restart(
    array: Array, plan: Path, undisturbed: Folder, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text("0\n")
    changes = [*({"seed": seed} for seed in range(RUNS)), {"data.train.labels": str(bad)}]
    file = write_sweep(plan.parent / "failing.yaml", plan.parent / "slow.yaml", list=changes, fuse="off")
    array.sweep = begun(file, tmp_path / "failing/the sweep").folder
    array.submit(3)
    states = dict(zip(array.tasks, array.end(), strict=True))
    failed = [task for task in array.tasks if states[task] == "FAILED"]
    assert failed, "the last one has seen the end of all"
    for task in array.tasks:
        told = "1 of 6 runs failed or diverged" if task in failed else "left to other tasks, which train them now"
        assert told in array.log(task)
        assert array.cluster.show(task)["ExitCode"] == ("8:0" if task in failed else "0:0")
    assert [array.restarts(task) for task in array.tasks] == [0, 0, 0]
    assert status.of(array.sweep).counts == {"finished": RUNS, "failed": 1}
    for entry in array.sweep.entries()[:RUNS]:
        assert same(array.sweep.run(entry.name), undisturbed.run(f"seed-{entry.changes['seed']}")), entry.name


def test_tasks_that_are_stopped_come_back_each_by_itself(array: Array, undisturbed: Folder) -> None:
    signalled, requeued, killed = array.submit(3)
    array.is_training(3)
    array.act("scancel", "--signal=USR2", signalled)
    array.act("scontrol", "requeue", requeued)
    array.act("scancel", "--signal=TERM", "--full", killed)
    for task in array.tasks:
        array.comes_back(task)
    assert array.end() == ["COMPLETED", "COMPLETED", "COMPLETED"]
    array.ended_as(undisturbed)
    assert "so Slurm decides" in array.log(requeued)


def test_the_time_limit_stops_and_restarts_a_task(
    array: Array, plan: Path, epochs: Callable[[float], int], tmp_path: Path
) -> None:
    """With a limit of a minute, Slurm asks it to stop as soon as it looks."""
    undisturbed = array.takes(plan, epochs(LIMITED), runs=1, root=tmp_path)
    (task,) = array.submit(1, "--time=1")
    array.wait_for(task, "time limit of 1:00 is too short")
    assert array.end() == ["COMPLETED"]
    assert array.restarts(task) >= 1
    work(undisturbed)
    array.ended_as(undisturbed)


def test_scancel_ends_tasks_and_a_second_submission_goes_on(array: Array, undisturbed: Folder) -> None:
    array.submit(2)
    array.is_training(2)
    array.act("scancel", array.tasks[0].partition("_")[0])
    assert array.end() == ["CANCELLED", "CANCELLED"]
    assert status.of(array.sweep).left > 0
    array.submit_again(2)
    assert array.end() == ["COMPLETED", "COMPLETED"]
    array.ended_as(undisturbed)


def test_preempted_tasks_come_back_by_themselves(array: Array, undisturbed: Folder) -> None:
    tasks = array.submit(2)
    array.is_training(2)
    high = ("--partition=high", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    array.cluster.submit(*high, cwd=array.folder)
    for task in tasks:
        array.comes_back(task)
    assert array.end() == ["COMPLETED", "COMPLETED"]
    array.ended_as(undisturbed)
    assert "DUE TO PREEMPTION" in "".join(map(array.log, tasks))


def test_a_node_that_is_lost_and_found(
    array: Array, plan: Path, epochs: Callable[[float], int], tmp_path: Path
) -> None:
    """Until it is found, its processes train on; then Slurm ends them, and starts the tasks again at that moment."""
    undisturbed = array.takes(plan, epochs(LOST), runs=2, root=tmp_path)
    tasks = array.submit(2)
    array.is_training(2)
    array.cluster.kill("slurmd")
    array.act("scontrol", "update", "nodename=localhost", "state=down", "reason=lost")  # else noticed after a minute
    for task in tasks:
        array.cluster.wait_for_state(task, "PENDING")
    array.cluster.start_node()
    for task in tasks:
        array.comes_back(task)
    assert array.end() == ["COMPLETED", "COMPLETED"]
    work(undisturbed)
    array.ended_as(undisturbed)
