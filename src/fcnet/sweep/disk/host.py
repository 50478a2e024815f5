"""Which process on which host: who holds a run, and whether that process has certainly ended."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")  # of Linux; elsewhere other processes are known by their signs of life alone

_STATE, _START = 0, 19  # positions of fields in /proc/PID/stat, counted behind the name of the program


@dataclass(frozen=True)
class Process:
    """A process, as others can recognise it.

    Attributes:
        host: name of its host, for people; two hosts may have the same.
        boot: identifies a start of the host's kernel; empty where it is not known.
        space: identifies the set of process numbers that ``pid`` is one of: containers have their own.
        pid: its number.
        start: when it was started, in ticks since the boot: numbers of processes are used again.
        job: number of the Slurm job that it belongs to, in an array that of its task; empty outside of Slurm.
        restarts: how often Slurm had restarted that job.
    """

    host: str
    boot: str
    space: str
    pid: int
    start: str
    job: str = ""
    restarts: int = 0

    def plain(self) -> dict[str, Any]:
        """Return the attributes, JSON-ready."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> "Process":
        """Return a process from the dict of ``plain``. Raises LookupError, TypeError or ValueError if it is none."""
        host, boot, space, start, job = (str(plain[key]) for key in ("host", "boot", "space", "start", "job"))
        return cls(host, boot, space, int(plain["pid"]), start, job, int(plain["restarts"]))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this(proc: Path = PROC, environ: Mapping[str, str] = os.environ) -> Process:
    """Return the current process."""
    pid = os.getpid()
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink(proc / "self/ns/pid")
    except OSError:
        boot = space = ""
    start = (_stat(pid, proc) or ["", ""])[1]
    restarts = environ.get("SLURM_RESTART_COUNT", "")
    job = environ.get("SLURM_JOB_ID", "")
    return Process(socket.gethostname(), boot, space, pid, start, job, int(restarts) if restarts.isdecimal() else 0)


def is_beside(other: Process, me: Process) -> bool:
    """Return whether a process can be seen from this one: it has the same kernel and set of process numbers."""
    return bool(me.boot) and (other.boot, other.space) == (me.boot, me.space)


def has_ended(other: Process, me: Process, proc: Path = PROC) -> bool:
    """Return whether another process has certainly ended; False if it may still run, or cannot be seen from here."""
    if not is_beside(other, me):
        return False
    found = _stat(other.pid, proc)
    return found is None or found[0] in "ZX" or found[1] != other.start  # a zombie runs no more


def is_earlier(other: Process, me: Process) -> bool:
    """Return whether another process belongs to an earlier start of this process's job."""
    return bool(me.job) and other.job == me.job and other.restarts < me.restarts


def _stat(pid: int, proc: Path) -> list[str] | None:
    """Return state and start of a process; None if there is none of that number."""
    try:
        behind = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return [behind[_STATE], behind[_START]]
    except (OSError, IndexError):
        return None
