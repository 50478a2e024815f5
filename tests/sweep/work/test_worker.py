"""A worker: what it trains, what it leaves alone, and what it makes of failures."""

import json
import os
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from fcnet.commands import read, train
from fcnet.data.splits import Splits
from fcnet.errors import OutOfMemory, ResourceError, RunsFailed, Stopped
from fcnet.rundir.lock import owning
from fcnet.sweep import status
from fcnet.sweep.disk import tries
from fcnet.sweep.work import worker as module
from fcnet.system.signals import Stop
from helpers.command_line import Run
from helpers.runs import plan_signals, same
from helpers.sweeps import begun, ended, work, write_sweep
from helpers.tiny import write_config


@pytest.fixture
def sweep(tiny: Path) -> Path:
    """A sweep file of four tiny runs."""
    return write_sweep(tiny / "sweep.yaml", tiny / "tiny.yaml", grid={"train.optimizer.lr": [0.01, 0.02]}, seeds=2)


def test_runs_are_those_that_train_would_have_written(sweep: Path, tmp_path: Path, fcnet: Run) -> None:
    sweep.write_text(sweep.read_text() + "plots: true\n")
    config = sweep.parent / "tiny.yaml"
    config.write_text(config.read_text().replace("plots: false\n", ""))
    folder = begun(sweep, tmp_path / "out").folder
    events = work(folder)
    names = [f"lr-{rate}_seed-{seed}" for rate in ("0.01", "0.02") for seed in (0, 1)]
    assert ended(events) == dict.fromkeys(names, "finished")
    assert len(list(folder.path.glob("*/plots/loss.png"))) == 4
    alone = fcnet("train", "-c", config, "train.optimizer.lr=0.02", "seed=1", "--out", "alone")
    assert alone.code == 0
    assert same(tmp_path / "out/lr-0.02_seed-1", tmp_path / "alone")


def test_curves_are_drawn_only_if_the_plan_says_so_and_the_config_allows_it(sweep: Path, tmp_path: Path) -> None:
    config, text = sweep.parent / "tiny.yaml", sweep.read_text()
    for i, (plan, allowed) in enumerate(((None, True), (True, False))):
        config.write_text(
            config.read_text().replace(f"plots: {str(not allowed).lower()}", f"plots: {str(allowed).lower()}")
        )
        sweep.write_text(text + ("plots: true\n" if plan else ""))
        folder = begun(sweep, tmp_path / f"out-{i}").folder
        assert set(ended(work(folder)).values()) == {"finished"}
        assert list(folder.path.glob("*/plots")) == []


def test_finished_runs_are_never_trained_again(sweep: Path, tmp_path: Path) -> None:
    folder = begun(sweep, tmp_path / "out").folder
    work(folder)
    before = {path: path.stat().st_mtime_ns for path in sorted(folder.path.rglob("*")) if path.is_file()}
    assert work(begun(sweep, tmp_path / "out").folder) == []
    assert {path: path.stat().st_mtime_ns for path in sorted(folder.path.rglob("*")) if path.is_file()} == before


def test_a_run_that_was_deleted_is_trained_again(sweep: Path, tmp_path: Path) -> None:
    folder = begun(sweep, tmp_path / "out").folder
    work(folder)
    shutil.copytree(folder.run("lr-0.01_seed-1"), tmp_path / "kept")
    shutil.rmtree(folder.run("lr-0.01_seed-1"))
    assert ended(work(folder)) == {"lr-0.01_seed-1": "finished"}
    assert same(folder.run("lr-0.01_seed-1"), tmp_path / "kept")


def test_a_plan_that_grew_adds_its_runs(sweep: Path, tiny: Path, tmp_path: Path) -> None:
    work(begun(sweep, tmp_path / "out").folder)
    more = write_sweep(tiny / "more.yaml", tiny / "tiny.yaml", grid={"train.optimizer.lr": [0.02, 0.04]}, seeds=2)
    grown = begun(more, tmp_path / "out")
    assert (grown.added, grown.left) == (2, ["lr-0.01_seed-0", "lr-0.01_seed-1"])
    assert ended(work(grown.folder)) == {"lr-0.04_seed-0": "finished", "lr-0.04_seed-1": "finished"}
    found = status.of(grown.folder)
    assert (found.counts, found.others) == ({"finished": 4}, ["lr-0.01_seed-0", "lr-0.01_seed-1"])


def test_a_run_that_diverges_is_not_tried_again(tiny: Path, tmp_path: Path) -> None:
    grid = {"train.optimizer": [{"name": "sgd", "lr": 1e30}, {"name": "sgd", "lr": 0.1}]}
    folder = begun(write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", grid=grid), tmp_path / "out").folder
    events = work(folder)
    assert sorted(ended(events).values()) == ["diverged", "finished"]
    assert [event["event"] for event in events].count("began") == 2
    with pytest.raises(RunsFailed, match=r"(?s)diverged: epoch 1, step .*1 of 2 runs failed or diverged$"):
        status.of(folder).check()


def test_a_run_that_fails_is_tried_as_often_as_the_plan_says(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "bad")
    (tmp_path / "bad/train.txt").write_text("0\n")
    file = write_sweep(
        tiny / "s.yaml",
        tiny / "tiny.yaml",
        grid={"data.train.labels": [str(tmp_path / "bad/train.txt"), str(tiny / "train.txt")]},
        retries=2,
    )
    folder = begun(file, tmp_path / "out").folder
    events = work(folder)
    assert sorted(ended(events).values()) == ["failed", "finished"]
    assert [event["event"] for event in events].count("failed") == 2
    assert events[-1]["event"] == "ended", "those that failed come last"
    found = status.of(folder)
    assert found.counts == {"finished": 1, "failed": 1}
    with pytest.raises(RunsFailed, match="labels"):
        found.check()
    assert work(folder) == []
    (tmp_path / "bad/train.txt").write_text((tiny / "train.txt").read_text())
    folder.forget_failures()
    assert list(ended(work(folder)).values()) == ["finished"]


@pytest.mark.parametrize("alone", [True, False])
def test_memory_that_runs_out_counts_only_without_others(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    def runs_out(*_: object) -> None:
        raise OutOfMemory("model.hidden: needs 4 GiB")

    monkeypatch.setattr(train, "run_train", runs_out)
    folder = begun(sweep, tmp_path / "out").folder
    if alone:
        assert set(ended(work(folder, alone=True)).values()) == {"failed"}
    else:
        with pytest.raises(OutOfMemory):
            work(folder, alone=False)
        assert folder.tried() == set()


def test_a_full_disk_ends_the_worker_and_no_run_is_blamed(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fills(*_: object) -> None:
        raise OSError(28, "No space left on device", "out/model.pth")

    folder = begun(sweep, tmp_path / "out").folder
    with monkeypatch.context() as patched:
        patched.setattr(train, "run_train", fills)
        with pytest.raises(ResourceError, match="disk is full"):
            work(folder)
    assert status.of(folder).counts == {"planned": 4}
    assert set(ended(work(folder)).values()) == {"finished"}


def test_a_stopped_run_goes_on_from_its_checkpoint(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, folder = (begun(sweep, tmp_path / name).folder for name in ("undisturbed", "out"))
    work(undisturbed)
    stop = Stop()
    before = signal.signal(signal.SIGTERM, stop.handle)
    try:
        with monkeypatch.context() as patched:
            plan_signals(patched, 40, signal.SIGTERM)
            with pytest.raises(Stopped):
                work(folder, stop)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert status.of(folder).counts == {"finished": 1, "stopped": 1, "planned": 2}
    events = work(folder)
    assert [event["resumed"] for event in events if event["event"] == "began"] == [True, False, False]
    for entry in folder.entries():
        assert same(folder.run(entry.name), undisturbed.run(entry.name))


def test_a_run_whose_worker_died_again_and_again_is_given_up(tiny: Path, tmp_path: Path) -> None:
    folder = begun(write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", seeds=1), tmp_path / "out").folder
    survived = []
    for number in range(tries.DEATHS + 1):
        worker = module.Worker(folder, Stop(), lambda *_, **__: None, module.Way())
        worker._claims._me = replace(worker._claims._me, start="1")  # a process that has ended
        claim, entries = worker._next()
        assert claim is not None
        assert claim.inherited == (number > 0)
        survived.append(not claim.inherited or worker._outcomes.survive(entries))
    assert survived == [*[True] * tries.DEATHS, False]
    assert "killed 10 times before the first checkpoint" in status.of(folder).runs[0].why


def test_images_are_read_once(sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, before = [], read.read_splits

    def counted(*words: Any, **more: Any) -> Splits:
        reads.append(words)
        return before(*words, **more)

    monkeypatch.setattr(read, "read_splits", counted)
    work(begun(sweep, tmp_path / "out").folder)
    assert len(reads) == 1


def test_a_status_says_where_and_why(sweep: Path, tmp_path: Path) -> None:
    folder = begun(sweep, tmp_path / "out").folder
    claims = folder.claims()
    claim = claims.take("lr-0.01_seed-0", 0)
    assert claim is not None
    found = json.loads(status.of(folder).json())
    assert found["counts"] == {"running": 1, "planned": 3}
    assert found["runs"][0]["where"].startswith(f"process {os.getpid()} on ")
    assert found["seconds_left"] is None
    claim.give_up()
    assert status.of(folder).counts == {"planned": 4}


def test_runs_of_one_shape_are_trained_together(sweep: Path, tmp_path: Path) -> None:
    alone = begun(sweep, tmp_path / "alone").folder
    work(alone)
    sweep.write_text(sweep.read_text().replace("fuse: 'off'", "fuse: 4\nworkers: 1"))
    group = begun(sweep, tmp_path / "group")
    assert "4 runs are trained in groups of 4" in group.together
    assert len({entry.unit for entry in group.folder.entries()}) == 1
    events = work(group.folder)
    assert set(ended(events).values()) == {"finished"}
    assert sorted(group.folder.claims().valid().values()) == [1]
    for entry in alone.entries():
        one, other = (folder.run(entry.name) / "model.pth" for folder in (alone, group.folder))
        assert one.read_bytes() == other.read_bytes()


def test_one_of_a_group_that_diverges_leaves_the_others_alone(tiny: Path, tmp_path: Path) -> None:
    grid = {"train.optimizer.lr": [1e30, 0.1, 0.2]}
    words = ("train.optimizer.name=sgd",)
    file = write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", grid=grid, fuse=3, workers=1)
    folder = begun(file, tmp_path / "out", *words).folder
    assert len({entry.unit for entry in folder.entries()}) == 1
    assert sorted(ended(work(folder)).values()) == ["diverged", "finished", "finished"]
    assert status.of(folder).counts == {"finished": 2, "diverged": 1}
    assert work(folder) == []


def test_a_group_that_is_stopped_goes_on_together(sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep.write_text(sweep.read_text().replace("fuse: 'off'", "fuse: 4\nworkers: 1"))
    undisturbed, folder = (begun(sweep, tmp_path / name).folder for name in ("undisturbed", "out"))
    work(undisturbed)
    stop = Stop()
    records = []

    class Stopping:
        def write(self, record: Any) -> None:
            records.append(record.kind)
            if len(records) == 40:
                stop.signal = "SIGTERM"

        def close(self) -> None: ...

    with pytest.raises(Stopped):
        work(folder, stop, sink_of=lambda _name: Stopping())
    assert status.of(folder).counts == {"stopped": 4}
    assert set(ended(work(folder)).values()) == {"finished"}
    for entry in folder.entries():
        assert same(folder.run(entry.name), undisturbed.run(entry.name))


def test_without_waiting_it_ends_once_the_others_certainly_work(sweep: Path, tmp_path: Path) -> None:
    """On another host, that takes a sign of life; a holder that gives none for long enough is dead."""
    sweep.write_text(sweep.read_text() + "dead_after: 4\n")
    folder = begun(sweep, tmp_path / "out").folder
    there = folder.claims()
    there._me = replace(there._me, host="other", boot="another start", pid=1)
    alive, dead = there.take("lr-0.01_seed-0", 0), there.take("lr-0.01_seed-1", 0)
    assert alive is not None
    assert dead is not None
    with alive.kept():
        events = work(folder, waits=False)
    assert set(ended(events)) == {"lr-0.01_seed-1", "lr-0.02_seed-0", "lr-0.02_seed-1"}
    assert ended(work(folder, waits=False)) == {"lr-0.01_seed-0": "finished"}


def test_a_restarted_job_waits_for_what_its_earlier_start_still_holds(sweep: Path, tmp_path: Path) -> None:
    folder = begun(sweep, tmp_path / "out").folder
    before = folder.claims()
    earlier = before.take("lr-0.01_seed-0", 0)
    assert earlier is not None
    timer = threading.Timer(2, earlier.give_up)
    record = before.look("lr-0.01_seed-0", 1).path
    record.write_text(record.read_text().replace('"job": ""', '"job": "12"'))
    earlier._record["holder"]["job"] = "12"
    timer.start()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SLURM_JOB_ID", "12")
        patched.setenv("SLURM_RESTART_COUNT", "1")
        events = work(folder, waits=False)
    timer.join()
    assert len(ended(events)) == 4


def test_a_plan_that_changes_under_a_worker_is_trained_as_it_says(tiny: Path, tmp_path: Path) -> None:
    first = write_sweep(tiny / "s.yaml", tiny / "tiny.yaml", list=[{"train.epochs": 3, "seed": 1}])
    folder = begun(first, tmp_path / "out").folder
    worker = module.Worker(folder, Stop(), lambda *_, **__: None, module.Way())
    assert folder.settings.base
    more = [{"train.epochs": 3, "seed": 1}, {"model.hidden": [5]}]
    shorter = write_config(tiny / "shorter.yaml", yaml.safe_load((tiny / "tiny.yaml").read_text()))
    shorter.write_text(shorter.read_text().replace("epochs: 3", "epochs: 1"))
    begun(write_sweep(tiny / "s.yaml", shorter, list=more), tmp_path / "out")
    worker.work()
    names = [entry.name for entry in folder.entries()]
    assert [folder.result(name)["epoch"] for name in names] == [3, 1]


def test_a_plan_that_was_edited_by_hand_is_not_trained(sweep: Path, tmp_path: Path) -> None:
    folder = begun(sweep, tmp_path / "out").folder
    plan = folder.path / "sweep.yaml"
    plan.write_text(plan.read_text().replace("epochs: 3", "epochs: 2"))
    stop, events = Stop(), []

    def report(event: str, **facts: Any) -> None:
        events.append((event, facts.get("why", "")))
        if len([one for one in events if one[0] == "left"]) == 4:
            stop.signal = "SIGTERM"

    with pytest.raises(Stopped):
        module.Worker(folder, stop, report, module.Way()).work()
    assert {why for event, why in events if event == "left"} == {
        f"{plan}: does not fit {entry.name}; give the sweep file again" for entry in folder.entries()
    }


def test_a_run_that_a_person_trains_keeps_no_other_waiting(sweep: Path, tmp_path: Path) -> None:
    folder = begun(sweep, tmp_path / "out").folder
    held = folder.run("lr-0.01_seed-0")
    held.mkdir()
    with owning(held):
        stop, events = Stop(), []

        def report(event: str, **facts: Any) -> None:
            events.append((event, facts["run"]))
            if len(ended_of(events)) == 3:
                stop.signal = "SIGTERM"

        with pytest.raises(Stopped):
            module.Worker(folder, stop, report, module.Way()).work()
    assert [run for event, run in events if event == "left"] == ["lr-0.01_seed-0"]
    assert ended(work(folder)) == {"lr-0.01_seed-0": "finished"}


def ended_of(events: list[tuple[str, str]]) -> list[str]:
    return [run for event, run in events if event == "ended"]
