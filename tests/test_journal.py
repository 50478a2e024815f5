"""What a run writes down."""

import json
from pathlib import Path

import pytest

from fcnet import journal, rundir
from fcnet.errors import CheckpointError
from fcnet.metrics import EpochRecord, Metrics, StepRecord


def test_metrics_are_one_json_object_a_line(tmp_path: Path) -> None:
    some = Metrics(1.5, 0.5, 2)
    journal.append(tmp_path, StepRecord(1, 2, 3, 0.1, 0.2, 0.3, 0.4, 5.0))
    journal.append(tmp_path, EpochRecord(1, some, None, some, 2.5))
    step, epoch = journal.read_metrics(tmp_path)
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
        journal.read_metrics(tmp_path)
    for line in (b"5", b"\xff"):
        (tmp_path / rundir.METRICS).write_bytes(line)
        with pytest.raises(CheckpointError, match=r"metrics\.jsonl:1: is damaged"):
            journal.read_metrics(tmp_path)


def test_the_result_has_final_and_best_figures(tmp_path: Path) -> None:
    records = [EpochRecord(i, Metrics(1, 0.5, 2), Metrics(1, i / 10, 2), None, 2.5) for i in (1, 2)]
    journal.write_result(tmp_path, "finished", records[1], records[0], 3.21234)
    result = json.loads((tmp_path / rundir.RESULT).read_text())
    assert result["ended"] == "finished"
    assert result["seconds"] == 3.212
    assert result["epoch"] == 2
    assert "test" not in result
    assert result["best"]["epoch"] == 1
    assert result["best"]["validation"]["accuracy"] == 0.1
