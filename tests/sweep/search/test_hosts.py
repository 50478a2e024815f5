"""An SQLite file serves one host: another is refused as long as the first gives signs of life."""

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from fcnet.errors import ConfigError
from fcnet.sweep.search.study import Study


def test_a_second_host_is_refused(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "node1")
    with Study(tmp_path, make(4), "width", 3) as first, Study(tmp_path, make(4), "width", 3) as second:
        first.next()
        second.next()
        monkeypatch.setattr(socket, "gethostname", lambda: "node2")
        with pytest.raises(ConfigError, match=r"search\.db: is in use by workers on node1.*postgresql://") as caught:
            Study(tmp_path, make(4), "width", 3)
        assert len(caught.value.problems) == 1
        assert not [path for path in tmp_path.iterdir() if "node2" in path.name]


def test_a_host_that_has_ended_is_taken_over(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "node1")
    with Study(tmp_path, make(4), "width", 3, dead_after=1) as first:
        first.next()
        past = time.time() - 2
        os.utime(tmp_path / "search.host", (past, past))
        monkeypatch.setattr(socket, "gethostname", lambda: "node2")
        with Study(tmp_path, make(4), "width", 3, dead_after=1) as second:
            assert [one.number for one in second.running()] == [0]
            monkeypatch.setattr(socket, "gethostname", lambda: "node1")
            time.sleep(0.3)  # more than a fourth of `dead_after`: node1, which was only slow, gives a sign of life
            with pytest.raises(ConfigError, match="in use by workers on node2"):
                first.next()


def test_postgresql_serves_any_number(tmp_path: Path, make: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        monkeypatch.setattr(socket, "gethostname", lambda number=number: f"node{number}")
        with Study(tmp_path, make(4, storage=address), "width", 3) as study:
            trial = study.next()
            assert trial is not None
            assert trial.number == number
