"""The files of a run."""

import json
from pathlib import Path

import pytest

from fcnet import rundir
from fcnet.errors import CheckpointError, ConfigError
from fcnet.metrics import EpochRecord, Metrics, StepRecord


def test_names_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [rundir.create(None, "a", False).name for _ in range(3)] == ["a", "a-2", "a-3"]
    assert rundir.create(Path("deep/er/run"), "a", False).is_dir()


def test_an_existing_folder_is_not_touched_without_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = rundir.create(tmp_path / "run", "", False)
    for name in (rundir.CONFIG, rundir.ENVIRONMENT, rundir.METRICS, rundir.MODEL):
        (run / name).write_text("")
    with pytest.raises(ConfigError, match="exists already"):
        rundir.create(run, "", False)
    (run / "note.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds note\.txt, which is not of a run"):
        rundir.create(run, "", True)
    (run / "note.txt").unlink()
    (tmp_path / "link").symlink_to(run)
    with pytest.raises(ConfigError, match="is no run directory"):
        rundir.create(tmp_path / "link", "", True)
    monkeypatch.chdir(run)
    with pytest.raises(ConfigError, match="is the folder that the command runs in"):
        rundir.create(Path(), "", True)
    monkeypatch.chdir(tmp_path)
    assert list(rundir.create(run, "", True).iterdir()) == []
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter").write_text("years of work")
    (tmp_path / "thesis" / rundir.CONFIG).write_text("of another program")
    with pytest.raises(ConfigError, match="is no run directory"):
        rundir.create(tmp_path / "thesis", "", True)
    assert (tmp_path / "thesis/chapter").exists()


def test_the_newest_run_is_that_started_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="holds no run yet"):
        rundir.newest()
    for age, name in ((2, "b"), (1, "z"), (3, "a")):
        run = rundir.create(None, name, False)
        (run / rundir.CONFIG).write_text("")
        os.utime(run / rundir.CONFIG, (age, age))
    (rundir.ROOT / "plots").mkdir()
    assert rundir.newest() == rundir.ROOT / "a"


def test_metrics_are_one_json_object_a_line(tmp_path: Path) -> None:
    some = Metrics(1.5, 0.5, 2)
    rundir.append(tmp_path, StepRecord(1, 2, 3, 0.1, 0.2, 0.3, 0.4, 5.0))
    rundir.append(tmp_path, EpochRecord(1, some, None, some, 2.5))
    step, epoch = rundir.read_metrics(tmp_path)
    assert step["kind"] == "step"
    assert step["loss"] == 0.1
    assert epoch == {
        "kind": "epoch",
        "epoch": 1,
        "train": {"loss": 1.5, "accuracy": 0.5, "n": 2},
        "validation": None,
        "test": {"loss": 1.5, "accuracy": 0.5, "n": 2},
        "seconds": 2.5,
    }
    (tmp_path / rundir.METRICS).write_text('{"kind": "step"}\n{"ki')
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl:2: is damaged"):
        rundir.read_metrics(tmp_path)
    for line in (b"5", b"\xff"):
        (tmp_path / rundir.METRICS).write_bytes(line)
        with pytest.raises(CheckpointError, match=r"metrics\.jsonl:1: is damaged"):
            rundir.read_metrics(tmp_path)


def test_the_result_has_final_and_best_figures(tmp_path: Path) -> None:
    records = [EpochRecord(i, Metrics(1, 0.5, 2), Metrics(1, i / 10, 2), None, 2.5) for i in (1, 2)]
    rundir.write_result(tmp_path, "finished", records[1], records[0], 3.21234)
    result = json.loads((tmp_path / rundir.RESULT).read_text())
    assert result["ended"] == "finished"
    assert result["seconds"] == 3.212
    assert result["epoch"] == 2
    assert "test" not in result
    assert result["best"]["epoch"] == 1
    assert result["best"]["validation"]["accuracy"] == 0.1
