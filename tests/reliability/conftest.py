"""Runs that were stopped, to go on with."""

import functools
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from fcnet.cli.main import main
from helpers.bursts import stand_in
from helpers.runs import WORDS, plan_signals
from helpers.tiny import tiny_config, write_config


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``plan_signals`` for one test."""
    return functools.partial(plan_signals, monkeypatch)


@pytest.fixture(scope="session")
def stopped_master(tiny_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``cut``, stopped in its second epoch with two checkpoints, and ``whole``, the same run never stopped."""
    folder = tmp_path_factory.mktemp("stopped")
    shutil.copytree(tiny_master, folder / "tiny")
    write_config(folder / "tiny/tiny.yaml", tiny_config(Path("tiny")))
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        assert main([*WORDS, "--out", "whole"]) == 0
        for _ in range(2):
            plan_signals(patched, 6, signal.SIGTERM)
            assert main([*WORDS, "--out", "cut", "--resume"]) == 75
    assert len(list((folder / "cut/ckpt").glob("*.pt"))) == 2
    return folder


@pytest.fixture
def stopped(stopped_master: Path, tiny: Path) -> Path:
    """The two runs of ``stopped_master`` to change, in the present folder; the one that was cut."""
    for name in ("whole", "cut"):
        shutil.copytree(stopped_master / name, tiny.parent / name)
    write_config(tiny / "tiny.yaml", tiny_config(Path("tiny")))
    return Path("cut")


@pytest.fixture(params=["one by one", "in bursts"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How steps are taken: one by one, or as on a GPU, where a stand-in reports them together."""
    if request.param == "in bursts":
        stand_in(monkeypatch, (1,))
    return str(request.param)
