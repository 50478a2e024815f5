"""One process to a run directory; tests/reliability has two processes at it."""

import json
import socket
from pathlib import Path

import pytest

from fcnet.errors import InUseError
from fcnet.rundir import lock
from fcnet.rundir.checkpoints import FOLDER
from fcnet.rundir.lock import LOCK, OWNER, check_unused, owning


def record(run: Path) -> dict:
    return json.loads((run / FOLDER / OWNER).read_text())


def test_the_record_tells_who_it_is_and_goes_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("PBS_JOBID", "12.server")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with owning(tmp_path):
        found = record(tmp_path)
        assert (found["host"], found["pid"], found["job"]) == (socket.gethostname(), os.getpid(), "12.server")
        assert found["start"] == found["heartbeat"]
        with pytest.raises(InUseError, match=rf"is in use by process {os.getpid()} on .*, job 12\.server \(started "):
            check_unused(tmp_path)
        with pytest.raises(InUseError), owning(tmp_path, force=True):
            pass
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [LOCK]
    check_unused(tmp_path)
    check_unused(tmp_path / "nowhere")


def test_it_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), owning(tmp_path):
        raise KeyError
    with owning(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_a_record_cut_by_a_kill_is_taken_over(tmp_path: Path, text: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / OWNER).write_text(text)
    with owning(tmp_path, writing=0.01):
        assert record(tmp_path)["host"] == socket.gethostname()


def test_the_heart_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(["then", "then", "now"])
    monkeypatch.setattr(lock, "_now", lambda: next(times))
    with owning(tmp_path, heartbeat=0.0) as beat:
        beat()
        assert (record(tmp_path)["start"], record(tmp_path)["heartbeat"]) == ("then", "then")
        beat()
        assert (record(tmp_path)["start"], record(tmp_path)["heartbeat"]) == ("then", "now")
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [LOCK]


def test_who_was_taken_over_stops_and_leaves_the_record_alone(tmp_path: Path) -> None:
    with owning(tmp_path, heartbeat=0.0) as beat:
        taken = record(tmp_path) | {"host": "elsewhere"}
        (tmp_path / FOLDER / OWNER).write_text(json.dumps(taken))
        with pytest.raises(InUseError, match=r"was taken over by process .* on elsewhere"):
            beat()
    assert record(tmp_path) == taken
