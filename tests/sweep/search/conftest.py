"""Searches in a folder of their own, with an SQLite file or in a real PostgreSQL server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fcnet.sweep.plan.search import Search
from helpers import postgres_server
from helpers.postgres_server import Server

PARAMETERS: dict[str, Any] = {
    "train.optimizer.lr": {"low": 1e-4, "high": 1e-1, "log": True},
    "model.hidden": {"choices": [[300], [500, 300]]},
    "train.batch_size": {"low": 16, "high": 128, "step": 16},
}

Make = Callable[..., Search]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if reason := postgres_server.missing():
        pytest.skip(reason)
    with postgres_server.running() as running:
        yield running


@pytest.fixture
def address(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database; its password is in the environment."""
    monkeypatch.setenv("PGPASSWORD", postgres_server.PASSWORD)
    name = f"d{abs(hash(str(tmp_path)))}"
    server.database(name)
    return server.address(name)


@pytest.fixture
def make() -> Make:
    """A search section, with PARAMETERS where no others are given."""

    def search(trials: int = 20, **more: Any) -> Search:
        return Search.model_validate({"trials": trials, "parameters": PARAMETERS} | more)

    return search


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, make: Make) -> Make:
    """The same, in an SQLite file and in PostgreSQL."""
    more = {"storage": request.getfixturevalue("address")} if request.param == "postgresql" else {}
    return lambda trials=20, **given: make(trials, **(more | given))
