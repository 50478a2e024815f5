"""The runs of a sweep beside ``fcnet config show`` with the same settings on the command line."""

import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from fcnet import schema
from fcnet.errors import ConfigError
from fcnet.sweep.plan import identity, load
from fcnet.sweep.plan.plan import Plan
from helpers.command_line import ROOT
from helpers.seeds import chance

DIGITS = ROOT / "configs/digits.yaml"

# Values of some keys, as they may stand in a grid.
VALUES: dict[str, list[Any]] = {
    "train.l2": [0, 0.1, 1e-4, None],
    "model.hidden": [[], [3], [4, 5]],
    "model.activation": ["relu", "tanh", {"name": "leaky_relu", "slope": 0.2}],
    "train.optimizer": ["adam", "sgd", {"name": "adamw", "weight_decay": 0.1}],
    "train.optimizer.lr": [0.1, 1e-3],
    "train": [{"epochs": 3}, {"epochs": 4, "schedule": "cosine"}],
    "train.clip_grad_norm": [None, 1.0],
    "data.validation": [0.1, 100],
    "model.init.name": ["xavier_normal", "kaiming_uniform"],
}


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(f"extends: {DIGITS}\ntrain: {{l2: 0.5, clip_grad_norm: 2}}\n")


def plan_of(**settings: Any) -> Plan:
    Path("s.json").write_text(json.dumps({"base": "base.yaml"} | settings))  # JSON is YAML
    return load.from_file(Path("s.json"))


def test_every_run_is_what_the_command_line_makes_of_its_changes() -> None:
    """And no combination is left out, for random grids; what equals another run is counted."""
    draws = chance("grids")
    for _ in range(10):
        grid = {key: VALUES[key] for key in draws.sample(list(VALUES), 2)}
        seeds = [draws.randrange(9), draws.randrange(9)]
        plan = plan_of(grid=grid, seeds=seeds)
        wanted: list[tuple[dict[str, Any], schema.Config]] = []
        for values in itertools.product(*grid.values(), seeds):
            changes = dict(zip([*grid, "seed"], values, strict=True))
            ordered = sorted(changes.items(), key=lambda one: len(one[0].split(".")))  # the section before its keys
            config = schema.load(Path("base.yaml"), [f"{key}={json.dumps(value)}" for key, value in ordered])
            if config not in [one for _, one in wanted]:
                wanted.append((changes, config))
        assert [(run.changes, identity.config_of(plan.base, run.changes)) for run in plan.runs] == wanted
        assert plan.equal + len(wanted) == len(seeds) * len(list(itertools.product(*grid.values())))
        assert len({run.name.casefold() for run in plan.runs}) == len({run.hash for run in plan.runs}) == len(wanted)


def test_the_last_axis_is_the_fastest_and_the_seed_faster() -> None:
    plan = plan_of(grid={"model.hidden": [[3], [4]]}, list=[{"train.l2": 0}, {"train.l2": 1}], seeds=[5, 2])
    assert [tuple(run.changes.values()) for run in plan.runs] == [
        *(([3], 0, 5), ([3], 0, 2), ([3], 1, 5), ([3], 1, 2), ([4], 0, 5), ([4], 0, 2), ([4], 1, 5), ([4], 1, 2)),
    ]


def test_equal_runs_are_one() -> None:
    plan = plan_of(grid={"model.hidden": [[3], [3], [4]], "train.optimizer.lr": [1, 1.0]}, seeds=[0, 0])
    assert ([run.name for run in plan.runs], plan.equal) == (["hidden-3_lr-1_seed-0", "hidden-4_lr-1_seed-0"], 10)
    plan = plan_of(grid={"train.optimizer": ["adam", {"name": "adam", "lr": 1e-3}]})  # which is its default
    assert (len(plan.runs), plan.equal) == (1, 1)


def test_runs_that_differ_only_in_where_they_run_are_two() -> None:
    plan = plan_of(grid={"threads": [1, 2]})
    assert [run.name for run in plan.runs] == ["threads-1", "threads-2"]
    assert plan.runs[0].hash == plan.runs[1].hash


def test_the_hash_is_of_the_config_and_not_of_how_it_is_written() -> None:
    (run,) = plan_of(list=[{"train.optimizer.lr": 1e-3, "train": {"epochs": 5}}]).runs
    (same,) = plan_of(list=[{"train": {"epochs": 5, "optimizer": {"lr": 0.001}}, "device": "cpu"}]).runs
    (other,) = plan_of(list=[{"train": {"epochs": 6, "optimizer": {"lr": 0.001}}}]).runs
    assert run.hash == same.hash != other.hash
    assert len(run.hash) == 12
    config = schema.load(Path("base.yaml"), ["train.epochs=5", "train.optimizer.lr=1e-3"])
    assert run.hash == identity.hash_of(config)


def test_the_hash_of_a_config_does_not_change_unnoticed() -> None:
    """A sweep that was begun with another version finds its runs by their hashes."""
    config = schema.Config.model_validate({"data": {"source": "digits", "root": "data/digits"}})
    values = schema.values(config)
    assert {"device", "threads"} <= values.keys()
    assert "solve" not in values
    del values["device"], values["threads"]
    whole = json.dumps(values, sort_keys=True, separators=(", ", ": "), ensure_ascii=True)
    assert identity.hash_of(config) == hashlib.sha256(whole.encode("ascii")).hexdigest()[:12]
    assert identity.hash_of(config) == "7e1844c55c65", "of the first version with sweeps: a new key is null by default"


def test_a_plan_written_out_is_read_back_the_same() -> None:
    every: list[dict[str, Any]] = [
        {"grid": VALUES, "seeds": 1, "retries": 3, "fuse": "off"},
        {"list": [{"data.root": "data/ü 数字: x"}, {"train.clip_grad_norm": None}], "workers": 2},
        {"search": {"trials": 3, "parameters": {"train.l2": {"low": 0, "high": 1.5}}}},
    ]
    for settings in every:
        Path("base.yaml").write_text(
            f"extends: {DIGITS}\ndata: {{validation: 0.1}}\ntrain: {{l2: 1, clip_grad_norm: 2}}\n"
        )
        plan = plan_of(**settings)
        text = load.text(plan)
        Path("base.yaml").unlink()
        assert load.of_text(text, "sweep.yaml") == plan
        assert load.text(load.of_text(text, "sweep.yaml")) == text
        assert load.settings_of(text, "sweep.yaml") == plan.settings


def test_names_of_folders_that_are_not_utf_8_are_kept() -> None:
    plan = load.from_words(Path("base.yaml"), ["data.root=data/\udcff,data/b"])
    assert plan.runs[0].changes == {"data.root": "data/\udcff"}
    assert plan.runs[0].name == "root-data--"
    base = load.from_words(Path("base.yaml"), ["data.root=data/\udcff"])
    assert load.of_text(load.text(base), "sweep.yaml") == base


def test_a_plan_that_names_its_base_is_not_one_that_was_written_out() -> None:
    with pytest.raises(ConfigError, match=r"sweep.yaml: base: is 'base.yaml'; should be the settings themselves"):
        load.settings_of("base: base.yaml\n", "sweep.yaml")


def test_changes_that_do_not_fit_are_told() -> None:
    """A plan is checked when it is made; a list of runs that was changed by hand is not."""
    with pytest.raises(ConfigError, match=r"^runs.json: train.l2: is -1; should be a number of at least 0"):
        identity.config_of(plan_of().base, {"train.l2": -1}, "runs.json")


def test_differences_of_two_configs_are_named() -> None:
    one = identity.config_of(plan_of().base, {})
    other = identity.config_of(plan_of().base, {"train.l2": 1, "model.hidden": [3], "train.clip_grad_norm": None})
    assert identity.differences(one, other) == [
        "model.hidden: [128] there, [3] here",
        "train.l2: 0.5 there, 1.0 here",
        "train.clip_grad_norm: 2.0 there, not set here",
    ]
    assert identity.differences(one, one) == []
