"""What goes wrong with a database of trials: in words, with the right exit code, and without a password."""

import gc
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from filelock import FileLock
from sqlalchemy.exc import DBAPIError

from fcnet.errors import CheckpointError, ConfigError, FcnetError, ResourceError
from fcnet.sweep.search import storage, turns
from fcnet.sweep.search.study import Study
from helpers import postgres_server
from helpers.postgres_server import ENCODED, PASSWORD, USER, Server
from helpers.searching import run_all


def refusal(folder: Path, search: Any, kind: type[FcnetError], patience: float = 1.0) -> str:
    """The error with which a study is not opened; it has no password, nor has any file."""
    with pytest.raises(kind) as caught:
        Study(folder, search, "width", 3, patience=patience)
    assert len(caught.value.problems) == 1
    hidden(folder, str(caught.value))
    return str(caught.value)


def hidden(folder: Path, *texts: str) -> None:
    """The password of the tests' user is in none of some texts, nor in the files of a folder."""
    for secret in (PASSWORD, ENCODED, "secret"):
        assert not any(secret in text for text in texts)
        assert not any(secret.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


# --- an SQLite file -----------------------------------------------------------------------------------------------


def test_any_name_of_a_folder_will_do(tmp_path: Path, make: Any) -> None:
    folder = tmp_path / "a?b%20{x}#ü 'q'"
    folder.mkdir()
    with Study(folder, make(2), "width", 3) as study:
        run_all(study)
    assert {path.name for path in folder.iterdir()} >= {"search.db", "search.json"}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_is_damaged(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(2), "width", 3) as study:
        run_all(study)
    (tmp_path / "search.db").write_bytes(b"no database" * 1000)
    assert f"{tmp_path}/search.db: is damaged" in refusal(tmp_path, make(3), CheckpointError)
    (tmp_path / "search.json").write_text("{")
    assert f"{tmp_path}/search.json: is damaged" in refusal(tmp_path, make(3), CheckpointError)


def test_another_program_that_locks_the_file_is_waited_for(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(2), "width", 3, patience=20) as study:
        other = sqlite3.connect(tmp_path / "search.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        later = threading.Timer(1.0, lambda: other.execute("COMMIT"))
        later.start()
        assert study.next() is not None
        assert time.monotonic() - began > 0.9
        later.join(20)
        other.close()


def test_but_not_for_ever(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(2), "width", 3, patience=0.3) as study:
        other = sqlite3.connect(tmp_path / "search.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ResourceError, match=r"search\.db: another program has locked it for 0\.3 s; end"):
            study.next()
        other.close()
        assert study.next() is not None
        with FileLock(tmp_path / "search.lock"), pytest.raises(ResourceError, match="another worker has been choosing"):
            study.next()


def test_a_database_of_another_optuna(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(2), "width", 3):
        pass
    with sqlite3.connect(tmp_path / "search.db") as file:
        file.execute("UPDATE alembic_version SET version_num = 'v0.9.0.a'")
    file.close()
    assert "was made by another version of Optuna" in refusal(tmp_path, make(2), ConfigError)


def test_without_the_extra(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "install them with: pip install 'fcnet[search]'" in refusal(tmp_path, make(2), ConfigError)


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def test_a_password_in_the_address(tmp_path: Path, make: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD")
    search = make(2, storage=address.replace(f"{USER}@", f"{USER}:{ENCODED}@"))
    with Study(tmp_path, search, "width", 3) as study:
        assert len(run_all(study)) == 2
        hidden(tmp_path, repr(search), repr(vars(study)), repr(study.optuna.user_attrs))
    search = make(2, storage=f"{address}?password={ENCODED}")
    with Study(tmp_path, search, "width", 3) as study:
        assert study.next() is None


def test_a_password_in_pgpass(tmp_path: Path, make: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "sweep").mkdir()
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    (tmp_path / "pgpass").write_text(f"127.0.0.1:*:*:{USER}:{escaped}\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    with Study(tmp_path / "sweep", make(2, storage=address), "width", 3) as study:
        assert len(run_all(study)) == 2


def test_who_is_refused(
    tmp_path: Path, make: Any, server: Server, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = refusal(tmp_path, make(2, storage=address.replace("@", ":secret@")), ConfigError, patience=30)
    assert f"search.storage: {address}: the server refuses the connection" in wrong
    assert "check user, password (PGPASSWORD or ~/.pgpass) and database" in wrong
    missing = refusal(tmp_path, make(2, storage=server.address("nowhere")), ConfigError, patience=30)
    assert "nowhere" in missing
    option = refusal(tmp_path, make(2, storage=f"{address}?colour=red"), ConfigError)
    assert "colour" in option
    with psycopg.connect(f"{address}", autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'secret'")
    connection.close()
    monkeypatch.setenv("PGPASSWORD", "secret")
    guest = make(2, storage=server.address(address.rpartition("/")[2], "guest"))
    assert "let the user create and change tables there" in refusal(tmp_path, guest, ConfigError)


def test_a_server_that_is_not_there(tmp_path: Path, make: Any) -> None:
    told = refusal(tmp_path, make(2, storage="postgresql://u:secret@127.0.0.1:1/d"), ResourceError)
    assert "search.storage: postgresql://u@127.0.0.1:1/d: the server does not answer" in told


@pytest.mark.long
# A connection that breaks while SQLAlchemy checks it may be left to the garbage collector, and psycopg says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_is_restarted_interrupts_nothing(
    tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := postgres_server.missing():
        pytest.skip(reason)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with postgres_server.running() as own:
        own.database("d")
        with Study(tmp_path, make(9, storage=own.address("d"), sampler="random"), "width", 3, patience=40) as study:
            study.next()
            own.stop("fast")
            later = threading.Timer(1.0, own.start)
            later.start()
            assert study.next() is not None
            later.join(60)
            own.stop("immediate")
            own.start()
            study.reports(0).report(1, 0.5)
            own.stop("immediate")
            own.start()
            study.tell(0)
            assert [one.number for one in study.trials()] == [0, 1]
            assert study.trials()[0].value == 0.5
        with Study(tmp_path, make(9, storage=own.address("d")), "width", 3, patience=3) as study:
            own.stop("fast")
            with pytest.raises(ResourceError, match="the server does not answer"):
                study.next()
            own.start()
            assert [one.number for one in run_all(study)] == list(range(2, 9))
    gc.collect()  # here, not in another test


def test_turns_of_a_server_come_one_after_another(tmp_path: Path, make: Any, address: str) -> None:
    search = make(5, storage=address)
    with Study(tmp_path, search, "width", 3) as first, Study(tmp_path, search, "width", 3) as second:
        again: Any = second._storage
        again._patience = again._turns._patience = 3.0  # not less: a busy machine may pause for a second
        with (
            first._storage.turn(),
            pytest.raises(ResourceError, match=r"another worker has been choosing settings for 3 s"),
        ):
            second.next()


def test_the_turn_of_a_suspended_worker_ends(address: str) -> None:
    """The server ends it, so that other workers go on."""
    url, options = storage._url(address), storage._options(address)
    slow, other = turns.by_server(url, options, "width", 1.0), turns.by_server(url, options, "width", 20.0)
    with pytest.raises(DBAPIError), slow.turn(), other.turn():
        pass
    slow.close()
    other.close()
