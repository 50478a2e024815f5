"""Claims: which worker trains which runs, agreed upon by files alone.

A claim is a file ``UNIT.N`` with its holder, created exclusively; the largest N is valid. Its holder touches it now
and then. Whoever finds a valid claim whose holder has ended, or has given it up, creates ``UNIT.N+1``: of several that
try, one succeeds. A holder that was taken for dead although it was only suspended finds the larger number and stops.
Files are never removed, so that a number is never used twice.

No clock of another host is read: a holder on another host counts as dead if its file did not change for a time that the
observer measures itself.
"""

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcnet.errors import InUseError
from fcnet.sweep.disk import host
from fcnet.sweep.disk.host import Process
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.system.text import now

BEATS = 6  # signs of life within the time after which a holder counts as dead
UNSURE = 0.75  # share of that time after which a holder that could give no sign of life stops by itself

_NAME = re.compile(r"(.+)\.([0-9]{1,9})")


@dataclass(frozen=True)
class Held:
    """The valid claim of a unit, as others see it.

    Attributes:
        path: its file.
        number: how many claims of this unit there have been, with this one.
        holder: the process that holds it; None while it is being written, or if it is damaged.
        given_up: whether its holder has given it up.
        since: when it was taken, by the holder's clock; for people.
    """

    path: Path
    number: int
    holder: Process | None
    given_up: bool
    since: str


class Claim:
    """A claim that this process holds.

    Attributes:
        unit: what is claimed.
        number: how many claims of this unit there have been, with this one.
        inherited: whether the holder before ended without giving it up.
    """

    def __init__(self, path: Path, unit: str, number: int, record: dict[str, Any], dead_after: float) -> None:
        self.unit, self.number, self.inherited = unit, number, bool(record["inherited"])
        self._path, self._record, self._dead_after = path, record, dead_after
        self._lost = ""
        self._sign = time.monotonic()  # of the last sign of life
        self._lock = threading.Lock()

    def give_sign(self) -> None:
        """Give a sign of life, and find out whether another process has taken over."""
        with self._lock:
            following = self._path.with_name(f"{self.unit}.{self.number + 1}")
            if following.exists():
                self._lost = f"was taken over by {_read(following).holder or 'another process'}"
            elif not self._lost:
                try:
                    os.utime(self._path)
                    self._sign = time.monotonic()
                except FileNotFoundError:
                    self._lost = f"{self._path} was removed"
                except OSError:
                    pass  # the disk of another host may be away for a moment

    def check(self) -> None:
        """Raise InUseError if this process does not hold the claim any more, or cannot be sure of it."""
        if time.monotonic() - self._sign > self._dead_after / 2:  # this process was suspended
            self.give_sign()
        if not self._lost and time.monotonic() - self._sign > UNSURE * self._dead_after:
            self._lost = f"no sign of life could be written to {self._path} for {UNSURE * self._dead_after:.0f} s"
        if self._lost:
            raise InUseError(f"{self.unit}: {self._lost}; this process stops working on it")

    def give_up(self) -> None:
        """Let others take it at once."""
        with contextlib.suppress(OSError):  # they will find that this process has ended
            _replace(self._path, self._record | {"given_up": True})

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Give signs of life in a thread during a ``with`` block, and give it up afterwards."""
        over = threading.Event()

        def give_signs() -> None:
            while not over.wait(self._dead_after / BEATS):
                self.give_sign()

        thread = threading.Thread(target=give_signs, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.give_up()


@dataclass
class _Look:
    """What a holder's file was like when this process looked.

    Attributes:
        like: its time and size.
        since: when it was first seen like this, by this process's clock.
        at: when it was last seen.
        changed: whether it changed between two looks, not much apart.
    """

    like: tuple[int, int]
    since: float
    at: float
    changed: bool


class Claims:
    """The claims of a sweep, as one process sees and takes them.

    Args:
        folder: of their files.
        dead_after: seconds without a sign of life after which a holder on another host counts as dead.
        clock: seconds, of this process.
    """

    def __init__(self, folder: Path, dead_after: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._dead_after, self._clock = folder, dead_after, clock
        self._me = host.this()
        self._seen: dict[Path, _Look] = {}

    def valid(self) -> dict[str, int]:
        """Return the number of the valid claim of each unit that was ever claimed."""
        found: dict[str, int] = {}
        with naming(self._folder), os.scandir(self._folder) as entries:
            for entry in entries:
                if match := _NAME.fullmatch(entry.name):
                    found[match[1]] = max(found.get(match[1], 0), int(match[2]))
        return found

    def look(self, unit: str, number: int) -> Held:
        """Return the claim of a unit by its number."""
        return _read(self._folder / f"{unit}.{number}")

    def take(self, unit: str, number: int) -> Claim | None:
        """Claim a unit whose valid claim is ``number`` (0 for none); None if another process holds it."""
        held = self.look(unit, number) if number else None
        if held is not None and not (held.given_up or self.is_dead(held)):
            return None
        path = self._folder / f"{unit}.{number + 1}"
        inherited = held is not None and not held.given_up
        record = {"holder": self._me.plain(), "since": now(), "given_up": False, "inherited": inherited}
        try:
            with naming(path), path.open("x", encoding="utf-8") as file:  # exclusive between hosts too
                file.write(json.dumps(record))
        except FileExistsError:
            return None
        except OSError:  # a full disk
            path.unlink(missing_ok=True)
            raise
        return Claim(path, unit, number + 1, record, self._dead_after)

    def is_dead(self, held: Held) -> bool:
        """Return whether the holder of a claim has ended, or has not given a sign of life for too long."""
        if held.holder is not None and host.has_ended(held.holder, self._me):
            return True
        if held.holder is not None and host.is_beside(held.holder, self._me):
            return False  # it runs, or is suspended: then it still holds the run's lock
        try:
            found = held.path.stat()
        except OSError:
            return False
        like, at = (found.st_mtime_ns, found.st_size), self._clock()
        before = self._seen.get(held.path)
        if before is not None and before.like == like:
            before.at = at
            return at - before.since > self._dead_after
        changed = before is not None and at - before.at < self._dead_after
        self._seen[held.path] = _Look(like, at, at, changed)
        return False

    def is_at_work(self, unit: str, number: int) -> bool:
        """Return whether another process certainly works on a unit, and will go on without this one.

        Until a holder on another host has given a sign of life, nothing is certain. Nor is it if the holder belongs to
        an earlier start of this job, which is about to end.
        """
        held = self.look(unit, number)
        if held.holder is None or held.given_up or self.is_dead(held) or host.is_earlier(held.holder, self._me):
            return False
        seen = self._seen.get(held.path)
        return host.is_beside(held.holder, self._me) or (seen is not None and seen.changed)


def _read(path: Path) -> Held:
    """Return what a claim's file says."""
    match = _NAME.fullmatch(path.name)
    number = int(match[2]) if match else 0
    try:
        record = files.read_json(path)
        holder = Process.of_plain(record["holder"])
        return Held(path, number, holder, bool(record["given_up"]), str(record["since"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Held(path, number, None, False, "")


def _replace(path: Path, record: dict[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.tmp")
    partial.write_text(json.dumps(record), encoding="utf-8")
    os.replace(partial, path)
