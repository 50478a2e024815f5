"""The pool, with a program in place of workers: what it makes of their ends."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fcnet.errors import ResourceError
from fcnet.sweep.disk.folder import Folder
from fcnet.sweep.work import pool as module
from fcnet.sweep.work.pool import Pool
from fcnet.sweep.work.slots import Slot
from fcnet.system.signals import Stop
from helpers.sweeps import begun, write_sweep

PROGRAM = """#!{python}
import json, os, sys
alone, out = "--alone" in sys.argv, sys.argv[-1] if sys.argv[-1] != "--alone" else sys.argv[-2]
print(json.dumps({{"event": "began", "run": "a"}}), flush=True)
{then}
"""
MEMORY = 'print(json.dumps({"event": "over", "memory": True, "why": ["no memory"]}), flush=True)\n    os._exit(6)'
DISK = 'print(json.dumps({"event": "over", "memory": False, "why": ["the disk is full"]}), flush=True)\nos._exit(6)'


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Folder:
    return begun(write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", seeds=2), tmp_path / "out").folder


def events(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, slots: int) -> list[Any]:
    """What is told while workers do something instead of training."""
    program = tmp_path / "python"
    program.write_text(PROGRAM.format(python=sys.executable, then=then))
    program.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(program))  # type: ignore[attr-defined]
    told: list[Any] = []
    try:
        Pool(folder, [Slot(number + 1, 1) for number in range(slots)], Stop(), told.append).run()
    finally:
        (tmp_path / "told.json").write_text(json.dumps(told))
    return told


def test_memory_that_runs_out_costs_a_worker(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = events(folder, tmp_path, monkeypatch, f"if not alone:\n    {MEMORY}", 3)
    memory = [event["left"] for event in told if event["event"] == "memory"]
    assert memory == [2, 1], "the last one has the memory for itself, and is started once more"
    assert [event["event"] for event in told].count("began") == 4


def test_a_full_disk_ends_all(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ResourceError, match="the disk is full"):
        events(folder, tmp_path, monkeypatch, DISK, 2)


def test_a_worker_that_dies_is_replaced(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    died = str(tmp_path / "died")
    dies = f"if not os.path.exists({died!r}):\n    open({died!r}, 'w')\n    os._exit(9)"
    told = events(folder, tmp_path, monkeypatch, dies, 1)
    assert [event["event"] for event in told] == ["began", "died", "began"]
