"""The configs are in the package that pip installs."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.command_line import ROOT

SOURCES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "src", "configs")


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("setuptools") is None, reason="builds with the setuptools that is there")
def test_an_installed_fcnet_trains_by_name_in_any_folder(tmp_path: Path) -> None:
    source, site, elsewhere = (tmp_path / name for name in ("source", "site", "elsewhere"))
    source.mkdir()
    elsewhere.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", site, source], check=True, timeout=600)
    files = {path.relative_to(ROOT / "configs") for path in ROOT.glob("configs/**/*.yaml")}
    assert {path.relative_to(site / "fcnet/configs") for path in site.glob("fcnet/configs/**/*.yaml")} == files

    environment = os.environ | {"PYTHONPATH": str(site)}
    fcnet = [sys.executable, "-m", "fcnet"]
    shown = subprocess.run(
        [*fcnet, "config", "check", "digits"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert shown.stdout == f"{site}/fcnet/configs/digits.yaml: fine\n", shown.stderr
    for words in (["train", "-c", "digits", "train.epochs=1"], ["train", "elm/digits"]):
        subprocess.run([*fcnet, *words], cwd=elsewhere, env=environment, check=True, capture_output=True, timeout=300)
    assert sorted(run.name for run in (elsewhere / "checkpoints").iterdir()) == ["digits", "elm-digits"]
