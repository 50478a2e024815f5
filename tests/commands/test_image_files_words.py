"""Which image files words mean, and whether the first of them means a run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fcnet.commands import image_files
from helpers.command_line import Run


@pytest.fixture
def trained(fcnet: Run, tiny: Path) -> Path:
    """Two runs, the newer one of an autoencoder's peer: a classifier with another seed."""
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1").code == 0
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "seed=1").code == 0
    shutil.copy("tiny/test/0.png", "photo.png")
    return tiny


def test_without_a_run_the_newest_is_asked_and_said(fcnet: Run, trained: Path) -> None:
    for words in (["photo.png"], ["tiny/test"], ["tiny/test/*.png"], ["photo.png", "tiny/test"], ["tiny/*/0.png"]):
        newest, named = fcnet("predict", *words, "--json"), fcnet("predict", "checkpoints/tiny-2", *words, "--json")
        assert newest.code == named.code == 0
        assert newest.out == named.out
        assert newest.err.splitlines()[0] == "run: checkpoints/tiny-2"
    assert fcnet("predict", "tiny-2", "photo.png", "--json").code == 0


@pytest.mark.parametrize(
    ("words", "run", "images"),
    [
        (["photo.png"], None, ["photo.png"]),
        (["gone.png"], None, ["gone.png"]),
        (["scan.tif"], None, ["scan.tif"]),
        (["tiny/test"], None, ["tiny/test"]),
        (["tiny/test", "photo.png"], None, ["tiny/test", "photo.png"]),
        (["tiny/test/*"], None, ["tiny/test/*"]),
        (["*.jpg"], None, ["*.jpg"]),
        (["checkpoints/tiny", "photo.png"], "checkpoints/tiny", ["photo.png"]),
        (["checkpoints/tiny"], "checkpoints/tiny", []),
        (["tiny-2", "photo.png"], "tiny-2", ["photo.png"]),
        (["checkpoints/*-2", "photo.png"], "checkpoints/*-2", ["photo.png"]),
        (["checkpoints/tiny/best.pth", "photo.png"], "checkpoints/tiny/best.pth", ["photo.png"]),
        (["bare.pth", "photo.png"], "bare.pth", ["photo.png"]),
        (["checkpoints/tiny/photo.png"], None, ["checkpoints/tiny/photo.png"]),
        (["gone", "photo.png"], "gone", ["photo.png"]),
        ([], None, []),
    ],
)
def test_the_first_word_is_a_run_or_an_image(
    fcnet: Run, trained: Path, words: list[str], run: str | None, images: list[str]
) -> None:
    Path("bare.pth").touch()
    assert image_files.split(words) == (None if run is None else Path(run), images)


def test_a_bare_model_file_is_asked_with_its_config(fcnet: Run, trained: Path, auto: Callable[..., Path]) -> None:
    shutil.copy("checkpoints/tiny/model.pth", "bare.pth")
    told = fcnet("predict", "bare.pth", "photo.png")
    assert told.code == 2
    assert "give its YAML file with --config" in told.errors[0]
    asked = fcnet("predict", "bare.pth", "--config", "tiny/tiny.yaml", "photo.png", "--json")
    assert asked.code == 0
    assert asked.out == fcnet("predict", "checkpoints/tiny", "photo.png", "--json").out
    assert fcnet("train", "-c", auto(), "--out", "auto").code == 0
    shutil.copy("auto/model.pth", "code.pth")
    assert fcnet("encode", "code.pth", "-c", "tiny/auto.yaml", "photo.png").out == "codes.npz: 1 code of 3 values\n"
    assert fcnet("predict", "code.pth", "-c", "tiny/auto.yaml", "photo.png", "--out", "back").code == 0


def test_encode_without_a_run_takes_the_newest(fcnet: Run, tiny: Path, auto: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", auto(), "train.epochs=1").code == 0
    for words, told in (
        ([], "codes.npz: 21 codes of 3 values\n"),
        (["tiny/test/0.png"], "codes.npz: 1 code of 3 values\n"),
        (["auto", "tiny/test/0.png"], "codes.npz: 1 code of 3 values\n"),
        (["--split", "train"], "codes.npz: 60 codes of 3 values\n"),
    ):
        outcome = fcnet("encode", *words)
        assert outcome.out == told
        assert outcome.err.splitlines()[0] == "run: checkpoints/auto"
    assert "--split, IMAGE" in fcnet("encode", "tiny/test/0.png", "--split", "train").errors[0]


def test_links_that_lead_nowhere_are_named(fcnet: Run, trained: Path) -> None:
    Path("scans").mkdir()
    shutil.copy("photo.png", "scans/a.png")
    Path("scans/b.png").symlink_to("../gone.png")
    Path("loop.png").symlink_to("loop.png")
    Path("away").symlink_to("nowhere")
    os.mkfifo("pipe.png")
    for word, told in (
        ("scans/b.png", "scans/b.png: is a link to ../gone.png, which does not exist"),
        ("scans", "scans/b.png: is a link to ../gone.png, which does not exist"),
        ("scans/*.png", "scans/b.png: is a link to ../gone.png, which does not exist"),
        ("loop.png", "loop.png: is a link that leads back to itself"),
        ("away/a.png", "away is a link to nowhere, which does not exist"),
        ("photo.png/a.png", "photo.png is a file, not a folder"),
        ("pipe.png", "pipe.png: is a pipe, not a file"),
    ):
        outcome = fcnet("predict", "checkpoints/tiny", word)
        assert outcome.code == 3
        assert told in outcome.errors[0]


def denied(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """A command of a user who may not do all, also where the tests are run by one who may."""
    drop: list[str] = []
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv may read everything")
        drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    return subprocess.run([*drop, sys.executable, "-m", "fcnet", *words], capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize(
    "words",
    [
        ["predict", "checkpoints/tiny", "locked/0.png"],
        ["predict", "checkpoints/tiny", "locked/*.png"],
        ["predict", "checkpoints/tiny", "locked"],
        ["eval", "locked/run"],
        ["eval", "locked/model.pth", "-c", "tiny/tiny.yaml"],
        ["plot", "locked/run"],
        ["train", "-c", "locked/tiny.yaml"],
        ["train", "-c", "tiny/tiny.yaml", "--out", "locked/run"],
        ["train", "-c", "tiny/tiny.yaml", "--out", "locked/run", "--resume"],
        ["train", "--resume", "locked/run"],
        ["config", "check", "locked/tiny.yaml"],
    ],
    ids=" ".join,
)
def test_permission_is_not_absence(fcnet: Run, trained: Path, words: list[str]) -> None:
    Path("locked").mkdir(mode=0o000)
    try:
        done = denied(words)
    finally:
        Path("locked").chmod(0o755)
    assert done.returncode == 6, done.stderr
    assert "permission denied" in done.stderr
    assert "no such" not in done.stderr
    assert "locked" in done.stderr
