"""A run may be a stranger's: commands that read it write into it, or into a cache, and nowhere else."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from helpers.command_line import Run
from helpers.folders import snapshot

OUTSIDE = "home"  # what is not the run's; the commands run in work/


@pytest.fixture
def stranger(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a run in work/run, the working folder, whose config says what is given of the data."""
    for name in ("work", OUTSIDE):
        Path(name).mkdir()
    shutil.move("tiny", f"{OUTSIDE}/tiny")
    home = Path(OUTSIDE).resolve()
    parts = {part: {"images": f"{home}/tiny/{part}", "labels": f"{home}/tiny/{part}.txt"} for part in ("train", "test")}
    words = ("train", "-c", home / "tiny/tiny.yaml", "train.epochs=1", "data.cache=cache", "--out", "work/run")
    assert fcnet(*words, *(f"data.{part}={json.dumps(place)}" for part, place in parts.items())).code == 0
    shutil.rmtree("cache")
    monkeypatch.chdir("work")

    def forge(**changes: object) -> Path:
        path = Path("run/config.yaml")
        values = yaml.safe_load(path.read_text())
        data = values["data"]
        data |= parts
        data.pop("cache", None)
        data.update(changes)
        for name in [name for name, value in data.items() if value is None]:
            data.pop(name)
        path.write_text(yaml.safe_dump(values))
        return home

    return forge


COMMANDS = [
    ("eval", "run"),
    ("eval", "run", "--split", "train"),
    ("plot", "run"),
    ("train", "--resume", "run", "train.epochs=2"),
]


def test_a_stranger_s_run_writes_nothing_outside(fcnet: Run, stranger: Callable[..., Path]) -> None:
    """Neither a cache beside its images, nor one where its config says, which is no cache."""
    home = stranger()
    (home / "documents").mkdir()
    (home / "documents/thesis.tex").write_text("years of work")
    for cache in (None, str(home / "documents"), str(home / "new/cache")):
        stranger(cache=cache)
        before = snapshot(home)
        for words in COMMANDS:
            outcome = fcnet(*words)
            assert outcome.code == 0, outcome.err
        assert snapshot(home) == before
        said = "the config of a run creates none outside the working folder; images are decoded again each time"
        assert said in fcnet("eval", "run").err


def test_a_stranger_s_run_writes_no_data_set(fcnet: Run, stranger: Callable[..., Path]) -> None:
    home = stranger()
    partial = home / "data/.partial-mine"
    partial.mkdir(parents=True)
    (partial / "train-labels.txt").write_text("mine")
    stranger(train=None, test=None, source="digits", root=str(home / "data"), image_size=[6, 6])
    before = snapshot(home)
    for words in COMMANDS:
        outcome = fcnet(*words)
        assert outcome.code == 3, words
        assert outcome.errors[0].startswith(f"data.root: {home}/data does not contain digits, and the config of a run")
        assert outcome.errors[0].endswith(f"write it with: fcnet data digits --out {home}/data")
    assert snapshot(home) == before
    assert fcnet("data", "digits", "--out", f"{home}/data").code == 0  # the user's own word


def test_caches_that_are_there_or_below_the_working_folder_are_used(fcnet: Run, stranger: Callable[..., Path]) -> None:
    home = stranger()
    advice = fcnet("eval", "run").err.split("decoded again each time; to create it: ")[1].splitlines()[0]
    subprocess.run(advice, shell=True, check=True, timeout=120)
    assert (home / "tiny/.fcnet-cache").is_dir()
    for cache, place in ((None, home / "tiny/.fcnet-cache"), ("below/cache", Path("below/cache"))):
        stranger(cache=cache)
        assert fcnet("eval", "run").code == 0
        assert len(list(place.glob("*.npy"))) == 1
    Path("link").symlink_to(home)
    stranger(cache="link/cache")
    assert fcnet("eval", "run").code == 0
    assert not (home / "cache").exists()


def test_a_config_of_one_s_own_makes_a_cache_where_it_says(fcnet: Run, stranger: Callable[..., Path]) -> None:
    home = stranger(cache=str(Path("..").resolve() / OUTSIDE / "mine"))
    shutil.copy("run/config.yaml", "own.yaml")
    assert fcnet("train", "-c", "own.yaml", "--out", "new").code == 0
    assert len(list((home / "mine").glob("*.npy"))) == 2
    assert fcnet("eval", "new").code == 0  # there already
