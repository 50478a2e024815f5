"""Runs to report on, trained once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from fcnet.cli.main import main
from helpers.tiny import tiny_config, write_config


@pytest.fixture(scope="session")
def runs(tiny_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs ``plain`` and ``held`` (with validation images), and ``width/h1-0`` to ``width/h8-1``."""
    folder = tmp_path_factory.mktemp("reported")
    data = folder / "tiny"
    shutil.copytree(tiny_master, data)
    config = write_config(folder / "tiny.yaml", tiny_config(data))

    def train(name: str, *words: str) -> None:
        assert main(["train", "-c", str(config), *words, "--out", str(folder / "runs" / name)]) == 0

    train("plain", "train.epochs=2", "model.hidden=[2]")
    train("held", "data.validation=0.2", "train.epochs=4")
    for hidden in (1, 8):
        for seed in (0, 1):
            train(f"width/h{hidden}-{seed}", f"model.hidden=[{hidden}]", f"seed={seed}")
    return folder / "runs"


@pytest.fixture
def copied(runs: Path, tmp_path: Path) -> Path:
    """A copy of these runs, to change; their images stay where they are."""
    return Path(shutil.copytree(runs, tmp_path / "runs"))
