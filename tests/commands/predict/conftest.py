"""A net trained on digits drawn by program, photos of others, and a folder of one's own with copies of both."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcnet.cli.main import main
from helpers.digits import drawn, on_paper, page, strokes
from helpers.tiny import write_config, write_numbered


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``trained`` copies."""
    root = tmp_path_factory.mktemp("predict") / "all"
    for split, numbers in (("train", range(240)), ("test", range(240, 280))):
        images = np.stack([np.roll(strokes(n), (n % 3 - 1, n % 2), (0, 1)) for n in numbers])
        write_numbered(root / split, images, [n % 10 for n in numbers])
    config = {
        "data": {
            split: {"images": str(root / split), "labels": str(root / f"{split}.txt")} for split in ("train", "test")
        }
        | {"image_size": [28, 28], "validation": 40},
        "model": {"hidden": [32]},
        "train": {"epochs": 6, "batch_size": 20, "optimizer": {"lr": 0.01}},
        "device": "cpu",
    }
    write_config(root / "digits.yaml", config)
    assert main(["train", "--config", str(root / "digits.yaml"), "--out", str(root / "run")]) == 0
    for name, text in (("seven", "7"), ("four", "4"), ("empty", ""), ("two", "25")):
        Image.fromarray(on_paper(drawn(text), seed=3)).save(root / f"{name}.png")
    Image.fromarray(page()).save(root / "page.png")
    return root


@pytest.fixture
def trained(master: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with run/, digits.yaml, train/, test/, and photos: seven, four, empty, two, page."""
    root = tmp_path / "mine"
    shutil.copytree(master, root)
    monkeypatch.chdir(root)
    return root
