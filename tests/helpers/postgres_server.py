"""A PostgreSQL server for tests: a child of the test, on the loopback, its files in one folder.

It needs Debian's package postgresql. The server refuses root, so as root it runs as the user postgres.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

USER, PASSWORD = "searcher", "pass word/@:1"  # one that an address has to write in percent codes
ENCODED = "pass%20word%2F%40%3A1"

LIMIT = 60  # seconds that a command of the server may take


def missing() -> str:
    """What a server lacks here; empty where it can be started."""
    if _program("initdb") is None:
        return "not installed: Debian's package postgresql"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "a server does not start as root, and setpriv, which would make it another user, is not installed"
    return ""


def _program(name: str) -> str | None:
    """Where a program of the newest version lies; Debian has them on no PATH."""
    folders = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"]]))


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Server:
    """A server that runs from ``start`` to ``stop``, with one user and any number of databases."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.port = folder, folder / "data", _free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")

    def _run(self, name: str, *words: str, **more: Any) -> None:
        program = _program(name)
        assert program is not None, name
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        subprocess.run([*user, program, *words], check=True, cwd=self.folder, timeout=LIMIT, **more)

    def create(self) -> None:
        """Make an empty cluster of databases, in which USER has PASSWORD."""
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "--no-sync", "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-locale",
            "-D", str(self.data), stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -F -c max_connections=60"
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-t", str(LIMIT), "-D", str(self.data), "-l", log, "-o", options,
                  stdout=subprocess.DEVNULL)  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """Stop it, with all of its processes."""
        self._run("pg_ctl", "stop", "-w", "-t", str(LIMIT), "-m", mode, "-D", str(self.data), stdout=subprocess.DEVNULL)

    def database(self, name: str) -> None:
        """Make a database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name,
                  env=os.environ | {"PGPASSWORD": PASSWORD})  # fmt: skip

    def address(self, database: str, user: str = USER, host: str = "127.0.0.1") -> str:
        """The address of a database, without a password."""
        return f"postgresql://{user}@{host}:{self.port}/{database}"


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server; it and its files are gone afterwards."""
    # In /tmp itself: the path of a socket may have 107 characters, and other users may enter.
    folder = Path(tempfile.mkdtemp(prefix="fcnet-pg-", dir="/tmp"))
    server = Server(folder)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
