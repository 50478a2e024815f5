"""One host for an SQLite file: its locks do not hold between hosts that share a disk.

A record beside the file says which host uses it; a time without renewal means that it has ended there.
"""

import json
import os
import socket
import time
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.system import files

FILE = "search.host"
EVERY = 10.0  # most seconds between two renewals, while something is trained


class OneHost:
    """The claim of this host to a sweep's SQLite file.

    Args:
        folder: of the sweep.
        dead_after: seconds without renewal after which another host has ended.
    """

    def __init__(self, folder: Path, dead_after: float) -> None:
        self._path, self._dead_after = folder / FILE, dead_after
        self._renewed = -float("inf")

    def renew(self) -> None:
        """Claim the file for this host; does nothing if that was done a moment ago.

        Raises ConfigError if another host uses it.
        """
        now = time.monotonic()
        if now - self._renewed < min(EVERY, self._dead_after / 4):
            return
        mine = json.dumps({"host": socket.gethostname()}).encode()
        other = self._other()
        partial = self._path.with_name(f"{FILE}.{socket.gethostname()}.{os.getpid()}")
        # Not synced: it need not survive a crash of the machine.
        with files.naming(partial):
            partial.write_bytes(mine)
            # Both times are those of the disk's own clock: clocks of hosts may differ.
            age = partial.stat().st_mtime - self._time(partial)
        if other and age < self._dead_after:
            partial.unlink()
            raise ConfigError(
                f"{self._path.with_name('search.db')}: is in use by workers on {other}, and an SQLite file serves one"
                " host alone; set search.storage to a PostgreSQL database (postgresql://USER@HOST/DATABASE) for a new"
                f" sweep, or run the workers on {other} only"
            )
        os.replace(partial, self._path)
        self._renewed = now

    def _other(self) -> str:
        """Return the name of another host that has claimed the file; empty if none has."""
        try:
            host = str(json.loads(self._path.read_bytes())["host"])
        except (OSError, ValueError, LookupError, TypeError):
            return ""
        return host if host != socket.gethostname() else ""

    def _time(self, partial: Path) -> float:
        """Return when the claim was renewed."""
        try:
            return self._path.stat().st_mtime
        except OSError:
            return partial.stat().st_mtime
