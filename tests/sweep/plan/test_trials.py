"""Searches are checked before their first trial."""

from pathlib import Path

import pytest

from fcnet.errors import ConfigError
from fcnet.sweep.plan import load
from helpers.command_line import ROOT, Run

BASE = f"""\
base:
  extends: {ROOT / "configs/digits.yaml"}
  data: {{validation: 0.1}}
"""
SEARCH = "search:\n  trials: 10\n  parameters:\n    train.optimizer.lr: {low: 1e-4, high: 1e-1, log: true}\n"


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(text: str, *words: str) -> list[str]:
    Path("s.yaml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        load.from_file(Path("s.yaml"), words)
    return list(raised.value.problems)


def test_a_search_plans_no_runs(fcnet: Run) -> None:
    Path("s.yaml").write_text(BASE + SEARCH)
    plan = load.from_file(Path("s.yaml"))
    assert plan.runs == ()
    assert plan.settings.search is not None
    assert plan.base["data"]["validation"] == 0.1
    assert "fine; a search of 10 trials" in fcnet("config", "check", "s.yaml").out


def test_the_first_values_of_each_parameter_have_to_fit_the_base() -> None:
    more = """\
    model.hidden: {choices: [[3], [0]]}
    model.dropot: {low: 0, high: 0.5}
    model.dropout:
      low: 0.0
      high: 1.0
    train.batch_size: {low: 1.5, high: 20}
    a..b: {low: 1, high: 2}
    solve.solver.ridge: {low: 1, high: 2}
"""
    found = [problem.split("; ")[0] for problem in problems(BASE + SEARCH + more)]
    assert found == [
        "s.yaml:14: search: 'a..b': is not a key",
        "s.yaml:8: search: model.hidden.0: is 0",
        "s.yaml:9: search: model.dropot: unknown key",
        "s.yaml:12: search: model.dropout: is 1.0",
        "s.yaml:13: search: train.batch_size: is 1.5",
        "s.yaml:15: search: solve.solver.ridge: does not fit",
    ]


def test_parameters_of_a_wrong_form() -> None:
    more = """\
    train.l2: {low: 5, high: 1}
    model.dropout: 3
    train.epochs: {lo: 1}
    train.log_every: {choices: []}
    train.label_smoothing: {low: 0, high: 0.5, log: true}
    train.batch_size: {low: 1, high: 9, step: 0}
    model.input_dropout: {low: a, high: 0.5}
"""
    found = problems(BASE + SEARCH + more)
    for line, said in (
        (8, "search.parameters.train.l2: low: is 5, above high, 1; exchange them"),
        (9, "search.parameters.model.dropout: is 3; should be {choices: [...]}, or {low: ..., high: ...}"),
        (10, "search.parameters.train.epochs.lo: unknown key; did you mean"),
        (11, "search.parameters.train.log_every.choices: is []"),
        (12, "search.parameters.train.label_smoothing: low: is 0; with log it should be above 0"),
        (13, "search.parameters.train.batch_size: step: is 0; should be above 0"),
        (14, "search.parameters.model.input_dropout.low: is 'a'; should be a number"),
    ):
        assert [one for one in found if one.startswith(f"s.yaml:{line}: {said}")], (said, found)


def test_the_test_images_choose_nothing() -> None:
    found = problems(BASE + SEARCH, "data.validation=null")
    assert found == [
        "s.yaml:4: search: the base has no validation images, and the test images choose nothing; set data.validation,"
        " such as 0.1"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["model={kind: autoencoder}"],
            "search.metric: is accuracy, which the base, of kind autoencoder, does not have",
        ),
        (
            ["model={kind: elm, hidden: 9}", "train=null"],
            "search: the base is of kind elm, which is not trained by epochs",
        ),
    ],
)
def test_models_whose_trials_cannot_be_compared(words: list[str], said: str) -> None:
    assert said in problems(BASE + SEARCH.replace("train.optimizer.lr", "data.white"), *words)[0]


def test_what_a_search_excludes() -> None:
    assert problems(BASE + SEARCH + "seeds: 2\n")[0].startswith("s.yaml:8: seeds: a search trains each")
    assert "remove `grid` and `list`" in problems(BASE + SEARCH + "grid: {train.l2: [1]}\n")[0]
    assert "is varied by s.yaml:7, search.train.optimizer.lr" in problems(BASE + SEARCH, "train.optimizer.lr=1")[0]
