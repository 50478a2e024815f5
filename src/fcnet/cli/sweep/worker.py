"""A worker's process: events go to stdout as lines of JSON, warnings to stderr; a closed stdin stops it."""

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from fcnet.errors import OutOfMemory, Stopped
from fcnet.system import streams
from fcnet.system.signals import Stop


class WorkerLog:
    """A sink that writes the warnings of a run to stderr, which is the worker's log."""

    def __init__(self, run: str) -> None:
        self._run = run

    def write(self, record: Any) -> None:
        """Write a warning; ignore all else."""
        if record.kind == "message" and record.level == "warning":
            streams.tell(sys.stderr, f"{self._run}: warning: {' '.join(record.text.splitlines())}")

    def close(self) -> None:
        """Do nothing."""


def report(event: str, **facts: Any) -> None:
    """Write an event for the process that started this one."""
    streams.write(sys.stdout, json.dumps({"event": event} | facts), for_programs=True)


def work_until_closed(directory: Path, stop: Stop, waits: bool, alone: bool) -> None:
    """Train runs of a sweep until none is left, or until stdin is closed."""
    threading.Thread(target=_stop_at_end_of_stdin, args=(stop,), daemon=True).start()
    from fcnet.sweep.disk.folder import Folder  # imported here: the thread above has to watch this import too
    from fcnet.sweep.work import outcomes
    from fcnet.sweep.work.worker import Way, Worker

    try:
        Worker(Folder.open(directory), stop, report, Way(waits, alone, WorkerLog)).work()
    except Exception as error:
        told = outcomes.told(error)
        if not isinstance(told, Stopped):
            report("over", memory=isinstance(told, OutOfMemory), why=told.problems)
        raise


def _stop_at_end_of_stdin(stop: Stop) -> None:
    """Stop as by a signal once stdin is closed: the process that holds it open has ended."""
    while sys.stdin.buffer.read(1024):
        pass
    stop.signal = stop.signal or signal.Signals(signal.SIGTERM).name
