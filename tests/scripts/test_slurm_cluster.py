"""The job script on a real Slurm: which ends start a job again, which are for good. ``-s`` shows each trial's log."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.command_line import ROOT
from helpers.slurm_cluster import Cluster, missing, wait
from helpers.tiny import tiny_config, write_config

SCRIPT = ROOT / "scripts/slurm/train.sbatch"

LACKING = missing()
pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(LACKING), reason=LACKING)]

ENDLESS = "train.epochs=1000000"
TRAINING = r"Epoch \[5/"  # in the log of a job that trains
GOES_ON = "resuming after epoch"  # in the log of a job that was started again

SIGNALS = [
    ["--signal=USR2"],
    ["--signal=TERM"],
    ["--signal=USR2", "--full"],
    ["--signal=TERM", "--full"],
    ["--signal=USR2", "--batch"],
    ["--signal=TERM", "--batch"],
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Slurm whose jobs find this Python's fcnet."""
    folder = tmp_path_factory.mktemp("slurm")
    program = folder / "bin" / "fcnet"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fcnet "$@"\n')
    program.chmod(0o755)
    cluster = Cluster(folder / "cluster")
    cluster.env["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class Trial:
    """Jobs of one test, and what they have printed."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.jobs: list[str] = []

    def submit(self, *sbatch: str, config: str = "tiny/tiny.yaml", words: tuple[str, ...] = (ENDLESS,)) -> str:
        """Submit the script as a user would, with a processor to a job."""
        run = "run-%a" if any(word.startswith("--array") for word in sbatch) else f"run{len(self.jobs)}"
        job = self.cluster.submit("--cpus-per-task=1", *sbatch, str(SCRIPT), config, run, *words, cwd=self.folder)
        self.jobs.append(job)
        return job

    def log(self, job: str) -> str:
        """All that a job has printed in all its sittings."""
        number = self.cluster.show(job)["JobId"]
        path = self.folder / f"fcnet-{number}.log"
        return path.read_text() if path.exists() else ""

    def wait_for(self, job: str, pattern: str) -> None:
        """Wait until a job has printed something."""
        wait(lambda: re.search(pattern, self.log(job)), f"job {job} prints {pattern!r}")

    def act(self, *words: str) -> None:
        """Give a command, and show it with its answer."""
        print("$", *words, self.cluster.ask(*words))

    def comes_back(self, *jobs: str) -> None:
        """Whether jobs were started again, once, and went on where they had been."""
        for job in jobs:
            self.wait_for(job, GOES_ON)
            assert self.cluster.show(job)["Restarts"] == "1", job

    def ends_for_good(self, *jobs: str, state: str = "CANCELLED", restarts: str = "0") -> None:
        """Whether jobs have ended. Slurm tells that state only once the script has ended, too."""
        for job in jobs:
            self.cluster.wait_for_state(job, state)
            assert self.cluster.show(job)["Restarts"] == restarts, job

    def show(self) -> None:
        """Print the end of each job's log, without the lines of the training."""
        for path in sorted(self.folder.glob("fcnet-*.log")):
            lines = [line for line in path.read_text().splitlines() if not re.match("Epoch|Accuracy|decoding", line)]
            print(f"--- {path.name}", *lines, sep="\n")
        for job in self.jobs:
            told = self.cluster.ask("scontrol", "show", "job", job)
            print(*re.findall(r"JobId=\S+|ArrayTaskId=\S+|JobState=\S+|Reason=\S+|Restarts=\S+|ExitCode=\S+", told))


@pytest.fixture
def trial(cluster: Cluster, tiny: Path, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """A trial in the test's own folder; its jobs are ended, and its logs shown, whatever happens."""
    trial = Trial(cluster, tiny.parent)
    print(f"\n=== {request.node.name}")
    try:
        yield trial
    finally:
        trial.show()
        cluster.clear()


def after(pattern: str) -> Callable[[Trial, str], None]:
    return lambda trial, job: trial.wait_for(job, pattern)


# At which moment of a job it is cancelled.
MOMENTS: dict[str, tuple[Callable[[Trial, str], None], tuple[str, ...]]] = {
    "importing": (lambda trial, job: trial.cluster.wait_for_state(job, "RUNNING"), (ENDLESS,)),
    "reading": (after("decoding"), (ENDLESS,)),
    "training": (after(TRAINING), (ENDLESS,)),
    "saving": (after(TRAINING), (ENDLESS, "train.save_every=0.001")),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_scancel_ends_a_job_for_good(trial: Trial, moment: str) -> None:
    come, words = MOMENTS[moment]
    job = trial.submit(words=words)
    come(trial, job)
    trial.act("scancel", job)
    trial.ends_for_good(job)


def test_a_signal_saves_and_the_job_comes_back(trial: Trial) -> None:
    limited = trial.submit("--time=1")  # is sent its signal by Slurm
    # TERM --full lets srun kill fcnet, so that what counts is the last checkpoint.
    jobs = [trial.submit(words=(ENDLESS, "train.save_every=0.1")) for _ in SIGNALS]
    for job, words in zip(jobs, SIGNALS, strict=True):
        trial.wait_for(job, TRAINING)
        trial.act("scancel", *words, job)
    trial.comes_back(*jobs)
    trial.act("scancel", *jobs)
    trial.ends_for_good(*jobs, restarts="1")
    trial.wait_for(limited, "time limit of 1:00 is too short")
    trial.wait_for(limited, GOES_ON)


def test_after_so_many_restarts_a_job_stays_ended(trial: Trial) -> None:
    job = trial.submit("--export=ALL,MAX_RESTARTS=0")
    trial.wait_for(job, TRAINING)
    trial.act("scancel", "--signal=USR2", job)
    trial.ends_for_good(job, state="FAILED")
    assert "this was restart 0 of 0" in trial.log(job)


def test_a_preempted_job_comes_back_by_itself(trial: Trial) -> None:
    job = trial.submit("--exclusive")
    trial.wait_for(job, TRAINING)
    high = ("--partition=high", "--exclusive", "--output=/dev/null", "--wrap=sleep 1")
    trial.cluster.submit(*high, cwd=trial.folder)
    trial.comes_back(job)
    assert "DUE TO PREEMPTION" in trial.log(job)
    assert "is in use" not in trial.log(job)  # alone in the node, yet one process
    assert "so Slurm decides" in trial.log(job)


def test_a_job_requeued_by_hand_comes_back(trial: Trial) -> None:
    job = trial.submit()
    trial.wait_for(job, TRAINING)
    trial.act("scontrol", "requeue", job)
    trial.comes_back(job)
    assert "so Slurm decides" in trial.log(job)


def test_in_an_array_each_task_has_its_own_fate(trial: Trial) -> None:
    """Task 0 finishes, task 1 fails, and task 2, whose job number is the array's, is stopped and comes back alone."""
    for task, epochs in enumerate((2, 0, 1000000)):
        values = tiny_config(trial.folder / "tiny")
        values["train"]["epochs"] = epochs
        write_config(trial.folder / f"tiny/{task}.yaml", values)
    array = trial.submit("--array=0-2", config="tiny/%a.yaml", words=())
    finished, failed, last = (f"{array}_{task}" for task in range(3))
    trial.ends_for_good(finished, state="COMPLETED")
    trial.ends_for_good(failed, state="FAILED")
    assert trial.cluster.show(last)["JobId"] == array
    trial.wait_for(last, TRAINING)
    trial.act("scancel", "--signal=TERM", last)
    trial.comes_back(last)
    trial.ends_for_good(finished, state="COMPLETED")
    trial.ends_for_good(failed, state="FAILED")
    assert trial.cluster.show(failed)["ExitCode"] == "2:0"
    trial.act("scancel", array)
    trial.ends_for_good(last, restarts="1")


def test_a_node_that_is_lost_and_found(trial: Trial) -> None:
    job = trial.submit()
    trial.wait_for(job, TRAINING)
    trial.cluster.kill("slurmd")
    trial.cluster.wait_for_state(job, "PENDING")
    trial.cluster.start_node()
    trial.comes_back(job)
