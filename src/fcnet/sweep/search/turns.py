"""Turns: trials are begun by one worker at a time, so there are never more than planned.

A turn ends with its process, however that ends: the system frees the lock of a file, a server that of a connection.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from filelock import FileLock, Timeout

from fcnet.errors import ResourceError
from fcnet.system import files
from fcnet.system.files import naming

if TYPE_CHECKING:
    from sqlalchemy import URL

# Part of the patience after which a server ends the turn of a process that does nothing: its host is suspended or gone.
LONGEST = 0.75


class Turns(Protocol):
    """Hands out turns."""

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Return a context in which no other worker is."""

    def close(self) -> None:
        """Release what turns need."""


class _ByFile:
    def __init__(self, path: Path, patience: float) -> None:
        self._path, self._lock, self._patience = path, FileLock(path, timeout=patience), patience

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        try:
            with naming(self._path):
                files.check_lock(self._path)
                self._lock.acquire()
        except Timeout:
            raise ResourceError(
                f"{self._path}: another worker has been choosing settings for {self._patience:g} s; end it if it hangs,"
                " and run the same command again"
            ) from None
        except NotImplementedError:
            raise ResourceError(
                f"{self._path}: this file system does not support locks; choose a directory on another one, or set"
                " search.storage to a PostgreSQL database"
            ) from None
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        self._lock.release(force=True)


class _ByServer:
    def __init__(self, url: "URL", options: dict[str, Any], study: str, patience: float) -> None:
        from sqlalchemy import create_engine

        self._engine = create_engine(url, connect_args=options, pool_size=1, max_overflow=0, pool_pre_ping=True)
        self._key = int.from_bytes(hashlib.sha256(f"fcnet {study}".encode()).digest()[:8], signed=True)
        self._patience = patience

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        from sqlalchemy import text

        # Of a transaction, not a session: so it holds behind a pooler of connections, too.
        with self._engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = {round(1000 * self._patience)}"))
            connection.execute(
                text(f"SET LOCAL idle_in_transaction_session_timeout = {round(1000 * LONGEST * self._patience)}")
            )
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self._key})
            yield

    def close(self) -> None:
        self._engine.dispose()


def by_file(path: Path, patience: float) -> Turns:
    """Return turns for the processes of one host, by the lock of a file.

    Args:
        path: of the lock.
        patience: seconds that a worker waits for its turn.
    """
    return _ByFile(path, patience)


def by_server(url: "URL", options: dict[str, Any], study: str, patience: float) -> Turns:
    """Return turns for all processes that use a study in a PostgreSQL database.

    Args:
        url: of the database.
        options: of a connection.
        study: its name.
        patience: seconds that a worker waits for its turn.
    """
    return _ByServer(url, options, study, patience)
