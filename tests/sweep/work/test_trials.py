"""Runs of a search: chosen, trained, told to it; none is lost if a worker dies."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fcnet.errors import ConfigError
from fcnet.sweep import status
from fcnet.sweep.begin import begin
from fcnet.sweep.disk.folder import Folder
from fcnet.sweep.plan import load
from fcnet.sweep.search.study import Study
from fcnet.sweep.work.trials import Trials
from helpers import postgres_server
from helpers.command_line import Run
from helpers.postgres_server import ENCODED, Server
from helpers.sweeps import begun, ended, work, write_sweep
from helpers.tiny import tiny_config, write_config


@pytest.fixture
def base(tiny: Path) -> Path:
    """A config with validation images."""
    values = tiny_config(tiny)
    values["data"]["validation"] = 0.3
    return write_config(tiny / "base.yaml", values)


def search_file(base: Path, **more: Any) -> Path:
    """A sweep file that searches for a rate."""
    parameters = {"train.optimizer.lr": {"low": 1e-4, "high": 1e-1, "log": True}}
    search = {"trials": 6, "sampler": "random", "pruner": "none", "parameters": parameters} | more
    return write_sweep(base.with_name("search.yaml"), base, search=search)


def study_of(folder: Folder) -> Study:
    assert folder.settings.search is not None
    return Study(folder.path, folder.settings.search, folder.path.name, 3)


def test_a_search_trains_all_its_trials(base: Path, tmp_path: Path) -> None:
    folder = begun(search_file(base), tmp_path / "out").folder
    assert status.of(folder).counts == {"planned": 6}
    events = work(folder)
    assert ended(events) == {f"trial-00{number}": "finished" for number in range(6)}
    assert status.of(folder).counts == {"finished": 6}
    assert work(folder) == []
    with study_of(folder) as study:
        trials = study.trials()
    assert {trial.state for trial in trials} == {"complete"}
    for trial in trials:
        best = folder.result(trial.name)["best"]["validation"]["accuracy"]
        assert trial.value == best


def test_settings_do_not_depend_on_who_asks(base: Path, tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        folder = begun(search_file(base), tmp_path / name).folder
        work(folder)
        found.append([entry.changes for entry in folder.entries()])
    assert found[0] == found[1]


def test_a_trial_whose_worker_died_before_it_was_written_down(base: Path, tmp_path: Path) -> None:
    folder = begun(search_file(base), tmp_path / "out").folder
    with study_of(folder) as study:
        lost = study.next()
    assert lost is not None
    assert folder.entries() == []
    assert set(ended(work(folder)).values()) == {"finished"}
    assert folder.entries()[0].changes == lost.changes
    assert len(folder.entries()) == 6


def test_a_result_that_was_not_told_is_told_later(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = begun(search_file(base), tmp_path / "out").folder
    with monkeypatch.context() as patched:
        patched.setattr(Trials, "tell", lambda *_: None)
        work(folder)
    with study_of(folder) as study:
        assert len(study.running()) == 6
    assert work(folder) == []
    with study_of(folder) as study:
        assert study.running() == []


def test_runs_that_do_worse_are_ended_early(base: Path, tmp_path: Path) -> None:
    parameters = {"train.optimizer.lr": {"choices": [1e-9, 0.02, 0.03, 0.04]}}
    file = search_file(base, trials=14, pruner="median", parameters=parameters)
    folder = begun(file, tmp_path / "out", "train.epochs=8").folder
    events = work(folder)
    assert len(ended(events)) == 14
    counts = status.of(folder).counts
    assert counts.get("pruned", 0) > 0
    assert counts["pruned"] + counts["finished"] == 14
    with study_of(folder) as study:
        states = {trial.name: trial.state for trial in study.trials()}
    assert all(
        states[run.name] == {"finished": "complete", "pruned": "pruned"}[run.state] for run in status.of(folder).runs
    )
    assert work(folder) == []


def test_a_pruned_run_that_was_deleted_stays_pruned(base: Path, tmp_path: Path) -> None:
    folder = begun(search_file(base, trials=1), tmp_path / "out").folder
    with study_of(folder) as study:
        trial = study.next()
        assert trial is not None
        study.reports(0)._trial.set_user_attr("pruned", 1)
    assert ended(work(folder)) == {"trial-000": "pruned"}
    shutil.rmtree(folder.run("trial-000"))
    assert ended(work(folder)) == {"trial-000": "pruned"}
    assert work(folder) == []


def test_a_database_that_was_lost_is_said(base: Path, tmp_path: Path) -> None:
    folder = begun(search_file(base, trials=2), tmp_path / "out").folder
    work(folder)
    for path in folder.path.glob("search.db*"):
        path.unlink()
    with pytest.raises(ConfigError, match="has 2 trials, and its database 0; bring that back"):
        work(folder)


def test_a_search_with_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    work(begun(search_file(base, trials=1), tmp_path / "out").folder)
    with pytest.raises(ConfigError, match=r"other settings \(train.epochs: 3 there, 2 here\)"):
        begun(search_file(base, trials=2), tmp_path / "out", "train.epochs=2")
    more = begun(search_file(base, trials=2), tmp_path / "out")
    assert more.left == []
    assert ended(work(more.folder)) == {"trial-001": "finished"}


def test_a_failed_trial_is_tried_again_if_it_is_asked_for(base: Path, tmp_path: Path) -> None:
    folder = begun(search_file(base, trials=1), tmp_path / "out").folder
    folder.path.joinpath("trial-000").touch()  # in the way of the run's directory
    assert ended(work(folder)) == {"trial-000": "failed"}
    folder.path.joinpath("trial-000").unlink()
    folder.forget_failures()
    assert ended(work(folder)) == {"trial-000": "finished"}
    with study_of(folder) as study:
        assert [one.state for one in study.trials()] == ["failed"]


def test_a_trial_that_diverges_is_told_so(base: Path, tmp_path: Path) -> None:
    parameters = {"train.optimizer.lr": {"choices": [1e30]}}
    folder = begun(
        search_file(base, trials=1, parameters=parameters), tmp_path / "out", "train.optimizer.name=sgd"
    ).folder
    assert ended(work(folder)) == {"trial-000": "diverged"}
    with study_of(folder) as study:
        assert [trial.state for trial in study.trials()] == ["pruned"]


def test_a_search_without_validation_images_is_refused(tiny: Path, fcnet: Run) -> None:
    refused = fcnet("sweep", "run", search_file(tiny / "tiny.yaml"))
    assert refused.code == 2
    assert "the test images choose nothing" in refused.errors[0]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if reason := postgres_server.missing():
        pytest.skip(reason)
    with postgres_server.running() as running:
        yield running


def test_passwords_are_never_written(
    server: Server, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.database("secret")
    address = server.address("secret").replace("@127", f":{ENCODED}@127")
    assert ENCODED in address
    sweep = begin(tmp_path / "out", load.from_file(search_file(base, trials=2, storage=address)))
    assert sweep.secrets == {"PGPASSWORD": postgres_server.PASSWORD}
    monkeypatch.setenv("PGPASSWORD", postgres_server.PASSWORD)
    assert set(ended(work(sweep.folder)).values()) == {"finished"}
    for path in sweep.folder.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert ENCODED.encode() not in content
            assert postgres_server.PASSWORD.encode() not in content
