"""The report of one run: what it says is what the other commands say, and nothing in it loads anything."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from fcnet.families.common.findings.parts import MOST
from fcnet.report.headline import wilson
from helpers.command_line import Run
from helpers.html_page import SVG, Page


def report(fcnet: Run, *words: object) -> Page:
    """The page that a command writes and names."""
    done = fcnet("report", *words, "--language", "en")
    assert done.code == 0, done.err
    assert "warning" not in done.err
    return Page(Path(done.out.strip()))


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"


def test_the_numbers_are_those_of_eval(fcnet: Run, copied: Path) -> None:
    run = copied / "plain"
    page, found = report(fcnet, run), json.loads(fcnet("eval", run, "--json").out)
    n, right = found["n"], round(found["accuracy"] * found["n"])
    text = page.text
    assert f"{percent(found['accuracy'])}accuracy on {n} test images" in text
    assert 0 < right < n, "the net should make mistakes"
    low, high = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert f"{percent(low)} to {percent(high)}; wrong: {n - right} of {n} images." in text
    expected = [
        [row["class"], str(row["n"]), *(percent(row[key]) for key in ("precision", "recall", "f1"))]
        for row in found["per_class"]
    ]
    assert page.table("class", "images", "precision") == expected
    [test] = [row for row in page.table("split", "images", "loss (nats)") if row[0] == "test"]
    assert test == ["test", str(n), f"{found['loss']:.4f}", percent(found["accuracy"])]
    counts = np.array(found["confusion"])
    [heat] = [one for one in page.charts() if one.get("class") == "heat"]
    drawn = [int(one.text or "") for one in heat.iter(f"{SVG}text") if "count" in str(one.get("class"))]
    assert drawn == counts[counts > 0].tolist()
    errors = sorted((int(counts[i, j]) for i, j in np.ndindex(*counts.shape) if i != j and counts[i, j]), reverse=True)
    assert [int(row[2]) for row in page.table("true class")] == errors[:10]


def test_mistakes_have_their_pictures_files_and_probabilities(fcnet: Run, copied: Path, runs: Path) -> None:
    page, data = report(fcnet, copied / "plain"), runs.parent / "tiny"
    labels = (data / "test.txt").read_text().split()
    answers = json.loads(fcnet("predict", copied / "plain", data / "test", "--prepare", "off", "--json").out)
    wrong = []
    for one in answers["predictions"]:
        file = Path(one["file"])
        if one["predicted"] != labels[int(file.stem)]:
            wrong.append((-one["probability"], file.name, labels[int(file.stem)], one["predicted"]))
    assert wrong
    alts = [one["alt"] for one in page.of("img") if "taken for" in one["alt"]]
    expected = [f"image {file}: {true}, taken for {predicted}" for _, file, true, predicted in sorted(wrong)]
    assert sorted(alts) == sorted(expected[:MOST])
    shown = [float(one) for one in re.findall(r"\d → \d(\d+\.\d) %", page.text)]
    assert shown == pytest.approx([-100 * one[0] for one in sorted(wrong)][:MOST], abs=0.051)
    assert all(one["src"].startswith("data:image/png;base64,") for one in page.of("img"))


def test_the_page_is_whole_and_loads_nothing(fcnet: Run, copied: Path) -> None:
    page = report(fcnet, copied / "held")
    assert page.source.startswith("<!doctype html>\n<!-- fcnet report ")
    assert page.of("html") == [{"lang": "en"}]
    [policy] = [one["content"] for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert not {"script", "link", "iframe", "object", "base", "form"} & {name for name, _ in page.elements}
    outside = [
        (name, value)
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if (name in ("src", "href", "srcset", "action", "data") and not value.startswith(("data:", "#")))
        or name.startswith("on")
    ]
    assert outside == []
    assert "url(" not in page.source
    assert "@import" not in page.source
    targets = {one["id"] for _, one in page.elements if "id" in one}
    ids = [one["id"] for _, one in page.elements if "id" in one]
    assert len(ids) == len(targets), "an id is given twice"
    assert [one["href"] for one in page.of("a") if one["href"][1:] not in targets] == []


def test_charts_say_what_they_show(fcnet: Run, copied: Path) -> None:
    page = report(fcnet, copied / "held")
    charts = page.charts()
    assert len(charts) == 3  # loss, accuracy and calibration: there is no error to show
    for chart in charts:
        assert chart.get("role") == "img"
        assert (chart[0].tag, chart[1].tag) == (f"{SVG}title", f"{SVG}desc")
        assert chart[0].text
        assert chart[1].text
    assert len(page.of("caption")) == len(page.of("table"))
    assert all(one.get("scope") in ("col", "row") for one in page.of("th"))


def test_the_best_epoch_is_marked(fcnet: Run, copied: Path) -> None:
    page, result = report(fcnet, copied / "held"), json.loads((copied / "held/result.json").read_text())
    assert f"best: {result['best']['epoch']}" in page.text
    assert f"Weights: of epoch {result['best']['epoch']}, the best one by validation." in page.text
    last = report(fcnet, copied / "held", "--weights", "last")
    assert "Weights: after the last epoch." in last.text
    assert "--weights last" in last.text
    [row] = [row for row in last.table("split", "images", "loss (nats)") if row[0] == "test"]
    assert row[2] == f"{result['test']['loss']:.4f}"


def test_settings_that_differ_from_the_defaults(fcnet: Run, copied: Path) -> None:
    rows = {row[0]: row[1:] for row in report(fcnet, copied / "held").table("key", "value", "default")}
    assert rows["train.epochs"] == ["4", "10"]
    assert rows["train.optimizer.lr"] == ["0.02", "0.001"]
    assert rows["data.validation"] == ["0.2", "none"]
    assert "seed" not in rows
    assert "train.optimizer.name" not in rows
    assert not [key for key in rows if key.startswith("model.dropout")]


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (97, 100), (9_762, 10_000)])
def test_wilson_is_that_of_scipy(right: int, n: int) -> None:
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_same_run_gives_the_same_file(fcnet: Run, copied: Path) -> None:
    assert report(fcnet, copied / "plain").source == report(fcnet, copied / "plain").source


def test_images_that_are_gone_are_named(fcnet: Run, copied: Path, runs: Path) -> None:
    run = copied / "plain"
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("tiny/test", "tiny/gone"))
    page = Page(Path(fcnet("report", run, "--language", "en").out.strip()))
    assert "because they cannot be read" in page.text
    assert "gone" in page.text
    result = json.loads((run / "result.json").read_text())
    assert percent(result["test"]["accuracy"]) in page.text  # from its files
    assert "Weights of the first layer" in page.text
    assert "Confusion" not in page.text
    assert page.charts()  # the curves


def test_other_images_are_noticed(fcnet: Run, copied: Path, tiny: Path) -> None:
    run = copied / "plain"
    text = (run / "config.yaml").read_text()
    place = re.findall(r"images: (\S*)/tiny/test,", text)[0]
    (tiny / "test/0.png").write_bytes((tiny / "test/1.png").read_bytes())
    (run / "config.yaml").write_text(text.replace(f"{place}/tiny/test", f"{tiny}/test"))
    assert "The test images are no longer those that the run was tested on" in report(fcnet, run).text


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"ended": "diverged", "diverged": {"epoch": 2, "step": 3}}, "This run diverged (epoch 2, step 3)"),
        ({"ended": "failed", "error": "<b>boom"}, "This run failed: <b>boom."),
        ({"ended": "stopped", "signal": "SIGTERM"}, "This run was stopped after epoch 2 (SIGTERM)"),
    ],
)
def test_runs_that_did_not_come_to_their_end_say_so(
    fcnet: Run, copied: Path, ended: dict[str, object], said: str
) -> None:
    path = copied / "plain/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | ended))
    assert said in report(fcnet, copied / "plain").text


def test_a_run_without_result_or_weights_still_has_a_report(fcnet: Run, copied: Path) -> None:
    run = copied / "plain"
    for name in ("result.json", "model.pth"):
        (run / name).unlink()
    page = report(fcnet, run)
    assert "This run has no result: it was interrupted after epoch 2" in page.text
    assert "the weights is missing" in page.text
    assert len(page.charts()) == 2


@pytest.mark.parametrize("name", ["environment.json", "metrics.jsonl"])
def test_a_missing_file_of_the_run_costs_its_section_only(fcnet: Run, copied: Path, name: str) -> None:
    (copied / "plain" / name).unlink()
    page = report(fcnet, copied / "plain")
    assert "accuracy on 21 test images" in page.text
    assert ("Curves" in page.text) == (name != "metrics.jsonl")


def test_the_newest_run_and_names_are_found(fcnet: Run, copied: Path) -> None:
    shutil.copytree(copied / "plain", "checkpoints/mine")
    assert fcnet("report").out.strip() == "checkpoints/mine/report.html"
    assert fcnet("report", "mine", "-o", "out/mine.html").out.strip() == "out/mine.html"
    assert Path("out/mine.html").is_file()
    assert fcnet("report", "checkpoints/mine/model.pth").code == 0
