"""One process per run directory: a lock, and a record of its holder.

    RUN/ckpt/lock         the lock itself: the system frees it when its holder ends, however it ends
    RUN/ckpt/owner.json   the holder: host, process, start, job, and a heartbeat; removed at an orderly end

On one host, the lock alone decides. Hosts that share a disk may not see each other's locks, so between hosts the record
decides: a record that another host left is taken over only with ``--force``, or by the same batch job after the
scheduler has restarted it.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from fcnet.errors import InUseError, ResourceError
from fcnet.rundir.checkpoints import FOLDER
from fcnet.system import files, text
from fcnet.system.files import naming

LOCK, OWNER = "lock", "owner.json"

HEARTBEAT = 10.0  # seconds between two heartbeats
WRITING = 1.0  # seconds within which a process finishes a record that it has begun to write

# Environment variables with the job's number: Slurm, PBS, LSF, SGE.
_JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
_RESTARTS = "SLURM_RESTART_COUNT"  # how often Slurm has restarted this job

Beat = Callable[[], None]


@contextlib.contextmanager
def owning(run: Path, force: bool = False, heartbeat: float = HEARTBEAT, writing: float = WRITING) -> Iterator[Beat]:
    """Hold a run directory; yield a heartbeat function.

    Args:
        run: the run directory, which exists.
        force: take it over from another host.
        heartbeat: seconds between two heartbeats.
        writing: seconds in which another process finishes the record that it has begun.

    Raises:
        InUseError: another process, which the error names, holds it.
    """
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    with _locked(run):
        record = _record()
        _claim(run, folder / OWNER, record, force, writing)
        try:
            yield _beating(folder / OWNER, record, heartbeat)
        finally:
            if _is_same(_read(folder / OWNER), record):
                (folder / OWNER).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(run: Path) -> Iterator[None]:
    """Hold the lock. Raises InUseError if another process holds it."""
    folder = run / FOLDER
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InUseError(f"{run}: is in use by {_words(_read(folder / OWNER))}; wait for it, or stop it") from None
    except NotImplementedError:
        raise ResourceError(
            f"{folder}: this file system does not support locks; choose a run directory on another one"
        ) from None
    try:
        yield
    finally:
        lock.release()


def check_unused(run: Path) -> None:
    """Raise InUseError, naming the owner, if a process on this host uses a run directory."""
    lock = run / FOLDER / LOCK
    # Another program's file of this name is left alone: its lock is not even tested.
    if lock.is_file() and not lock.stat().st_size and not (lock.parent.is_symlink() or lock.is_symlink()):
        with _locked(run):
            pass


def _claim(run: Path, path: Path, record: dict[str, Any], force: bool, writing: float) -> None:
    """Write the record, or take over one that was left behind. Raises InUseError if its writer may still run."""
    try:
        # Mode "x" fails if the file exists, between hosts too.
        with naming(path), path.open("x", encoding="utf-8") as file:
            file.write(json.dumps(record))
        return
    except FileExistsError:
        pass
    left = _read(path)
    if not left:  # another host is writing it right now, or its writer was killed while writing
        time.sleep(writing)
        left = _read(path)
    # The lock was free: if the writer of the record ran on this host, it has ended.
    if not left or left.get("host") == record["host"] or _restarted(left, record) or force:
        files.write_bytes(path, json.dumps(record).encode())
        return
    raise InUseError(
        f"{run}: is held by {_words(left)}, which may still be running there; if it has ended, take the run over with"
        " --force"
    )


def _restarted(left: dict[str, Any], record: dict[str, Any]) -> bool:
    """Return whether the record is of an earlier start of the same batch job."""
    try:
        return record["job"] is not None and left["job"] == record["job"] and left["restarts"] < record["restarts"]
    except (KeyError, TypeError):
        return False


def _record() -> dict[str, Any]:
    now = _now()
    restarts = os.environ.get(_RESTARTS, "0")
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "start": now,
        "job": next((os.environ[name] for name in _JOBS if os.environ.get(name)), None),
        "restarts": int(restarts) if restarts.isdecimal() else 0,
        "heartbeat": now,
    }


def _beating(path: Path, record: dict[str, Any], heartbeat: float) -> Beat:
    """Return a function that renews the record's heartbeat, at most every ``heartbeat`` seconds.

    The function raises InUseError if another host has taken over the run in the meantime.
    """
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last < heartbeat:
            return
        last = time.monotonic()
        now = _read(path)
        if now and not _is_same(now, record):
            raise InUseError(f"{path.parent.parent}: was taken over by {_words(now)}; this process stops")
        partial = path.with_name(f"{path.name}.tmp")
        # Not synced: a heartbeat need not survive a crash of the machine. Nor may a full disk stop the training here.
        with contextlib.suppress(OSError):
            with open(partial, "w", encoding="utf-8", opener=files.following_no_link) as file:
                file.write(json.dumps(record | {"heartbeat": _now()}))
            os.replace(partial, path)

    return beat


def _read(path: Path) -> dict[str, Any]:
    """Return the record; an empty one if it cannot be read."""
    try:
        return files.read_json(path)
    except (OSError, ValueError):
        return {}


def _is_same(left: dict[str, Any], record: dict[str, Any]) -> bool:
    """Return whether two records are of the same holder."""
    return all(left.get(key) == record[key] for key in ("host", "pid", "start"))


def _words(record: dict[str, Any]) -> str:
    """Describe the holder of a run."""
    if not record:
        return "another process (its owner.json cannot be read)"
    job = f", job {record['job']}" if record.get("job") else ""
    return (
        f"process {record.get('pid')} on {record.get('host')}{job} (started {record.get('start')}, last seen"
        f" {record.get('heartbeat')})"
    )


def _now() -> str:
    return text.now()
