"""Which PyTorch ``make`` installs: without CUDA where there is no NVIDIA driver, unless told otherwise."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers.command_line import ROOT

pytestmark = pytest.mark.skipif(
    platform.system() != "Linux" or shutil.which("make") is None, reason="is chosen on Linux, by make"
)
WITHOUT_CUDA = "--index-url https://download.pytorch.org/whl/cpu torch torchvision"


def planned(folder: Path, driver: bool, *words: str) -> str:
    """What ``make`` would run to install fcnet, on a machine with or without a driver."""
    programs = folder / "programs"
    programs.mkdir()
    for name in ("make", "uname", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    if driver:
        (programs / "nvidia-smi").write_text("#!/bin/sh\n")
        (programs / "nvidia-smi").chmod(0o755)
    command = ["make", "--dry-run", "--always-make", ".venv/installed", *words]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": str(programs)}, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.parametrize(
    ("driver", "words", "without"),
    [(False, [], True), (True, [], False), (True, ["TORCH=cpu"], True), (False, ["TORCH=cuda"], False)],
)
def test_cuda_is_installed_where_there_is_a_driver(
    tmp_path: Path, driver: bool, words: list[str], without: bool
) -> None:
    plan = planned(tmp_path, driver, *words)
    assert (WITHOUT_CUDA in plan) == without
    assert ("about 300 MB to download and 1 GB" in plan) == without
    assert plan.index("GB on disk") < plan.index("pip install")  # size and time are said before
