"""A study hands out each trial once, loses none, and takes results."""

import math
from pathlib import Path
from typing import Any

import optuna
import pytest

from fcnet.errors import ConfigError
from fcnet.sweep.search.study import Study
from helpers.searching import run_all, value_of


def test_trials_come_as_planned_and_no_more(tmp_path: Path, anywhere: Any) -> None:
    with Study(tmp_path, anywhere(5), "width", epochs=3) as study:
        trials = run_all(study)
        assert study.next() is None
        assert [one.name for one in trials] == [f"trial-00{number}" for number in range(5)]
        for one in trials:
            assert one.changes["model.hidden"] in ([300], [500, 300])
            assert 1e-4 <= one.changes["train.optimizer.lr"] <= 1e-1
            size = one.changes["train.batch_size"]
            assert isinstance(size, int)
            assert size in range(16, 129, 16)
        told = study.trials()
    assert [one.value for one in told] == [value_of(one.changes) for one in trials]
    assert [one.changes for one in told] == [one.changes for one in trials]
    assert {one.state for one in told} == {"complete"}


def test_another_process_sees_what_was_begun(tmp_path: Path, anywhere: Any) -> None:
    search = anywhere(4)
    with Study(tmp_path, search, "width", 3) as first, Study(tmp_path, search, "width", 3) as second:
        one, two = first.next(), second.next()
        assert one is not None
        assert two is not None
        assert (one.number, two.number) == (0, 1)
        assert [trial.changes for trial in second.running()] == [one.changes, two.changes]
        second.tell(0, 0.5)
        first.tell(0, 0.25)  # told twice: the first holds
        assert [trial.number for trial in first.running()] == [1]
        assert first.trials()[0].value == 0.5


def test_more_trials_can_be_asked_for_later_but_nothing_else(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(2), "width", 3) as study:
        run_all(study)
    with Study(tmp_path, make(3, sampler="random", pruner="none", seed=4), "renamed", 3) as study:
        assert [one.number for one in run_all(study)] == [2]
        assert len(study.trials()) == 3
    with pytest.raises(ConfigError, match="begun with other metric; set"):
        Study(tmp_path, make(3, metric="loss"), "width", 3)
    with pytest.raises(ConfigError, match="begun with other parameters; set"):
        Study(tmp_path, make(3, parameters={"seed": {"choices": [1]}}), "width", 3)


def test_random_search_depends_on_its_seed_alone(tmp_path: Path, make: Any) -> None:
    found = []
    for folder, seed, workers in (("a", 1, 1), ("b", 1, 3), ("c", 2, 1)):
        (tmp_path / folder).mkdir()
        studies = [Study(tmp_path / folder, make(12, sampler="random", seed=seed), folder, 3) for _ in range(workers)]
        trials = [studies[number % workers].next() for number in range(12)]
        found.append([one.changes for one in trials if one])
        for study in studies:
            study.close()
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert len({str(changes) for changes in found[0]}) == 12


def test_workers_that_ask_at_once_get_different_settings_from_tpe(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(40), "width", 3) as study:
        asked = [study.next() for _ in range(40)]
        assert len({one.changes["train.optimizer.lr"] for one in asked if one}) == 40


def test_tpe_finds_better_settings_than_chance(tmp_path: Path, make: Any) -> None:
    best = {}
    for sampler in ("tpe", "random"):
        (tmp_path / sampler).mkdir()
        with Study(tmp_path / sampler, make(45, sampler=sampler), sampler, 3) as study:
            run_all(study)
            values = [one.value or 0.0 for one in study.trials()]
            best[sampler] = sum(values[25:]) / len(values[25:])
    assert best["tpe"] > best["random"] + 0.1


def test_a_loss_is_minimised_and_the_best_report_is_the_value(tmp_path: Path, anywhere: Any) -> None:
    with Study(tmp_path, anywhere(3, metric="loss"), "width", 4) as study:
        study.next()
        for epoch, loss in enumerate((0.9, 0.4, 0.6), 1):
            assert not study.reports(0).report(epoch, loss)
        study.reports(0).report(2, 7.0)  # again, by a run that was resumed: the first holds
        study.tell(0)
        assert study.trials()[0].value == 0.4
        assert study.optuna.direction == optuna.study.StudyDirection.MINIMIZE
        assert study.optuna.best_value == 0.4


def test_only_the_last_phase_counts(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(1, metric="loss"), "width", 4) as study:
        study.next()
        for epoch, loss, phase in ((1, 0.1, "layer 1"), (2, 0.2, "layer 1"), (3, 0.8, "layer 2")):
            study.reports(0).report(epoch, loss, False, phase)
    with Study(tmp_path, make(1, metric="loss"), "width", 4) as study:  # as a process that resumes the run
        study.reports(0).report(4, 0.9, False, "layer 2")
        assert study.trials()[0].value is None
        study.tell(0)
        assert study.trials()[0].value == 0.8


def test_failures_and_divergences_are_told_apart(tmp_path: Path, anywhere: Any) -> None:
    with Study(tmp_path, anywhere(3), "width", 4) as study:
        for _ in range(3):
            study.next()
        study.tell(0, state="failed", why="out of memory")
        study.tell(1, state="diverged", why="the loss is not finite")
        study.tell(2, 0.5)
        assert [(one.state, one.why, one.value) for one in study.trials()] == [
            ("failed", "out of memory", None),
            ("pruned", "the loss is not finite", None),
            ("complete", "", 0.5),
        ]
        assert study.next() is None


def test_a_trial_without_validation_is_an_error(tmp_path: Path, make: Any) -> None:
    with Study(tmp_path, make(1), "width", 4) as study:
        study.next()
        with pytest.raises(ConfigError, match="trial-000: has no validation metric"):
            study.tell(0)
        assert len(study.running()) == 1


def test_nothing_is_added_to_a_trial_that_was_told(tmp_path: Path, make: Any) -> None:
    """Its run is trained once more: it had failed, or its directory was deleted."""
    with Study(tmp_path, make(1), "width", 4) as study:
        study.next()
        study.tell(0, 0.5)
        assert not study.reports(0).report(1, 0.4)
        study.tell(0, 0.9)
        assert [(one.state, one.value) for one in study.trials()] == [("complete", 0.5)]


def test_other_programs_of_optuna_read_it(tmp_path: Path, anywhere: Any) -> None:
    """As optuna-dashboard does: through Optuna's storage, with readable settings and the run of each trial."""
    search = anywhere(2)
    with Study(tmp_path, search, "width", 3) as study:
        run_all(study)
    url = f"sqlite:///{tmp_path}/search.db"
    if search.storage:
        url = search.storage.replace("postgresql:", "postgresql+psycopg:")
    storage = optuna.storages.RDBStorage(url)
    (name,) = optuna.get_all_study_names(storage)
    assert name.startswith("width-")
    trials = optuna.load_study(study_name=name, storage=storage).trials
    storage.engine.dispose()
    assert [one.user_attrs["run"] for one in trials] == ["trial-000", "trial-001"]
    assert {one.params["model.hidden"] for one in trials} <= {"[300]", "[500, 300]"}
    assert all(math.isfinite(one.value or math.nan) for one in trials)


def test_sweeps_of_one_name_share_a_database(tmp_path: Path, make: Any, address: str) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        with Study(tmp_path / folder, make(2, storage=address), "width", 3) as study:
            assert [one.number for one in run_all(study)] == [0, 1]
