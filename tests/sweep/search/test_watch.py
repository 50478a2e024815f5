"""A training is reported epoch by epoch, and ended early between two steps; the test images choose nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from fcnet import schema
from fcnet.commands.train import run_train
from fcnet.errors import ConfigError, Stopped
from fcnet.rundir.target import Target
from fcnet.sweep.search.study import Study, Trial
from fcnet.sweep.search.watch import SIGNAL, Watch
from fcnet.system.signals import Stop
from fcnet.system.sinks import Sinks
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord, Start
from helpers.tiny import tiny_config, write_config

RATES = {"train.optimizer.lr": {"low": 1e-5, "high": 1e-1, "log": True}}
EPOCHS = 8

Write = Callable[..., Path]


@pytest.fixture
def base(tiny: Path) -> Write:
    """Writes a config of the tiny data, with validation images."""

    def write(**data: Any) -> Path:
        values = tiny_config(tiny)
        values["data"] |= {"validation": 0.3} | data
        values["train"]["epochs"] = EPOCHS
        return write_config(tiny / "base.yaml", values)

    return write


class Interrupts:
    """Stops a training after an epoch, as a signal does."""

    def __init__(self, epoch: int, stop: Stop) -> None:
        self._epoch, self._stop = epoch, stop

    def write(self, record: Any) -> None:
        if record.kind == "epoch" and record.epoch == self._epoch:
            self._stop.signal = "SIGTERM"

    def close(self) -> None:
        pass


def train(study: Study, trial: Trial, base: Path, folder: Path, until: int = 0, resume: bool = False) -> Watch:
    """Train a trial, and tell how it ended; leave it running where it is interrupted after an epoch."""
    config = schema.load(base, [f"{key}={json.dumps(value)}" for key, value in trial.changes.items()])
    stop = Stop()
    watch = Watch(study, trial.number, stop)
    out = folder / trial.name
    target = Target("base", out, resume=resume)
    sinks = Sinks([watch, Interrupts(until, stop)])
    try:
        run_train(config, target, stop, sinks)
    except Stopped:
        assert watch.pruned or until
        if watch.pruned:
            study.tell(trial.number, state="pruned")
    else:
        study.tell(trial.number)
    return watch


def epochs_of(run: Path) -> dict[int, dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {line["epoch"]: line for line in lines if line["kind"] == "epoch"}


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_what_is_told_is_what_validation_said(tmp_path: Path, make: Any, base: Write, metric: str) -> None:
    config = base()
    search = make(10, parameters=RATES, sampler="random", seed=3, metric=metric)
    with Study(tmp_path, search, "rates", EPOCHS) as study:
        while (trial := study.next()) is not None:
            train(study, trial, config, tmp_path)
        trials, frozen = study.trials(), study.optuna.trials
    ended = {"complete": "finished", "pruned": "stopped"}
    for one, kept in zip(trials, frozen, strict=True):
        epochs = epochs_of(tmp_path / one.name)
        said = {number: epoch["validation"][metric] for number, epoch in epochs.items()}
        assert kept.intermediate_values == said
        result = json.loads((tmp_path / one.name / "result.json").read_text())
        assert result["ended"] == ended[one.state]
        assert one.pruned == (one.state == "pruned")
        if one.state == "complete":
            assert len(said) == EPOCHS
            assert one.value == (max if metric == "accuracy" else min)(said.values())
        else:
            assert result["signal"] == SIGNAL
            assert EPOCHS > len(said) >= EPOCHS // 4
    assert {one.state for one in trials} == {"complete", "pruned"}


def test_median_pruning_is_as_defined(tmp_path: Path, make: Any) -> None:
    """A run ends if its best so far is below the median of the others at that epoch, after a quarter of the epochs."""
    others = [[0.1 * (number + 1), 0.12 * (number + 1), 0.15 * (number + 1)] for number in range(5)]
    for level in (0.3, 0.34, 0.38, 0.44, 0.46):
        folder = tmp_path / str(level)
        folder.mkdir()
        with Study(folder, make(9), "width", 8) as study:
            for number, values in enumerate(others):
                study.next()
                for epoch, value in enumerate(values, 1):
                    study.reports(number).report(epoch, value)
                study.tell(number)
            study.next()
            found = [study.reports(5).report(epoch, level) for epoch in (1, 2, 3)]
        wanted = [epoch >= 2 and level < median(values[epoch - 1] for values in others) for epoch in (1, 2, 3)]
        assert found == wanted


def test_hyperband_ends_most_runs_early(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(30, pruner="hyperband", sampler="random"), "width", 9) as study:
        lengths = []
        while (trial := study.next()) is not None:
            epochs = 0
            for epoch in range(1, 10):
                epochs = epoch
                if study.reports(trial.number).report(epoch, trial.changes["train.optimizer.lr"], epoch < 9):
                    break
            lengths.append(epochs)
            study.tell(trial.number, state="complete" if epochs == 9 else "pruned")
    assert 9 in lengths
    assert sum(lengths) < 0.7 * 9 * 30


def test_a_run_that_was_interrupted_reports_each_epoch_once(tmp_path: Path, make: Any, base: Write) -> None:
    config, search = base(), make(1, parameters=RATES, sampler="random", pruner="none")
    reports = []
    for folder, until in (("whole", 0), ("broken", 3)):
        (tmp_path / folder).mkdir()
        with Study(tmp_path / folder, search, "rates", EPOCHS) as study:
            trial = study.next()
            assert trial is not None
            train(study, trial, config, tmp_path / folder, until)
        if until:
            with Study(tmp_path / folder, search, "rates", EPOCHS) as study:
                (left,) = study.running()
                assert left == trial
                assert study.reports(0).last == until
                train(study, left, config, tmp_path / folder, resume=True)
        with Study(tmp_path / folder, search, "rates", EPOCHS) as study:
            reports.append((study.trials(), study.optuna.trials[0].intermediate_values))
    assert reports[0] == reports[1]


def test_an_end_that_was_decided_holds_for_whoever_resumes(tmp_path: Path, make: Any, base: Write) -> None:
    """The worker that was told to end a run was killed before it did."""
    config, search = base(), make(9, parameters=RATES, sampler="random")
    with Study(tmp_path, search, "rates", EPOCHS) as study:
        for number in range(5):
            study.next()
            study.reports(number).report(3, 0.99)
            study.tell(number)
        trial = study.next()
        assert trial is not None
        train(study, trial, config, tmp_path, until=1)
        assert study.reports(trial.number).report(3, 0.01)
    with Study(tmp_path, search, "rates", EPOCHS) as study:
        (left,) = study.running()
        assert left.pruned
        assert train(study, left, config, tmp_path, resume=True).pruned
        assert study.trials()[5].state == "pruned"
    assert list(epochs_of(tmp_path / left.name)) == [1]


def test_no_validation_images_are_an_error(tmp_path: Path, make: Any, base: Write) -> None:
    with Study(tmp_path, make(1, parameters=RATES), "rates", EPOCHS) as study:
        trial = study.next()
        assert trial is not None
        with pytest.raises(ConfigError, match="trial-000: has no accuracy of validation images"):
            train(study, trial, base(validation=None), tmp_path)
        assert len(study.running()) == 1


def test_training_by_phases_is_not_pruned(tmp_path: Path, make: Any) -> None:
    """Their losses are of different things."""
    with Study(tmp_path, make(7, metric="loss"), "phases", 4) as study:
        for number in range(7):
            study.next()
            stop = Stop()
            watch = Watch(study, number, stop)
            watch.write(Start("by hand", 4))
            for epoch in range(1, 5):
                loss = Metrics(number + epoch / 10, None, 10)
                watch.write(EpochRecord(epoch, loss, loss, loss, 1.0, f"layer {(epoch + 1) // 2}"))
            study.tell(number)
            assert (watch.pruned, stop.signal) == (False, "")
            assert study.trials()[number].value == number + 0.3  # of the last phase alone
