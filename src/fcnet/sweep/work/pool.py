"""The workers of one host: a process for each slot, started, watched, replaced if it dies, and stopped together.

A worker reads from a pipe that this process holds open: when this process ends, however it ends, the workers notice,
save and stop. They are in sessions of their own, so that Ctrl-C reaches them through this process alone, once.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnet.errors import ResourceError, Stopped
from fcnet.sweep.disk import host
from fcnet.sweep.disk.folder import Folder
from fcnet.sweep.work.slots import Slot
from fcnet.system.signals import Stop

TICK = 0.1  # seconds between two looks at the workers
PATIENCE = 60.0  # seconds that workers have for saving, before they are killed
TOGETHER = 2.0  # seconds between the ends of two processes that one signal has reached: Slurm signals all of a job
IN_VAIN = 3  # workers that may die in a row without having begun a run

Event = dict[str, Any]  # with its kind as ``event``, the number of its ``worker``, and more by its kind


class Child:
    """A worker's process.

    Args:
        slot: what it may use.
        words: its command line.
        log: the file for what it writes to stderr.
        home: its working folder.
        environ: the environment, in which its slot is not considered yet.
        take: receives its events, in a thread.

    Attributes:
        slot, log: as above.
        process: itself.
        began: whether it has begun a run.
        over: its last event, which says why it ends; empty if it was killed.
    """

    def __init__(
        self,
        slot: Slot,
        words: Sequence[str],
        log: Path,
        home: Path,
        environ: Mapping[str, str],
        take: Callable[["Child", Event], None],
    ) -> None:
        self.slot, self.log, self._take = slot, log, take
        self.began = False
        self.over: Event = {}
        with log.open("a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fcnet", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                errors="replace",
                env=slot.environment(environ),
                cwd=home,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:  # something that a library printed
                continue
            if isinstance(event, dict):
                self._take(self, event)

    def has_ended(self) -> bool:
        """Return whether it has ended; then all its events were taken."""
        if self.process.poll() is None:
            return False
        self._reader.join(PATIENCE)
        return True

    def close(self) -> None:
        """Kill it if it still runs, and close its pipes."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Pool:
    """The workers of this host.

    Args:
        folder: the sweep.
        slots: one for each worker.
        stop: whether a signal has asked to stop.
        tell: receives what the workers report.
        waits: whether workers wait for runs that other workers hold.
        secrets: environment variables of the workers.
    """

    def __init__(
        self,
        folder: Folder,
        slots: Sequence[Slot],
        stop: Stop,
        tell: Callable[[Event], None],
        waits: bool = True,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self._environ = dict(os.environ) | dict(secrets or {})
        home = folder.home
        self._home = home if home is not None and home.is_dir() else Path.cwd()
        self._folder, self._slots, self._stop, self._tell, self._waits = folder, list(slots), stop, tell, waits
        self._events: queue.SimpleQueue[tuple[Child, Event]] = queue.SimpleQueue()
        self._children: list[Child] = []
        self._in_vain = 0
        self._error: ResourceError | None = None

    def run(self) -> None:
        """Start the workers, and wait until all have ended.

        Raises:
            Stopped: a signal asked for it; all is saved.
            ResourceError: the disk or the memory is not enough for a single worker, or workers cannot be started.
        """
        try:
            for slot in self._slots:
                self._start(slot)
            while self._children and not self._stop.signal and self._error is None:
                self._take_events()
                for child in [one for one in self._children if one.has_ended()]:
                    self._take_events()
                    self._ended(child)
        finally:
            self._end()
        if self._error is not None:
            raise self._error
        if self._stop.signal:
            raise Stopped(f"{self._stop.signal}; all is saved; continue with: fcnet sweep run {self._folder.path}")

    def _start(self, slot: Slot) -> None:
        """Start a worker in a slot."""
        me = host.this()
        words = ["sweep", "work", os.path.abspath(self._folder.path), *([] if self._waits else ["--no-wait"])]
        if self._sharing(slot) == 1:
            words.append("--alone")
        log = self._folder.log(f"{me.host}-{me.pid}-{slot.number}")
        self._children.append(Child(slot, words, log, self._home, self._environ, self._put))

    def _put(self, child: Child, event: Event) -> None:
        """Take an event, in the thread that reads it."""
        self._events.put((child, event))

    def _sharing(self, slot: Slot) -> int:
        """Return how many slots share a slot's memory: that of a GPU, or of the host."""
        return sum(one.gpu == slot.gpu for one in self._slots)

    def _take_events(self) -> None:
        """Tell the events of the workers, waiting a moment for the first."""
        end = time.monotonic() + TICK
        while True:
            try:
                child, event = self._events.get(timeout=max(end - time.monotonic(), 0))
            except queue.Empty:
                return
            if event.get("event") == "over":
                child.over = event
                continue
            if event.get("event") == "began":
                child.began, self._in_vain = True, 0
            self._tell(event | {"worker": child.slot.number})

    def _ended(self, child: Child) -> None:
        """Decide what follows the end of a worker: nothing, a new one in its slot, or the end of all."""
        self._children.remove(child)
        child.close()
        code, worker = child.process.returncode, child.slot.number
        if code == 0 or (code == Stopped.exit_code and self._is_stopped_too()):
            return
        if child.over.get("memory") and self._sharing(child.slot) > 1:
            self._slots.remove(child.slot)
            self._tell({"event": "memory", "worker": worker, "left": self._sharing(child.slot)})
        elif child.over.get("memory"):  # with the whole memory for itself it tries once more
            self._start(child.slot)
        elif child.over:
            self._error = ResourceError(*child.over["why"])
        else:
            self._died(child, code)

    def _is_stopped_too(self) -> bool:
        """Return whether a signal that has stopped a worker reaches this process too."""
        end = time.monotonic() + TOGETHER
        while not self._stop.signal and time.monotonic() < end:
            time.sleep(TICK)
        return bool(self._stop.signal)

    def _died(self, child: Child, code: int) -> None:
        """Replace a worker that was killed, unless that does not help."""
        self._in_vain += not child.began
        self._tell({"event": "died", "worker": child.slot.number, "code": code, "log": str(child.log)})
        if self._in_vain < IN_VAIN:
            self._start(child.slot)
            return
        self._error = ResourceError(
            f"{child.log}: {IN_VAIN} workers in a row ended before they began a run, the last with exit code {code};"
            f" the end of its log: {_last(child.log)}"
        )

    def _end(self) -> None:
        """Stop all workers, wait until they have saved, and kill those that do not end."""
        try:
            for child in self._children:
                child.process.terminate()
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and not all(child.has_ended() for child in self._children):
                self._take_events()
            self._take_events()
        finally:  # also at a second Ctrl-C
            for child in self._children:
                child.close()


def _last(log: Path) -> str:
    """Return the last line of a worker's log."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"
