"""A plan that has changed, beside the runs that the sweep has."""

import json
from pathlib import Path
from typing import Any

import pytest

from fcnet.sweep.plan import load
from fcnet.sweep.plan.merge import entries, merge
from fcnet.sweep.plan.plan import Plan
from helpers.command_line import ROOT


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plan_of(grid: dict[str, list[Any]], seeds: int = 2, *words: str) -> Plan:
    Path("s.json").write_text(json.dumps({"base": str(ROOT / "configs/digits.yaml"), "grid": grid, "seeds": seeds}))
    return load.from_file(Path("s.json"), words)


def stored(plan: Plan) -> list[dict[str, Any]]:
    """The entries of a plan, as they come back from a file."""
    found: list[dict[str, Any]] = json.loads(json.dumps(entries(plan)))
    return found


def test_the_same_plan_has_nothing_new() -> None:
    plan = plan_of({"train.l2": [0, 1]})
    merged = merge(stored(plan), plan)
    assert merged.runs == plan.runs
    assert (merged.added, merged.left, merged.changed) == ((), (), ())
    assert merged.stayed == ("l2-0_seed-0", "l2-0_seed-1", "l2-1_seed-0", "l2-1_seed-1")


def test_a_plan_that_grew_adds_its_runs() -> None:
    old, new = plan_of({"train.l2": [0, 1]}), plan_of({"train.l2": [0, 1, 2]}, 3)
    merged = merge(stored(old), new)
    assert set(merged.stayed) == {run.name for run in old.runs}
    assert set(merged.added) == {run.name for run in new.runs} - set(merged.stayed)
    assert (len(merged.added), merged.left, merged.changed) == (5, (), ())


def test_a_run_keeps_its_name_if_one_more_setting_varies() -> None:
    old, new = plan_of({"train.l2": [0, 1]}), plan_of({"train.l2": [0, 1], "model.hidden": [[128], [64]]})
    merged = merge(stored(old), new)
    assert set(merged.stayed) == {run.name for run in old.runs}
    assert merged.added == tuple(f"l2-{l2}_hidden-64_seed-{seed}" for l2 in (0, 1) for seed in (0, 1))
    assert {run.hash for run in merged.runs} == {run.hash for run in new.runs}
    assert merge(stored(Plan(new.settings, merged.runs)), new).added == ()  # and again


def test_runs_that_left_are_named() -> None:
    old, new = plan_of({"train.l2": [0, 1]}), plan_of({"train.l2": [0, 1]}, 1)
    merged = merge(stored(old), new)
    assert [entry["name"] for entry in merged.left] == ["l2-0_seed-1", "l2-1_seed-1"]
    assert merged.stayed == ("l2-0_seed-0", "l2-1_seed-0")


def test_a_name_that_means_something_else_now_is_told() -> None:
    old, new = plan_of({"train.l2": [0, 1]}), plan_of({"train.l2": [0, 1]}, 2, "train.epochs=3")
    merged = merge(stored(old), new)
    assert [entry["name"] for entry in merged.changed] == [run.name for run in old.runs]
    assert (merged.added, merged.stayed, merged.left) == ((), (), ())


def test_a_new_run_does_not_take_the_name_of_one_that_keeps_it() -> None:
    """The base had two epochs; now five, and the two epochs are an axis of their own: l2-0 is taken."""
    old = plan_of({"train.l2": [0, 1]}, 1, "train.epochs=2")
    names = [run.name for run in old.runs]
    Path("s.json").write_text(
        json.dumps(
            {
                "base": str(ROOT / "configs/digits.yaml"),
                "list": [{"train.l2": 0, "train.epochs": 2}, {"train.l2": 0}],
                "seeds": 1,
            }
        )
    )
    new = load.from_file(Path("s.json"))
    merged = merge(stored(old), new)
    assert merged.stayed == (names[0],)
    assert merged.added == (f"l2-0_seed-0-{new.runs[1].hash}",)
    assert [entry["name"] for entry in merged.left] == [names[1]]
