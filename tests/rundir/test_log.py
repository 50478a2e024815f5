"""The log of a run: what is damaged in it costs that line, and is told of, and nothing else."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from fcnet.errors import CheckpointError
from fcnet.rundir import directory, log
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord, StageRecord, StepRecord
from helpers.command_line import Run
from helpers.crash import contents

WORDS = ("train", "-c", "tiny/tiny.yaml", "train.log_every=1")


def test_metrics_are_one_json_object_a_line(tmp_path: Path) -> None:
    some = Metrics(1.5, 0.5, 2)
    log.append(tmp_path, StepRecord(1, 2, 3, 0.1, 0.2, 0.3, 0.4, 5.0))
    log.append(tmp_path, EpochRecord(1, some, None, some, 2.5))
    (step, epoch), damaged = log.read(tmp_path)
    assert damaged == ""
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


SOUND: list[StepRecord | EpochRecord | StageRecord] = [
    StepRecord(1, 2, 3, 0.1, 0.2, None, 0.4, 5.0),
    EpochRecord(1, Metrics(1.5, None, 2, {"squared_error": 3.0}), None, Metrics(1, None, 2), 2.5, "layer 1"),
    StageRecord(1, {"stage": "hidden layer", "ridge": 0.1}),
    StageRecord(1, {"stage": "x", "ridge": 0.1, "path": [{"ridge": 1, "accuracy": 0.5, "squared_error": None}]}),
]


@pytest.mark.parametrize(
    "line",
    [
        *('{"kind": "st', "5", "[]", "\\xff", "{}", "[" * 100_000, '{"kind": "step"}', '{"kind": "stop", "epoch": 1}'),
        '{"kind": "stage", "epoch": 1, "figures": {"stage": "x", "path": [{"ridge": 1}]}}',
        '{"kind": "epoch", "epoch": 1, "train": null, "validation": null, "test": null, "seconds": 1}',
        '{"kind": "epoch", "epoch": 1, "train": {"loss": 1, "m": 2}, "validation": null, "test": null, "seconds": 1}',
        '{"kind": "step", "epoch": 1, "step": 1, "steps": 1, "loss": NaN, "loss_mean": 1, "lr": 1, "images_per_s": 1}',
    ],
    ids=range(12),
)
def test_a_line_that_is_no_record_is_left_out_and_told(tmp_path: Path, line: str) -> None:
    for record in SOUND:
        log.append(tmp_path, record)
    whole = (tmp_path / directory.METRICS).read_bytes()
    (tmp_path / directory.METRICS).write_bytes(whole + line.encode("latin-1") + b"\n" + whole)
    records, damaged = log.read(tmp_path)
    assert len(records) == 2 * len(SOUND)
    assert damaged == f"{tmp_path / directory.METRICS}:5: 1 line is damaged and ignored"


@pytest.fixture
def stopped(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of three epochs after its second, and `whole`, which had all three."""
    assert fcnet(*WORDS, "train.epochs=3", "--out", "whole").code == 0
    assert fcnet(*WORDS, "train.epochs=2", "--out", "cut").code == 0
    return Path("cut")


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_costs_its_line(fcnet: Run, stopped: Path, seed: int) -> None:
    """Also a line's end, which costs two; and what was said to be done about it can be done."""
    file = stopped / directory.METRICS
    data = bytearray(file.read_bytes())
    chosen = random.Random(seed)
    place = data.index(b"\n", len(data) // 2) if seed == 0 else chosen.randrange(len(data))
    data[place] ^= 1 << (0 if seed == 0 else chosen.randrange(8))
    file.write_bytes(data)
    outcome = fcnet(*WORDS, "train.epochs=3", "--out", "cut", "--resume")
    assert outcome.code == 0, outcome.err
    same_but_for_the_line(stopped, 2)
    assert fcnet("plot", "cut").code == 0


def test_a_line_can_be_removed(fcnet: Run, stopped: Path) -> None:
    file = stopped / directory.METRICS
    lines = file.read_bytes().splitlines(keepends=True)
    for removed in (lines[3:], lines[:-1], [*lines[:2], *lines[3:]], []):
        shutil.copytree("cut", "copy")
        Path("copy/metrics.jsonl").write_bytes(b"".join(removed))
        outcome = fcnet(*WORDS, "train.epochs=3", "--out", "copy", "--resume")
        assert outcome.code == 0, outcome.err
        same_but_for_the_line(Path("copy"), len(lines))
        shutil.rmtree("copy")


def test_a_log_that_is_gone_costs_the_log(fcnet: Run, stopped: Path) -> None:
    (stopped / directory.METRICS).unlink()
    outcome = fcnet(*WORDS, "train.epochs=3", "--out", "cut", "--resume")
    assert outcome.code == 0
    assert "fcnet: warning: cut/metrics.jsonl: lines from before the checkpoint are lost" in outcome.err
    assert Path("cut/model.pth").read_bytes() == Path("whole/model.pth").read_bytes()


def same_but_for_the_line(run: Path, lost: int) -> None:
    """The run has the weights and figures of one that was never damaged, and all but so many lines of its log."""
    found, expected = contents_of_sound_lines(run), contents(Path("whole"))
    ours, theirs = found.pop("metrics"), expected.pop("metrics")
    assert found == expected
    missing = [line for line in theirs if line not in ours]
    assert len(missing) <= lost
    assert [line for line in ours if line in theirs] == [line for line in theirs if line not in missing]


def contents_of_sound_lines(run: Path) -> dict[str, Any]:
    file = run / directory.METRICS
    before = file.read_bytes()
    records, _ = log.read(run)
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    found = contents(run)
    file.write_bytes(before)
    return found


def test_a_log_larger_than_any_is_not_read(fcnet: Run, stopped: Path) -> None:
    size = (stopped / directory.METRICS).stat().st_size
    with (stopped / directory.METRICS).open("r+b") as file:
        file.truncate(40 << 30)
    with pytest.raises(CheckpointError, match=r"has 42,949,672,960 bytes, more than"):
        log.read(stopped)
    assert fcnet("plot", "cut").code == 5
    assert fcnet(*WORDS, "train.epochs=3", "--out", "cut", "--resume").code == 0  # back to what the checkpoint knew
    assert (stopped / directory.METRICS).stat().st_size < 3 * size


@pytest.mark.parametrize("text", ["", "{", "model: [", "\0", "data: {}"])
def test_a_damaged_config_does_not_stop_a_run_whose_config_is_given(fcnet: Run, stopped: Path, text: str) -> None:
    (stopped / directory.CONFIG).write_text(text)
    outcome = fcnet("train", "--resume", "cut")
    assert outcome.code == 2
    assert outcome.errors[-1].endswith("give a valid copy with --config FILE")
    outcome = fcnet(*WORDS, "train.epochs=3", "--resume", "cut")
    assert outcome.code == 0, outcome.err
    assert "fcnet: warning: cut/config.yaml" in outcome.err
    assert contents(stopped) == contents(Path("whole"))
    assert (stopped / directory.CONFIG).read_bytes() == Path("whole/config.yaml").read_bytes()
