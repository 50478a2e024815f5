"""Six finished runs of two nets and three seeds on the tiny data, trained once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from fcnet.cli.main import main
from helpers.tiny import tiny_config, write_config

HIDDEN, SEEDS = (1, 8), (0, 1, 2)


@pytest.fixture(scope="session")
def trained(tiny_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs ``h1-0`` to ``h8-2``, and the config that they are of."""
    folder = tmp_path_factory.mktemp("trained")
    data = folder / "tiny"
    shutil.copytree(tiny_master, data)
    config = write_config(folder / "tiny.yaml", tiny_config(data))
    for hidden in HIDDEN:
        for seed in SEEDS:
            words = [f"model.hidden=[{hidden}]", f"seed={seed}", "--out", str(folder / "width" / f"h{hidden}-{seed}")]
            assert main(["train", "-c", str(config), *words]) == 0
    return folder


@pytest.fixture
def width(trained: Path, tmp_path: Path) -> Path:
    """A copy of the folder of these runs, to change."""
    return Path(shutil.copytree(trained / "width", tmp_path / "width"))
