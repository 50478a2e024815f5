"""What a search varies: the section of a sweep file, Optuna's form of it, and a config's."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import ValidationError

from fcnet import schema
from fcnet.errors import ConfigError
from fcnet.sweep.plan import database
from fcnet.sweep.plan.search import Choices, Search
from fcnet.sweep.search import parameters
from fcnet.sweep.search.study import Study
from helpers.tiny import tiny_config, write_config


def section(parameter: Any, **more: Any) -> Search:
    return Search.model_validate({"trials": 3, "parameters": {"a.b": parameter}} | more)


def refused(parameter: Any, **more: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        section(parameter, **more)
    (detail,) = caught.value.errors()
    return str(detail["msg"])


@pytest.mark.parametrize(
    ("parameter", "form"),
    [
        ({"low": 1, "high": 8}, IntDistribution(1, 8)),
        ({"low": 8, "high": 512, "log": True}, IntDistribution(8, 512, log=True)),
        ({"low": 0, "high": 96, "step": 32}, IntDistribution(0, 96, step=32)),
        ({"low": 1e-4, "high": 1}, FloatDistribution(1e-4, 1)),
        ({"low": 1e-4, "high": 1e-1, "log": True}, FloatDistribution(1e-4, 1e-1, log=True)),
        ({"low": 0.0, "high": 0.3, "step": 0.1}, FloatDistribution(0, 0.3, step=0.1)),
        ({"choices": ["relu", "tanh"]}, CategoricalDistribution(["relu", "tanh"])),
        ({"choices": [[300], [500, 300]]}, CategoricalDistribution(["[300]", "[500, 300]"])),
        ({"choices": [None, 0.5]}, CategoricalDistribution([None, 0.5])),
        ({"choices": [1, True, 1.0]}, CategoricalDistribution(["1", "true", "1.0"])),
        ({"choices": ["[300]", [300]]}, CategoricalDistribution(['"[300]"', "[300]"])),
        ({"choices": [{"name": "sgd", "lr": 0.1}, "é"]}, CategoricalDistribution(['{"name": "sgd", "lr": 0.1}', "é"])),
    ],
)
def test_optunas_form_of_a_parameter(parameter: Any, form: Any) -> None:
    assert parameters.distributions(section(parameter)) == {"a.b": form}


@pytest.mark.parametrize(
    "choices", [[[300], [500, 300]], [1, True, 1.0], ["[300]", [300]], [None, "none"], [{"k": [1]}]]
)
def test_choices_come_back_as_they_were(choices: list[Any]) -> None:
    search = section({"choices": choices})
    kept = parameters.labels(Choices(choices=choices))
    found = [parameters.changes(search, {"a.b": one})["a.b"] for one in kept]
    assert [(type(one), one) for one in found] == [(type(one), one) for one in choices]


def test_choices_come_back_from_a_database(tmp_path: Path, anywhere: Any) -> None:
    choices = [1, True, [1], {"name": "sgd"}, "é", None]
    search = anywhere(12, parameters={"a.b": {"choices": choices}, "c": {"low": 3, "high": 3}}, sampler="random")
    with Study(tmp_path, search, "width", 3) as study:
        begun = [study.next() for _ in range(12)]
    with Study(tmp_path, search, "width", 3) as study:
        assert study.trials() == begun
        found = [one.changes["a.b"] for one in study.trials()]
    assert all(any(type(one) is type(other) and one == other for other in choices) for one in found)


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ({"low": 2, "high": 1}, "low: is 2, above high, 1; exchange them"),
        ({"low": 0, "high": 1, "log": True}, "with log it should be above 0"),
        ({"low": 1, "high": 3, "log": True, "step": 1}, "is not possible with log; remove one of the two"),
        ({"low": 1, "high": 3, "step": 0}, "step: is 0; should be above 0"),
        ({"low": 1, "high": 3, "step": 0.5}, "or write low: 1.0"),
        ({"low": 0.0, "high": 1.0, "step": 0.3}, "steps of 0.3 from 0.0 do not meet; set it to 0.9"),
        ({"low": 1, "high": 10, "step": 4}, "steps of 4 from 1 do not meet; set it to 9"),
        ({"choices": [[1], [1]]}, "names [1] twice"),
        ({"choices": [float("nan")]}, "not a finite number"),
        ([1, 2], "should be {choices: [...]}, or {low: ..., high: ...}"),
    ],
)
def test_parameters_that_are_refused(parameter: Any, told: str) -> None:
    assert told in refused(parameter)


@pytest.mark.parametrize(
    "storage",
    ["mysql://u:secret@h/d", "sqlite:///x.db", "postgresql://u:sec/ret@h/d", "postgresql://u:12/secret@h/d",
     "postgresql://u:#secret@h/d", "postgresql://u:?secret@h/d", "postgresql://u:secret@h", "postgresql://u:s@h:x/d",
     "secret"],
)  # fmt: skip
def test_addresses_that_are_refused_are_not_repeated(storage: str) -> None:
    told = refused({"choices": [1]}, storage=storage)
    assert "postgresql://USER@HOST" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("address", "bare", "password"),
    [
        ("postgresql://u@h/d", "postgresql://u@h/d", None),
        ("postgresql://u:p%40%2F@h:5/d", "postgresql://u@h:5/d", "p@/"),
        ("postgresql:///d?host=%2Frun&password=p%26", "postgresql:///d?host=%2Frun", "p&"),
        ("postgresql://u:@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require", None),
    ],
)
def test_the_password_of_an_address(address: str, bare: str, password: str | None) -> None:
    database.check(address)
    assert (database.without_password(address), database.password(address)) == (bare, password)


def test_a_plan_checks_all_edges() -> None:
    wanted = {"a": {"choices": [1, 2, 3]}, "b": {"low": 0.1, "high": 0.2}, "c": {"choices": ["x"]}}
    search = Search.model_validate({"trials": 3, "parameters": wanted})
    assert list(parameters.edges(search)) == [
        {"a": 1, "b": 0.1, "c": "x"},
        {"a": 2, "b": 0.2, "c": "x"},
        {"a": 3, "b": 0.2, "c": "x"},
    ]


def test_the_most_epochs() -> None:
    assert parameters.most_epochs(section({"choices": [1]}), 7) == 7
    for parameter, most in (({"low": 2, "high": 40}, 40), ({"choices": [5, 30, 3]}, 30)):
        search = Search.model_validate({"trials": 3, "parameters": {"train.epochs": parameter}})
        assert parameters.most_epochs(search, 7) == most


def test_a_search_needs_validation_images(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    values = tiny_config(tmp_path)
    config = schema.load(write_config(tmp_path / "a.yaml", values))
    search = section({"choices": [1]})
    with pytest.raises(ConfigError, match=r"^s\.yaml: search: chooses by validation images.*data\.validation: 0\.1"):
        parameters.check(search, config, "s.yaml")
    values["data"]["validation"] = 0.2
    parameters.check(search, schema.load(write_config(tmp_path / "a.yaml", values)), "s.yaml")
    values["model"] = {"kind": "autoencoder", "hidden": [4]}
    config = schema.load(write_config(tmp_path / "a.yaml", values))
    with pytest.raises(ConfigError, match=r"search\.metric: is accuracy.*set it to loss"):
        parameters.check(search, config, "s.yaml")
    parameters.check(section({"choices": [1]}, metric="loss"), config, "s.yaml")


def test_nothing_heavy_is_imported_before_a_study_is_opened() -> None:
    modules = [f"fcnet.sweep.search.{one}" for one in ("parameters", "study", "watch", "storage", "turns")]
    program = f"import sys, {', '.join(modules)}\nprint([m for m in ('optuna', 'sqlalchemy', 'psycopg', 'torch', "
    program += "'numpy', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
