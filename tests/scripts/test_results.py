"""Published rows: finished runs become docs/results.json and docs/results.md, and cannot drift apart from configs."""

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import figures
import pytest
import yaml
from published import collect, page, same
from published.rows import Refused, load_results, load_rows, values

from helpers.command_line import ROOT, Run
from helpers.tiny import tiny_config, write_config

ROW = {
    "config": "published/net",
    "task": "36-8-3",
    "metric": "error",
    "geometry": "spatial",
    "published": "0.70",
    "source": "Somebody 2003",
    "goal": 0.65,
}


def write_rows(root: Path, **rows: dict[str, Any]) -> None:
    (root / "docs/results.yaml").write_text(yaml.safe_dump({"rows": rows}))


@pytest.fixture
def house(tiny: Path, tmp_path: Path) -> Path:
    """A repository with one row, whose config learns the tiny images for two epochs."""
    root = tmp_path / "house"
    (root / "docs").mkdir(parents=True)
    (root / "configs/published").mkdir(parents=True)
    values = tiny_config(tiny)
    values["train"]["epochs"] = 2
    write_config(root / "configs/published/net.yaml", values)
    write_rows(root, net=ROW)
    source: dict[str, object] = {"setups": {}, "figures": {}, "tables": {}, "published": {}}
    (root / "docs/figures.yaml").write_text(yaml.safe_dump(source))
    (root / "docs/benchmarks.json").write_text("{}")
    return root


def train(fcnet: Run, house: Path, out: str, *words: str) -> Path:
    assert fcnet("train", "-c", house / "configs/published/net.yaml", *words, "--out", out).code == 0
    return Path(out)


def script(house: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [sys.executable, ROOT / "scripts/results.py", "--root", house, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def refused(house: Path, *words: Path) -> str:
    """Why words are not collected; nothing is written."""
    before = load_results(house)
    with pytest.raises(Refused) as caught:
        collect.collect(words, house)
    assert load_results(house) == before
    return "\n".join(caught.value.args)


def test_a_sweep_becomes_a_row(fcnet: Run, house: Path) -> None:
    config = house / "configs/published/net.yaml"
    assert fcnet("sweep", "run", "-c", config, "--seeds", "3", "--out", "runs/net").code == 0
    done = script(house, "collect", "runs/net")
    assert done.returncode == 0, done.stderr
    results = [json.loads(path.read_text()) for path in sorted(Path("runs/net").glob("*/result.json"))]
    errors = [100 * (1 - one["test"]["accuracy"]) for one in results]
    assert len(errors) == 3
    row = load_rows(house)["net"]
    assert values(row, load_results(house)["net"]["runs"]) == pytest.approx(errors)
    text = (house / "docs/results.md").read_text()
    assert f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f}" in text
    assert "0.70, Somebody 2003 | at most 0.65" in text
    assert script(house, "--check").returncode == 0
    (house / "docs/results.md").write_text(text + "more")
    assert "docs/results.md: out of date" in script(house, "--check").stderr


def test_a_config_that_changed_makes_its_row_stale(fcnet: Run, house: Path) -> None:
    collect.collect([train(fcnet, house, "a", "device=cpu")], house)
    config = house / "configs/published/net.yaml"
    changed = yaml.safe_load(config.read_text())
    changed |= {"seed": 7, "threads": 1, "train": changed["train"] | {"log_every": 3}}
    write_config(config, changed)  # nothing that its results depend on
    assert not list(collect.stale(same.versions(load_rows(house), house), load_results(house)))
    write_config(config, changed | {"train": changed["train"] | {"epochs": 3}})
    done = script(house, "--check")
    assert done.returncode == 1
    assert "net: its runs are of another config: train.epochs: 3 in configs/published/net.yaml, 2 there" in done.stderr
    (said,) = collect.collect([train(fcnet, house, "b", "seed=4")], house)
    assert "1 run of another config removed" in said
    assert [one["seeds"] for one in load_results(house)["net"]["runs"]] == [[4]]


def test_settings_older_than_a_key_take_its_default(fcnet: Run, house: Path) -> None:
    collect.collect([train(fcnet, house, "a")], house)
    entries = load_results(house)
    del entries["net"]["settings"]["train.label_smoothing"]
    versions = same.versions(load_rows(house), house)
    assert not list(collect.stale(versions, entries))
    entries["net"]["settings"]["train.no_such_key"] = 1
    assert "not valid any more (train.no_such_key)" in "".join(collect.stale(versions, entries))


def test_runs_that_do_not_count_are_refused_by_name(fcnet: Run, house: Path) -> None:
    run = train(fcnet, house, "done")
    other = train(fcnet, house, "other", "train.epochs=1")
    (unfinished := Path(shutil.copytree(run, "unfinished"))).joinpath("result.json").unlink()
    (bare := Path(shutil.copytree(run, "bare"))).joinpath("environment.json").unlink()
    assert "unfinished: interrupted" in refused(house, run, unfinished)
    assert "other: has the config of no row; nearest is net: train.epochs: 2 in" in refused(house, other)
    assert "bare: environment.json: is missing" in refused(house, bare)
    assert "nowhere" in refused(house, Path("nowhere"))
    again = Path(shutil.copytree(run, "again"))
    assert "again: has the seeds [0] of net, as done" in refused(house, run, again)
    no_accuracy = Path(shutil.copytree(run, "no-accuracy"))
    result = json.loads((no_accuracy / "result.json").read_text())
    result["test"]["accuracy"] = None
    (no_accuracy / "result.json").write_text(json.dumps(result))
    assert "no-accuracy: has no test accuracy" in refused(house, no_accuracy)


def test_committees_come_from_evaluations(fcnet: Run, house: Path) -> None:
    write_rows(house, both=ROW | {"committee": 2, "evaluated": True})
    a, b = train(fcnet, house, "a"), train(fcnet, house, "b", "seed=1")
    assert "a: the row both takes what fcnet eval prints" in refused(house, a)
    said = {"accuracy": 0.9, "split": "test (x)", "members": [str(a / "model.pth"), str(b)]}
    file = Path("both.json")
    file.write_text(json.dumps(said))
    collect.collect([file], house)
    (run,) = load_results(house)["both"]["runs"]
    assert run["seeds"] == [0, 1]
    assert values(load_rows(house)["both"], [run]) == pytest.approx([10.0])
    assert "one committee alone" in page.page(load_rows(house), load_results(house))
    for change, why in (
        ({"members": [str(a)]}, "evaluations of 1 run of"),
        ({"accuracy": None}, "has no accuracy"),
        ({"split": "train (x)"}, "not of the test images"),
        ({"members": ["gone"]}, "gone: is not a run here"),
    ):
        file.write_text(json.dumps(said | change))
        assert why in refused(house, file)
    file.write_text("{}")
    assert "is not what fcnet eval --json prints" in refused(house, file)
    assert "there is no such file" in refused(house, Path("missing.json"))


def test_one_class_rows_are_means_over_classes(fcnet: Run, house: Path) -> None:
    """The AUROC of each normal class, by the command itself."""
    config = house / "configs/published/net.yaml"
    values_ = yaml.safe_load(config.read_text())
    values_["data"]["normal_classes"] = ["0"]
    values_["model"] = {"kind": "autoencoder", "hidden": [4]}
    write_config(config, values_)
    over = {"metric": "auroc", "evaluated": True, "over": "data.normal_classes", "parts": 3}
    write_rows(house, one=ROW | over | {"goal": 1.0})
    found = []
    for name in "012":
        run = train(fcnet, house, f"class-{name}", f'data.normal_classes=["{name}"]')
        text = fcnet("eval", run, "--json").out
        found.append(json.loads(text)["outliers"]["auroc"])
        (file := Path(f"{name}.json")).write_text(text)
        collect.collect([file], house)
        if name != "2":
            with pytest.raises(Refused, match=r"of 3 values of data\.normal_classes"):
                page.page(load_rows(house), load_results(house))
    row = load_rows(house)["one"]
    assert values(row, load_results(house)["one"]["runs"]) == pytest.approx([100 * statistics.mean(found)])


def test_a_small_version_is_not_a_run_of_the_whole(fcnet: Run, house: Path) -> None:
    write_rows(house, net=ROW | {"gpu": True, "small": ["train.epochs=1"]})
    collect.collect([train(fcnet, house, "a", "train.epochs=1")], house)
    assert [*load_results(house)] == ["net/small"]
    text = page.page(load_rows(house), load_results(house))
    assert "not run whole; with `train.epochs=1`: " in text
    assert "`spatial`, G |" in text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metric": "speed"}, "metric: is 'speed'"),
        ({"planned": True}, "planned: unknown"),
        ({"metric": "seconds"}, "reaches: "),
        ({"committee": 3}, "evaluated: "),
        ({"over": "data.normal_classes"}, "each needs the other"),
        ({"config": "published/gone"}, "config missing: there is no configs/published/gone.yaml"),
    ],
)
def test_rows_that_are_wrong_are_refused(house: Path, change: dict[str, Any], why: str) -> None:
    write_rows(house, net=ROW | change)
    done = script(house, "--check")
    assert done.returncode == 1
    assert why in done.stderr


def test_goals_are_judged_by_the_mean(house: Path) -> None:
    def run(seed: int, accuracy: float, seconds: float) -> dict[str, Any]:
        versions = {"fcnet": None, "torch": "2.10.0"}  # fcnet was run from its source
        facts = {"devices": ["cpu"], "threads": 2, "together": 1, "versions": versions, "date": "2026-01-02"}
        metrics = {"accuracy": accuracy, "loss": 0.1}
        return facts | {
            "seeds": [seed],
            "part": None,
            "epochs": 2,
            "weights": "last",
            "seconds": seconds,
            "metrics": metrics,
            "images": {"train": 50000, "validation": 10000, "test": 10000},
        }

    write_rows(
        house, net=ROW, fast=ROW | {"metric": "seconds", "reaches": 98.0, "goal": 2}, none=ROW | {"published": ""}
    )
    rows = load_rows(house)
    good, bad = [run(0, 0.993, 1), run(1, 0.994, 2)], [run(0, 0.990, 1), run(1, 0.970, 2)]
    text = page.page(rows, {"net": {"runs": good}, "fast": {"runs": good}})
    assert "| 0.65 ± 0.07 (0.70 0.60) | yes | 2 |" in text
    assert "| 1.50 ± 0.71 (1.00 2.00), at an accuracy of 99.35 % | yes |" in text
    assert "`spatial`, `50k/10k`" in text
    assert "| Somebody 2003 | at most 0.65 | not run | - | - |" in text
    assert "| fcnet (not installed), torch 2.10.0 |" in text
    text = page.page(rows, {"net": {"runs": bad}, "fast": {"runs": [run(0, 0.97, 1)]}})
    assert "missed by 1.35" in text
    assert "no: 1 points below 98 %" in text


def test_a_figure_of_other_pages_may_be_a_row_s(fcnet: Run, house: Path) -> None:
    collect.collect([train(fcnet, house, "a"), train(fcnet, house, "b", "seed=1")], house)
    found = values(load_rows(house)["net"], load_results(house)["net"]["runs"])
    figure = figures.collected({"result": ["net"]}, house)
    assert figure.text(None) == f"{statistics.mean(found):.2f} %"
    assert figure.command == "fcnet train -c configs/published/net.yaml seed=S"
    assert len(figures.collected({"result": ["net", "seconds"]}, house).values) == 2
    for wrong in (["gone"], ["net", "weight"]):
        with pytest.raises(figures.FigureError, match=wrong[-1]):
            figures.collected({"result": wrong}, house)


def test_the_page_is_fresh() -> None:
    done = script(ROOT, "--check")
    assert done.returncode == 0, done.stderr
