"""``fcnet sweep`` from the command line: what it says, and what it refuses."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from helpers.command_line import Run
from helpers.sweeps import write_sweep
from helpers.tiny import write_config


@pytest.fixture
def file(tiny: Path) -> Path:
    """A sweep file of two runs."""
    return write_sweep(tiny / "rates.yaml", tiny / "tiny.yaml", grid={"train.optimizer.lr": [0.01, 0.02]}, workers=1)


def test_a_sweep_from_its_file_to_its_end(file: Path, fcnet: Run) -> None:
    done = fcnet("sweep", "run", file)
    assert done.code == 0, done.err
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["lr-0.01", "lr-0.02", "runs/rates"]
    assert done.out.endswith("runs/rates: 2 runs: 2 finished\n")
    assert "sweep: runs/rates, 1 worker" in done.err
    again = fcnet("sweep", "run", "runs/rates")
    assert (again.code, again.out) == (0, "runs/rates: 2 runs: 2 finished\n")
    found = fcnet("sweep", "status", "runs/rates", "--json")
    assert json.loads(found.out)["counts"] == {"finished": 2}
    assert fcnet("sweep", "status", "runs/rates", "--watch").code == 0
    assert fcnet("eval", "runs/rates/lr-0.01").code == 0


def test_words_in_place_of_a_file(tiny: Path, fcnet: Run) -> None:
    words = ("-c", tiny / "tiny.yaml", "model.hidden=[4],[5,6]", "train.epochs=1", "--seeds", 2)
    listed = fcnet("sweep", "run", *words, "--dry-run")
    assert listed.out.splitlines() == [f"hidden-{one}_seed-{seed}" for one in ("4", "5-6") for seed in (0, 1)]
    assert not Path("runs").exists()
    done = fcnet("sweep", "run", *words, "--workers", 1, "--out", "out")
    assert done.code == 0, done.err
    assert "out: 4 runs: 4 finished" in done.out


def test_failed_runs_have_an_exit_code_and_a_reason(tiny: Path, fcnet: Run) -> None:
    grid = {"train.optimizer": [{"name": "sgd", "lr": 1e30}, {"name": "sgd", "lr": 0.1}]}
    file = write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", grid=grid, workers=1)
    done = fcnet("sweep", "run", file)
    assert done.code == 8
    assert done.errors[0].startswith("optimizer-sgd-lr-1e30: diverged: epoch 1, step ")
    assert done.errors[-1] == "runs/s: 1 of 2 runs failed or diverged"
    assert "1 finished, 1 diverged" in done.out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "FILE: is missing; give a sweep file"),
        (["a=1"], "FILE: is missing; give a sweep file"),
        (["none.yaml"], "none.yaml: there is no such file"),
        (
            ["tiny/rates.yaml", "--out", "tiny"],
            "--out tiny: is not a sweep directory (it has no sweep.yaml) and is not",
        ),
        (["tiny/rates.yaml", "--out", "tiny/train.txt"], "--out tiny/train.txt: is a file; choose another directory"),
        (["tiny/tiny.yaml"], "tiny/tiny.yaml: is the config of one run, not a sweep file"),
        (["-c", "tiny/tiny.yaml", "x"], "x: is neither KEY=VALUE nor wanted beside --config; leave it out"),
        (["tiny/rates.yaml", "--fuse", "1"], "fuse: is 1; should be a whole number from 2 to 4096"),
        (["tiny/rates.yaml", "--workers", "0"], "--workers"),
        (["tiny/rates.yaml", "--seeds", "2000000"], "plans 4,000,000 runs; a sweep has at most 1,000,000"),
        (["tiny/rates.yaml", "--seeds", "20000"], "plans 40,000 runs; vary less, or confirm it with --yes"),
        (["tiny/rates.yaml", "train.optimizer.lr=1"], "train.optimizer.lr: is varied by tiny/rates.yaml:"),
    ],
)
def test_what_is_refused(file: Path, fcnet: Run, words: list[str], problem: str) -> None:
    refused = fcnet("sweep", "run", *words)
    assert refused.code == 2
    assert problem in " ".join(refused.errors), refused.err
    assert not Path("runs").exists()


def test_a_directory_of_another_sweep_is_refused(file: Path, tiny: Path, fcnet: Run) -> None:
    assert fcnet("sweep", "run", file, "--out", "out").code == 0
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    other = write_sweep(tiny / "other.yaml", tiny / "tiny.yaml", grid={"model.hidden": [[3], [4]]})
    for words, problem in [
        ((file, "train.epochs=2"), "holds a sweep whose lr-0.01 has other settings (train.epochs: 3 there, 2 here)"),
        ((other,), "holds another sweep: none of its 2 runs (lr-0.01, lr-0.02) is in this plan"),
    ]:
        refused = fcnet("sweep", "run", *words, "--out", "out")
        assert refused.code == 2
        assert problem in refused.errors[0]
    refused = fcnet("sweep", "run", "out", "--seeds", 3)
    assert "is a sweep that was begun" in refused.errors[0]
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before


def test_a_directory_that_is_no_sweep(fcnet: Run, tiny: Path) -> None:
    for command in (("sweep", "status"), ("sweep", "run", "--out")):
        refused = fcnet(*command, "nothing")
        assert (refused.code, "does not exist; begin a sweep with" in refused.errors[0]) == (2, True)
        assert "is not a sweep directory" in fcnet(*command, "tiny").errors[0]


def test_a_plan_that_was_damaged_is_said(file: Path, fcnet: Run) -> None:
    assert fcnet("sweep", "run", file, "--out", "out").code == 0
    Path("out/sweep.yaml").write_text("base: x.yaml\n")
    shutil.rmtree("out/lr-0.01")
    refused = fcnet("sweep", "run", "out")
    assert refused.code == 2
    assert "out/sweep.yaml: base: should be the settings themselves" in refused.errors[0]


def test_a_sweep_is_continued_from_any_folder(
    tiny: Path, tmp_path: Path, fcnet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = yaml.safe_load((tiny / "tiny.yaml").read_text())
    for split in ("train", "test"):
        values["data"][split] = {"images": f"tiny/{split}", "labels": f"tiny/{split}.txt"}
    base = write_config(tiny / "relative.yaml", values)
    file = write_sweep(tiny / "s.yaml", base, seeds=1, workers=1)
    assert fcnet("sweep", "slurm", file, "--out", "out").code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = fcnet("sweep", "run", tmp_path / "out")
    assert done.code == 0, done.err
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_dry_run_of_a_directory_trains_nothing(file: Path, fcnet: Run) -> None:
    assert fcnet("sweep", "slurm", file, "--out", "out").code == 0
    listed = fcnet("sweep", "run", "out", "--dry-run")
    assert (listed.code, listed.out.splitlines()) == (0, ["lr-0.01", "lr-0.02"])
    assert sorted(path.name for path in Path("out").iterdir()) == [".sweep", "sweep.yaml"]
    refused = fcnet("sweep", "run", "out", "--out", "other")
    assert (refused.code, "--out other: out is a directory already" in refused.errors[0]) == (2, True)


def test_ten_thousand_runs_are_a_sweep(tiny: Path, fcnet: Run) -> None:
    file = write_sweep(tiny / "many.yaml", tiny / "tiny.yaml", seeds=14_000)
    assert fcnet("sweep", "slurm", file, "--out", "out", "--yes").code == 0
    assert Path("out/.sweep/runs.json").stat().st_size > 1 << 20
    assert fcnet("sweep", "status", "out").out == "out: 14000 runs: 14000 planned\n"


def test_a_directory_may_be_reached_by_any_path(
    file: Path, tmp_path: Path, fcnet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fcnet("sweep", "slurm", file, "--out", "out").code == 0
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    done = fcnet("sweep", "run", "../out")
    assert done.code == 0, done.err


def test_what_a_killed_process_left_is_taken_up(file: Path, fcnet: Run) -> None:
    Path("out/.sweep/claims").mkdir(parents=True)
    assert fcnet("sweep", "slurm", file, "--out", "out").code == 0
    shutil.rmtree("out/.sweep/tries")  # as a copy without empty folders has none
    assert fcnet("sweep", "run", "out").code == 0
