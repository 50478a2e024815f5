"""Which process on which host: who holds a run, and whether that process has certainly ended."""

import os
import socket
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
    """

    host: str
    boot: str
    space: str
    pid: int
    start: str

    def plain(self) -> dict[str, Any]:
        """Return the attributes, JSON-ready."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> "Process":
        """Return a process from the dict of ``plain``. Raises LookupError, TypeError or ValueError if it is none."""
        host, boot, space, start = (str(plain[key]) for key in ("host", "boot", "space", "start"))
        return cls(host, boot, space, int(plain["pid"]), start)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this(proc: Path = PROC) -> Process:
    """Return the current process."""
    pid = os.getpid()
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink(proc / "self/ns/pid")
    except OSError:
        boot = space = ""
    return Process(socket.gethostname(), boot, space, pid, (_stat(pid, proc) or ["", ""])[1])


def has_ended(other: Process, me: Process, proc: Path = PROC) -> bool:
    """Return whether another process has certainly ended; False if it may still run, or cannot be seen from here."""
    if not me.boot or (other.boot, other.space) != (me.boot, me.space):
        return False
    found = _stat(other.pid, proc)
    return found is None or found[0] in "ZX" or found[1] != other.start  # a zombie runs no more


def _stat(pid: int, proc: Path) -> list[str] | None:
    """Return state and start of a process; None if there is none of that number."""
    try:
        behind = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return [behind[_STATE], behind[_START]]
    except (OSError, IndexError):
        return None
