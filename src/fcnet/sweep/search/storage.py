"""Where the trials of a search are kept: an SQLite file for one host, a PostgreSQL database for several.

A database may be busy, or away for a moment: what is asked of it is asked again. What it says in the end becomes an
error of fcnet's, without a password.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from fcnet.errors import CheckpointError, ConfigError, FcnetError, ResourceError
from fcnet.sweep.plan import database
from fcnet.sweep.search import extra, turns

if TYPE_CHECKING:
    import psycopg
    from optuna.storages import RDBStorage
    from sqlalchemy import URL

FILE, LOCK = "search.db", "search.lock"  # in the directory of a sweep

PATIENCE = 60.0  # seconds for which a database may be busy or away
OPENING = 5.0  # the same when it is opened: an address with a mistake is told soon
CONNECTING = "10"  # seconds that a connection may take

# A host that is gone, or a connection that a firewall has dropped, is noticed after a minute; the default is hours.
KEEPALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}

# Classes of PostgreSQL's error codes that pass: connections, turns that took too long, deadlocks, too little of
# something, shutdowns.
PASSING = ("08", "25", "40", "53", "57")
NO_TURN, NOT_ALLOWED = "55P03", "42501"

T = TypeVar("T")


class Storage:
    """A database of trials.

    Args:
        folder: of the sweep, for the SQLite file.
        address: of a PostgreSQL database; None for an SQLite file.
        study: the name of the study in it.
        patience: seconds for which the database may be busy or away.

    Attributes:
        where: for messages, without a password.
        turn: a context in which no other worker is: in it, trials are begun one after another.
    """

    def __init__(self, folder: Path, address: str | None, study: str, patience: float = PATIENCE) -> None:
        self._path, self._address, self._patience = folder / FILE, address, patience
        self.where = str(self._path) if address is None else database.without_password(address)
        extra.check(postgresql=address is not None)
        self._turns = turns.by_file(folder / LOCK, patience) if address is None else self._by_server(address, study)
        self._backend: RDBStorage | None = None
        self._opened: WeakSet[psycopg.Connection] = WeakSet()

    def _by_server(self, address: str, study: str) -> turns.Turns:
        return turns.by_server(_url(address), _options(address), study, self._patience)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Enter the context in which no other worker is."""
        with self._turns.turn():
            yield

    def open(self) -> "RDBStorage":
        """Return Optuna's storage, its tables made if need be; in a turn, as only one process may make them."""
        from optuna.storages import RDBStorage

        if self._address is None:
            # By a function: as an address, a path with any of % ? { would be another one.
            self._backend = RDBStorage(f"sqlite:///{FILE}", engine_kwargs={"creator": self._connect})
            return self._backend
        text = _url(self._address).render_as_string().replace("{", "{{").replace("}", "}}")  # Optuna fills in {}
        self._backend = RDBStorage(text, engine_kwargs={"creator": self._connect_to_server, "pool_pre_ping": True})
        return self._backend

    def _connect(self) -> sqlite3.Connection:
        # As SQLAlchemy's pool has it: a connection may be closed by another thread than its own.
        connection = sqlite3.connect(self._path, timeout=self._patience, check_same_thread=False)
        try:
            # Readers, such as optuna-dashboard, keep no writer waiting, and a report is one sync of the disk.
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _connect_to_server(self) -> "psycopg.Connection":
        """Return a connection, which ``close`` closes even if Optuna has failed before it could."""
        import psycopg

        assert self._address is not None
        url = _url(self._address).set(drivername=database.SCHEME)
        connection = psycopg.connect(url.render_as_string(), **_options(self._address))
        self._opened.add(connection)
        return connection

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self._opened):
            connection.close()
        if self._backend is not None:
            self._backend.scoped_session.remove()
            self._backend.engine.dispose()
        self._turns.close()

    def patiently(self, work: Callable[[], T], patience: float | None = None) -> T:
        """Return what ``work`` returns; repeat it while the database is busy or away.

        Raises:
            ResourceError: it was so for longer than ``patience`` seconds, or is full or may not be written.
            ConfigError: it refuses the user.
            CheckpointError: the SQLite file is damaged.
        """
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        end = time.monotonic() + (self._patience if patience is None else patience)
        pause, refused = 0.05, 0
        while True:
            try:
                return work()
            except (SQLAlchemyError, StorageInternalError) as error:
                cause = _cause(error)
            refused = refused + 1 if self._refuses(cause) else 0
            # Refused twice: the first time, the server may have been away, and back a moment later.
            if refused > 1 or not (refused or self._passes(cause)) or time.monotonic() >= end:
                raise self._failure(cause, refused > 0)
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _passes(self, cause: BaseException) -> bool:
        """Return whether it may help to try again."""
        if self._address is None:
            return _sqlite(cause).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
        import psycopg

        state = getattr(cause, "sqlstate", None)
        return isinstance(cause, psycopg.OperationalError) if state is None else state.startswith(PASSING)

    def _refuses(self, cause: BaseException) -> bool:
        """Return whether a server answers, and yet opens no connection: user, password or database are wrong."""
        if self._address is None:
            return False
        import psycopg
        from psycopg.pq import Ping

        if not isinstance(cause, psycopg.OperationalError) or getattr(cause, "sqlstate", None) is not None:
            return False
        return self._ping() == Ping.OK

    def _ping(self) -> int:
        from psycopg.conninfo import make_conninfo
        from psycopg.pq import PGconn

        assert self._address is not None
        text = make_conninfo(database.without_password(self._address), connect_timeout=CONNECTING)
        return PGconn.ping(text.encode())

    def _failure(self, cause: BaseException, refused: bool) -> FcnetError:
        """Return an error of fcnet's for one of a database."""
        text = self._words(cause)
        if self._address is None:
            return self._failure_of_file(_sqlite(cause), text)
        state = getattr(cause, "sqlstate", None)
        if refused:
            return ConfigError(
                f"search.storage: {self.where}: the server refuses the connection ({text}); check user, password"
                " (PGPASSWORD or ~/.pgpass) and database"
            )
        if state == NOT_ALLOWED:
            return ConfigError(f"search.storage: {self.where}: {text}; let the user create and change tables there")
        if state == NO_TURN:
            return ResourceError(
                f"{self.where}: another worker has been choosing settings for {self._patience:g} s; run the same"
                " command again"
            )
        if self._passes(cause):
            return ResourceError(f"search.storage: {self.where}: the server does not answer ({text}); start it, or"
                                 " check host and port, and run the same command again")  # fmt: skip
        return ConfigError(f"search.storage: {self.where}: {text}; check the address")

    def _failure_of_file(self, name: str, text: str) -> FcnetError:
        if name in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
            return CheckpointError(
                f"{self.where}: is damaged ({text}); restore it from a copy, or begin the sweep in another directory"
            )
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return ResourceError(
                f"{self.where}: another program has locked it for {self._patience:g} s; end that program, and run the"
                " same command again"
            )
        return ResourceError(f"{self.where}: {text}; make room, or the directory writable, and run the command again")

    def _words(self, cause: BaseException) -> str:
        """Return what a database says, on one line, without the password."""
        text = " ".join(str(cause).split())
        secret = database.password(self._address) if self._address else None
        return (text.replace(secret, "***") if secret else text)[:300]


def _url(address: str) -> "URL":
    """Return SQLAlchemy's address of a PostgreSQL database, without the password."""
    from sqlalchemy import make_url

    return make_url(database.without_password(address)).set(drivername="postgresql+psycopg")


def _options(address: str) -> dict[str, Any]:
    """Return what a connection to PostgreSQL is opened with, the password among it if there is one."""
    secret = database.password(address)
    return {"connect_timeout": CONNECTING, **KEEPALIVE, **({"password": secret} if secret else {})}


def _cause(error: BaseException) -> BaseException:
    """Return the error of the database itself: Optuna and SQLAlchemy wrap it."""
    inner = error.__cause__ or error
    return getattr(inner, "orig", None) or inner


def _sqlite(cause: BaseException) -> str:
    return str(getattr(cause, "sqlite_errorname", ""))
