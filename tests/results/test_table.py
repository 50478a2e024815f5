"""``fcnet runs``: filters, columns, formats, widths."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fcnet.results import columns, listing
from fcnet.results.row import Row, Scores
from fcnet.results.table import Table, Wanted, run_list
from fcnet.system.text import width as columns_of
from helpers.command_line import Run

ALL = [f"h{hidden}-{seed}" for hidden in (1, 8) for seed in (0, 1, 2)]


def row(name: str, ended: str = "finished", accuracy: float | None = 0.9, **settings: object) -> Row:
    """A run of one's own making; double underscores in a key are dots."""
    known = {key.replace("__", "."): value for key, value in settings.items()}
    return Row(Path(name), name, known, ended=ended, epoch=3, last={"test": Scores(0.1, accuracy, 100)})


def names(rows: list[Row]) -> list[str]:
    return [one.name for one in rows]


def test_a_row_per_run_with_what_differs(fcnet: Run, width: Path) -> None:
    outcome = fcnet("runs", width)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert lines[0].split() == ["name", "net", "seed", "epochs", "accuracy", "seconds", "ended"]
    assert [line.split()[0] for line in lines[1:7]] == ALL
    accuracy = json.loads((width / "h8-1/result.json").read_text())["test"]["accuracy"]
    assert lines[5].split()[:6] == ["h8-1", "36-8-3", "1", "3/3", f"{100 * accuracy:.2f}", "%"]
    assert lines[-1] == "6 runs"


def test_what_is_written_about_a_run_has_no_column(fcnet: Run, width: Path) -> None:
    config = width / "h8-1/config.yaml"
    config.write_text(config.read_text().replace("plots: false", "plots: true"))
    assert "plots" not in fcnet("runs", width).out
    assert json.loads(fcnet("runs", width, "--json").out)["differing"] == ["model.hidden", "seed", "plots"]
    assert fcnet("runs", width, "--where", "plots=true", "--columns", "name").out.split()[1] == "h8-1"


def test_csv_and_json_have_fractions(fcnet: Run, width: Path) -> None:
    accuracy = json.loads((width / "h1-0/result.json").read_text())["test"]["accuracy"]
    rows = list(csv.DictReader(io.StringIO(fcnet("runs", width, "--csv").out)))
    assert [one["name"] for one in rows] == ALL
    assert float(rows[0]["accuracy"]) == accuracy
    found = json.loads(fcnet("runs", width, "--json").out)
    assert found["differing"] == ["model.hidden", "seed"]
    assert found["runs"][0]["last"]["test"]["accuracy"] == accuracy
    assert found["runs"][0]["settings"]["model.hidden"] == [1]


def test_filters_and_order(fcnet: Run, width: Path) -> None:
    def listed(*words: str) -> list[str]:
        outcome = fcnet("runs", width, "--columns", "name", "--csv", *words)
        assert outcome.code == 0, outcome.err
        return outcome.out.splitlines()[1:]

    assert listed("--where", "hidden=8") == ALL[3:]
    assert listed("--where", "model.hidden=[8]", "--where", "seed>=1", "--sort", "-seed") == ["h8-2", "h8-1"]
    assert listed("--where", "name=h?-0") == ["h1-0", "h8-0"]
    assert listed("--where", "accuracy>=0", "--limit", "2") == ALL[:2]
    assert listed("--where", "ended!=finished") == []
    by_accuracy = json.loads(fcnet("runs", width, "--sort=-accuracy", "--json").out)["runs"]
    found = [one["last"]["test"]["accuracy"] for one in by_accuracy]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--where", "accuracy"], "--where accuracy: should be COLUMN=VALUE"),
        (["--where", "accuracy>high"], "'high': should be a number, such as 0.97 or 97%"),
        (["--where", "acuracy>0.9"], "acuracy: no such column; did you mean accuracy?"),
        (["--where", "activation>relu"], "relu and relu are not numbers; use = or !="),
        (["--where", "images=1"], "images: means 2 keys (data.train.images, data.test.images)"),
        (["--sort", "zork"], "--sort: zork: no such column"),
        (["--columns", "name,zork"], "--columns: zork: no such column"),
        (["--columns", ","], "--columns: the list is empty"),
        (["--limit", "0"], "--limit 0: should be at least 1"),
        (["--csv", "--json"], "--json, --csv: choose one of the two"),
        (["nowhere"], "nowhere: there is no such folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_mistakes(fcnet: Run, width: Path, words: list[str], told: str) -> None:
    outcome = fcnet("runs", width, *words)
    assert outcome.code == 2
    assert told in outcome.errors[0]
    assert len(outcome.errors) == 1


def test_no_runs_yet_is_no_error(fcnet: Run, tmp_path: Path) -> None:
    assert "checkpoints: contains no run yet; train one with fcnet train -c digits" in fcnet("runs").out
    (tmp_path / "empty").mkdir()
    assert "empty: contains no run yet" in fcnet("runs", "empty", "--where", "seed=1", "--sort", "seed").out
    assert json.loads(fcnet("runs", "empty", "--json").out) == {"runs": [], "differing": []}


def test_checkpoints_is_where_runs_are(fcnet: Run, width: Path) -> None:
    shutil.copytree(width, "checkpoints")
    assert fcnet("runs", "--csv").out == fcnet("runs", width, "--csv").out


def test_names_with_line_ends_and_colours_stay_on_their_line(fcnet: Run, width: Path) -> None:
    (width / "h1-0").rename(width / "数字 \n\x1b[31m1")
    out = fcnet("runs", width).out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 9


def test_shares_may_be_percentages() -> None:
    rows = [row("a", accuracy=0.95), row("b", accuracy=0.97), row("c", accuracy=None)]
    for text in ("accuracy>0.96", "accuracy > 96", "accuracy>96%", "accuracy>96 %"):
        assert names(columns.matching(rows, text)) == ["b"], text
    assert names(columns.order(rows, "accuracy", True)) == ["b", "a", "c"]
    assert names(columns.order(rows, "accuracy", False)) == ["a", "b", "c"]


def test_what_differs_within_a_kind_and_between_kinds() -> None:
    rows = [row("a", a=1, b=2, augment__x=1), row("b", a=1, b=3)]
    assert columns.differing(rows) == ["b", "augment.x"]
    fcnet = replace(listing.Row(Path("c"), "c"), settings={"model.kind": "fcnet", "train.epochs": 2, "seed": 1})
    assert columns.differing([fcnet]) == []


def test_names_of_columns_are_short_and_clear() -> None:
    keys = ["train.optimizer.name", "train.optimizer.lr", "train.schedule.name", "model.init.name", "train.epochs"]
    assert list(columns.short_names(keys).values()) == ["optimizer", "lr", "schedule", "init", "train.epochs"]
    assert columns.short_names(["data.train.images", "data.test.images"]) == {
        "data.train.images": "train.images",
        "data.test.images": "test.images",
    }


def test_a_star_marks_the_best_weights(width: Path) -> None:
    table = run_list([width], Wanted())
    best = replace(table.rows[0], best={"test": Scores(0.1, 0.5, 21)})
    text = replace(table, rows=[best, *table.rows[1:]]).text()
    assert text.splitlines()[1].split()[4:7] == ["50.00", "%", "*"]
    assert "* of the best weights by validation, others after the last epoch" in text


@pytest.mark.parametrize("terminal", [40, 60, 80, 100, 120])
def test_a_table_fits_its_terminal(terminal: int) -> None:
    rows = [
        replace(row(f"a/long/name/of/a/run-{i}", "failed", 0.9, lr=0.1, seed=i, momentum=0.5), why="x " * 50)
        for i in range(3)
    ]
    chosen = ["name", "net", "lr", "momentum", "seed", "epochs", "accuracy", "seconds", "ended"]
    text = Table(rows, chosen, [], 3, "x", terminal).text()
    *lines, _, last = text.splitlines()
    assert max(map(columns_of, lines)) <= max(terminal, 64)
    kept = lines[0].split()
    assert {"name", "accuracy", "ended"} <= set(kept)
    assert all(name in kept or name in last for name in chosen)
    assert ("left out: " in last) == (len(kept) < len(chosen))
    assert Table(rows, chosen, [], 3, "x").text().splitlines()[0].split() == chosen
