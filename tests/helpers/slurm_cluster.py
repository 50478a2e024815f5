"""A Slurm of one machine for tests: its daemons are children of the test, its files lie in one folder.

It needs root and Debian's packages slurm-wlm and munge, but no systemd, and listens on the loopback alone. Jobs in the
partition main are preempted, and requeued, by jobs in the partition high.
"""

import functools
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")

UP = ("idle", "mixed", "allocated")  # states of a node that can run jobs

CONF = """
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdTimeout=10
KillWait=10
SchedulerParameters=sched_interval=1,batch_sched_delay=1
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs=8 RealMemory=100000
PartitionName=main Nodes=localhost Default=YES PriorityTier=1
PartitionName=high Nodes=localhost PriorityTier=10 PreemptMode=OFF
"""


def missing() -> str:
    """What a cluster lacks here; empty where it can be started."""
    if os.geteuid() != 0:
        return "a real Slurm is started by root alone"
    absent = [name for name in PROGRAMS if _program(name) is None]
    return f"not installed: {', '.join(absent)} (Debian's packages slurm-wlm and munge)" if absent else ""


def _program(name: str) -> str | None:
    """Where a program lies; daemons are often not on a user's PATH."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait(until: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Wait for something. Raises AssertionError, saying what did not happen, when the time is over."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


class Cluster:
    """Daemons that run from ``start`` to ``stop``.

    Attributes:
        folder: all files of the daemons.
        env: the environment of Slurm's commands.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all daemons, and wait until the node can take jobs."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        ports = {"controller": _free_port(), "node": _free_port()}
        (self.folder / "slurm.conf").write_text(CONF.format(folder=self.folder, **ports))
        (self.folder / "munge.key").write_bytes(os.urandom(1024))
        (self.folder / "munge.key").chmod(0o600)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        words = [f"--{option}={self.folder}/munge.{end}" for option, end in files.items()]
        self._daemon("munged", "--foreground", "--force", *words)
        wait((self.folder / "munge.socket").exists, "munged has a socket")
        self._daemon("slurmctld", "-D")
        self.start_node()

    def start_node(self) -> None:
        """Start the daemon of the node, and wait until it can take jobs."""
        self._daemon("slurmd", "-D", "-N", "localhost")
        wait(lambda: self.node() in UP, f"the node takes jobs; see {self.folder}/slurm*.log")

    def _daemon(self, name: str, *words: str) -> None:
        program = _program(name)
        assert program is not None
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [program, *words], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        """kill -9 one daemon."""
        self._running[name].kill()
        self._running.pop(name).wait(60)

    def stop(self) -> None:
        """End all jobs, then all daemons; whatever is left is killed."""
        try:
            if "slurmctld" in self._running:
                self.clear()
        finally:
            for name in ("slurmd", "slurmctld", "munged"):
                if name in self._running:
                    self._end(self._running.pop(name))

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)

    def clear(self) -> None:
        """End all jobs for good, whatever their scripts do."""

        def none_left() -> bool:
            jobs = self.ask("squeue", "--noheader", "--array", "--format=%A").split()
            for job in jobs:
                self.ask("scontrol", "update", f"job={job}", "requeue=0")
                self.ask("scancel", job)
            return not jobs

        wait(none_left, "all jobs have ended")

    def ask(self, *words: str) -> str:
        """What a command of Slurm's prints, be it good or an error."""
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def node(self) -> str:
        """The state of the node."""
        return self.ask("sinfo", "--noheader", "--format=%T").strip()

    def submit(self, *words: str, cwd: Path, **variables: str) -> str:
        """``sbatch WORDS``. Returns the job's number."""
        done = subprocess.run(
            ["sbatch", "--parsable", *words],
            cwd=cwd,
            env=self.env | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def show(self, job: str) -> dict[str, str]:
        """What ``scontrol show job`` tells of a job, or of one task of an array (12_3)."""
        return dict(re.findall(r"(\w+)=(\S*)", self.ask("scontrol", "show", "job", job)))

    def state(self, job: str) -> str:
        """A job's state."""
        return self.show(job).get("JobState", "GONE")

    def wait_for_state(self, job: str, *states: str, seconds: float = 120) -> None:
        """Wait for a job to be in one of some states."""
        wait(functools.partial(self._is_in, job, states), f"job {job} is {' or '.join(states)}", seconds)

    def _is_in(self, job: str, states: tuple[str, ...]) -> bool:
        return self.state(job) in states
