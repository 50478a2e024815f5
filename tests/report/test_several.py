"""The report of several runs: the numbers of ``fcnet compare``, the best run, and how each ended."""

import json
import re
import shutil
from pathlib import Path

import pytest

from helpers.command_line import Run
from helpers.html_page import SVG, Page


def report(fcnet: Run, *words: object) -> Page:
    done = fcnet("report", *words, "--language", "en")
    assert done.code == 0, done.err
    return Page(Path(done.out.strip()))


def test_the_numbers_are_those_of_compare(fcnet: Run, copied: Path) -> None:
    page, found = report(fcnet, copied / "width"), json.loads(fcnet("compare", copied / "width", "--json").out)
    rows = page.table("group", "runs")
    for row, one in zip(rows, found["groups"], strict=True):
        shown = [100 * one[key] for key in ("mean", "sd", "low", "high", "min", "max")]
        assert row[:2] == [one["group"], str(one["n"])]
        assert row[2] == f"{shown[0]:.2f} ± {shown[1]:.2f}"
        assert row[3] == f"{shown[2]:.2f} to {shown[3]:.2f}"
        assert row[4:6] == [f"{shown[4]:.2f}", f"{shown[5]:.2f}"]
    [difference] = page.table("group", "pairs")
    one = found["groups"][1]["difference"]
    assert difference[:3] == ["hidden=8", "2", f"{100 * one['mean']:+.2f}"]
    assert difference[4] == f"{one['p']:#.2g}"
    best = max(found["groups"], key=lambda one: one["mean"])
    assert f"mean of 2 runs of {best['group']}, the best of 2 groups" in page.text


def test_all_runs_and_curves_are_shown(fcnet: Run, copied: Path) -> None:
    page = report(fcnet, copied / "width")
    assert [row[0] for row in page.table("run", "ended")] == ["h1-0", "h1-1", "h8-0", "h8-1"]
    dots, accuracy, loss = page.charts()
    assert len(list(dots.iter(f"{SVG}circle"))) == 4
    for chart in (accuracy, loss):
        lines = [one for one in chart.iter(f"{SVG}path") if str(one.get("class")).startswith("line")]
        bands = [one for one in chart.iter(f"{SVG}path") if str(one.get("class")).startswith("band")]
        assert (len(lines), len(bands)) == (2, 2)


def test_the_best_is_chosen_by_validation_or_said_not_to_be(fcnet: Run, copied: Path) -> None:
    page = report(fcnet, copied / "width")
    assert "because not all runs have validation images" in page.text
    for name in ("again", "thrice"):
        shutil.copytree(copied / "held", copied / "three" / name)
    shutil.move(copied / "held", copied / "three" / "a")
    held = report(fcnet, copied / "three")
    assert "Chosen by its validation accuracy" in held.text
    assert "again, thrice left out of the comparison: has the same settings and seed" in held.text


def test_runs_that_did_not_end_are_said(fcnet: Run, copied: Path) -> None:
    width = copied / "width"
    result = width / "h1-0/result.json"
    result.write_text(json.dumps(json.loads(result.read_text()) | {"ended": "failed", "error": "out of memory"}))
    (width / "h8-1/result.json").unlink()
    (width / "h8-0/config.yaml").write_text("not: [valid")
    page = report(fcnet, width)
    rows = {row[0]: row[1] for row in page.table("run", "ended")}
    assert rows["h1-0"] == "failed: out of memory"
    assert rows["h8-1"].startswith("interrupted")
    assert rows["h8-0"].startswith("damaged")
    assert "1 of 4 runs came to their end." in page.text


def test_a_sweep_without_any_finished_run(fcnet: Run, copied: Path) -> None:
    for result in copied.rglob("result.json"):
        result.unlink()
    page = report(fcnet, copied / "width")
    assert "The runs cannot be compared" in page.text
    assert "No run has come to its end yet." in page.text
    assert len(page.table("run", "ended")) == 4


def test_losses_of_different_kinds_are_not_compared(fcnet: Run, copied: Path, auto: object) -> None:
    assert callable(auto)
    assert fcnet("train", "-c", auto(train={"epochs": 1}), "--out", "ae").code == 0
    page = report(fcnet, copied / "plain", "ae", "-o", "x.html")
    assert "measured by different losses" in page.text
    assert "The runs minimise different losses, so none of them is the best." in page.text


@pytest.mark.parametrize("n", [1, 12])
def test_one_or_many_groups(fcnet: Run, copied: Path, n: int, runs: Path) -> None:
    for i in range(n):
        run = Path(shutil.copytree(copied / "width/h8-0", f"many/{i}"))
        text = (run / "config.yaml").read_text()
        (run / "config.yaml").write_text(re.sub(r"lr: \S+", f"lr: 0.{i + 1:03}", text))
    page = report(fcnet, "many", "many", "-o", "m.html")
    if n == 1:
        assert "accuracy on 21 test images" in page.text  # it is one run
    else:
        assert "The charts show 10 of 12 groups" in page.text
        assert len(page.table("group", "runs")) == 12
