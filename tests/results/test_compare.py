"""``fcnet compare``: groups, intervals, tests, refusals, formats, through the command line."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
from scipy import stats

import fcnet as library
from fcnet.data.dataset import ImageFolder
from fcnet.results.compare.figures import MOST
from helpers.command_line import Outcome, Run
from helpers.folders import snapshot


def result(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "result.json").read_text())
    return found


def accuracies(folder: Path, hidden: int) -> list[float]:
    return [result(folder / f"h{hidden}-{seed}")["test"]["accuracy"] for seed in (0, 1, 2)]


def change(path: Path, update: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads(path.read_text())
    update(values)
    path.write_text(json.dumps(values))


def compared(fcnet: Run, *words: object) -> dict[str, Any]:
    outcome = fcnet("compare", *words, "--json")
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_groups_are_what_differs_beside_the_seed(fcnet: Run, width: Path) -> None:
    found = compared(fcnet, width)
    assert found["by"] == ["model.hidden"]
    assert [one["group"] for one in found["groups"]] == ["hidden=1", "hidden=8"]
    for one, hidden in zip(found["groups"], (1, 8), strict=True):
        values = accuracies(width, hidden)
        assert one["seeds"] == [0, 1, 2]
        assert one["runs"] == [str(width / f"h{hidden}-{seed}") for seed in (0, 1, 2)]
        assert one["mean"] == pytest.approx(fmean(values))
        assert one["sd"] == pytest.approx(stdev(values))
        low, high = stats.t.interval(0.95, 2, loc=fmean(values), scale=stats.sem(values))
        assert (one["low"], one["high"]) == (pytest.approx(low), pytest.approx(high))
        assert (one["min"], one["max"]) == (min(values), max(values))
        seconds = [result(width / f"h{hidden}-{seed}")["seconds"] for seed in (0, 1, 2)]
        assert one["seconds"]["mean"] == pytest.approx(fmean(seconds))


def test_differences_are_paired_by_seed(fcnet: Run, width: Path) -> None:
    found = compared(fcnet, width)
    first, second = accuracies(width, 1), accuracies(width, 8)
    expected = stats.ttest_rel(second, first)
    assert found["reference"] == "hidden=1"
    assert found["groups"][0]["difference"] is None
    difference = found["groups"][1]["difference"]
    assert difference["n"] == 3
    assert difference["mean"] == pytest.approx(fmean(second) - fmean(first))
    assert difference["p"] == difference["holm"] == pytest.approx(expected.pvalue)
    turned = compared(fcnet, width, "--against", "hidden=8")["groups"][0]["difference"]
    assert turned["mean"] == pytest.approx(-difference["mean"])
    assert turned["p"] == pytest.approx(difference["p"])
    assert compared(fcnet, width, "--against", width / "h8-2")["reference"] == "hidden=8"
    assert compared(fcnet, width, "--against", "model.hidden=8")["reference"] == "hidden=8"


def test_only_common_seeds_are_paired(fcnet: Run, width: Path) -> None:
    shutil.rmtree(width / "h8-0")
    found = compared(fcnet, width)
    assert [one["n"] for one in found["groups"]] == [3, 2]
    assert found["groups"][1]["difference"]["n"] == 2
    expected = stats.ttest_rel(accuracies_of(width, "h8-1", "h8-2"), accuracies_of(width, "h1-1", "h1-2"))
    assert found["groups"][1]["difference"]["p"] == pytest.approx(expected.pvalue)
    shutil.rmtree(width / "h8-1")
    assert compared(fcnet, width)["groups"][1]["difference"]["p"] is None


def accuracies_of(folder: Path, *names: str) -> list[float]:
    return [result(folder / name)["test"]["accuracy"] for name in names]


def test_several_comparisons_are_corrected(fcnet: Run, width: Path) -> None:
    for seed in (0, 1, 2):  # a third net, whose accuracies are others
        shutil.copytree(width / f"h8-{seed}", width / f"h4-{seed}")
        config = width / f"h4-{seed}/config.yaml"
        config.write_text(config.read_text().replace("hidden: [8]", "hidden: [4]"))
        scores = {"accuracy": 0.2 + 0.1 * seed}
        change(width / f"h4-{seed}/result.json", lambda values, scores=scores: values["test"].update(scores))  # type: ignore[misc]
    found = compared(fcnet, width)
    assert [one["group"] for one in found["groups"]] == ["hidden=1", "hidden=4", "hidden=8"]
    p = [one["difference"]["p"] for one in found["groups"][1:]]
    holm = [one["difference"]["holm"] for one in found["groups"][1:]]
    assert min(holm) == pytest.approx(min(1.0, 2 * min(p)))
    assert max(holm) == pytest.approx(max(*p, min(holm)))
    assert "Holm: p corrected for 2 comparisons" in fcnet("compare", width).out


def test_equal_figures_have_no_difference(fcnet: Run, width: Path) -> None:
    for seed in (0, 1, 2):
        shutil.copy(width / f"h1-{seed}/result.json", width / f"h8-{seed}/result.json")
    difference = compared(fcnet, width)["groups"][1]["difference"]
    assert (difference["mean"], difference["low"], difference["high"], difference["p"]) == (0, 0, 0, 1)


def test_keys_may_be_given_and_others_are_said_to_be_mixed(fcnet: Run, width: Path) -> None:
    outcome = fcnet("compare", width, "--by", "activation")
    assert "runs of a group differ in model.hidden too" in outcome.err
    found = compared(fcnet, width, "--by", "activation")
    assert [(one["group"], one["n"]) for one in found["groups"]] == [("activation=relu", 6)]
    assert len(compared(fcnet, width, "--by", "run")["groups"]) == 6
    assert [one["n"] for one in compared(fcnet, width, "--by", "seed,hidden")["groups"]] == [1] * 6
    paired = compared(fcnet, width, "--by", "seed")["groups"][1]["difference"]
    assert paired["n"] == 2  # pairs of the same width


def test_groups_that_differ_in_more_than_asked_are_said(fcnet: Run, width: Path) -> None:
    for run in width.glob("h1-*"):
        config = run / "config.yaml"
        config.write_text(config.read_text().replace("lr: 0.02", "lr: 0.03"))
    found = compared(fcnet, width)
    assert [one["group"] for one in found["groups"]] == ["hidden=1, lr=0.03", "hidden=8, lr=0.02"]
    outcome = fcnet("compare", width, "--by", "hidden")
    assert "groups differ in train.optimizer.lr too, not only in model.hidden" in outcome.err
    assert compared(fcnet, width, "--by", "net")["groups"][1]["difference"]["n"] == 3
    assert "too" not in fcnet("compare", width, "--by", "net").err


def test_equal_settings_in_two_folders_are_compared_by_folder(fcnet: Run, width: Path, tmp_path: Path) -> None:
    for name, hidden in (("old", 1), ("new", 8)):
        for seed in (0, 1, 2):
            shutil.copytree(width / f"h1-{seed}", tmp_path / name / f"s{seed}")
            shutil.copy(width / f"h{hidden}-{seed}/result.json", tmp_path / name / f"s{seed}")
    found = compared(fcnet, "old", "new")
    assert [(one["group"], one["n"]) for one in found["groups"]] == [("new", 3), ("old", 3)]
    assert found["groups"][1]["difference"]["n"] == 3


def test_a_repeated_run_counts_once(fcnet: Run, width: Path) -> None:
    shutil.copytree(width / "h8-0", width / "h8-0-again")
    outcome = fcnet("compare", width)
    assert "h8-0-again: left out: has the same settings and seed as another run of its group" in outcome.err
    assert [one["n"] for one in compared(fcnet, width)["groups"]] == [3, 3]


def test_runs_that_have_not_ended_are_left_out_and_named(fcnet: Run, width: Path) -> None:
    (width / "h1-0/result.json").unlink()
    change(width / "h1-1/result.json", lambda values: values.update(ended="diverged"))
    (width / "h8-0/config.yaml").write_text("[")
    (width / "h8-1/environment.json").unlink()
    outcome = fcnet("compare", width)
    assert outcome.code == 0
    assert "h1-0: left out: interrupted" in outcome.err
    assert "h1-1: left out: diverged" in outcome.err
    assert "h8-0: left out: damaged: config.yaml" in outcome.err
    assert "h8-1: left out: its environment.json does not say which test images it has" in outcome.err
    found = compared(fcnet, width)
    assert {Path(one["run"]).name for one in found["left_out"]} == {"h1-0", "h1-1", "h8-0", "h8-1"}
    for run in width.iterdir():
        (run / "result.json").unlink(missing_ok=True)
    outcome = fcnet("compare", width)
    assert outcome.code == 2
    assert "compare: none of 6 runs can be compared" in outcome.errors[0]


def images(update: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    return lambda values: values["data"]["test"].update(update)


@pytest.mark.parametrize("update", [{"sha256": "0" * 64}, {"labels": "0" * 64}, {"n": 20}])
def test_different_test_images_are_refused(fcnet: Run, width: Path, update: dict[str, Any]) -> None:
    change(width / "h8-2/environment.json", images(update))
    before = snapshot(width)
    outcome = fcnet("compare", width, "--out", "figures")
    assert outcome.code == 2
    assert len(outcome.errors) == 1
    assert "compare: the runs have different test images: h1-0, h1-1, h1-2, h8-0, ..." in outcome.errors[0]
    assert "h8-2 (" in outcome.errors[0]
    assert not Path("figures").exists()
    assert snapshot(width) == before


def test_the_same_files_prepared_differently_are_the_same_images(fcnet: Run, width: Path) -> None:
    change(width / "h8-2/environment.json", images({"sha256": "0" * 64}))
    config = width / "h8-2/config.yaml"
    config.write_text(config.read_text().replace("deskew: false", "deskew: true"))
    outcome = fcnet("compare", width)
    assert outcome.code == 0
    assert "the test images are prepared differently (size, deskewing), from files of the same names" in outcome.err
    change(width / "h8-2/environment.json", images({"names": "0" * 64}))
    assert fcnet("compare", width).code == 2
    change(width / "h8-2/environment.json", lambda values: values["data"]["test"].pop("names"))
    assert fcnet("compare", width).code == 2


def test_runs_of_older_versions_are_compared_with_a_warning(fcnet: Run, width: Path) -> None:
    for run in width.iterdir():
        change(
            run / "environment.json", lambda values: [values["data"]["test"].pop(key) for key in ("labels", "names")]
        )
    assert "the labels of the test images are not compared" in fcnet("compare", width).err


def test_the_fingerprints_are_those_of_the_images(width: Path, trained: Path) -> None:
    facts = json.loads((width / "h1-0/environment.json").read_text())["data"]["test"]
    folder = ImageFolder.open(trained / "tiny/test", trained / "tiny/test.txt", size=(6, 6))
    assert facts["labels"] == folder.fingerprint()["labels"]
    assert facts["sha256"] == folder.sha256
    other = json.loads((width / "h1-0/environment.json").read_text())["data"]["train"]
    assert other["names"] != facts["names"]


def test_two_runs_are_compared_image_by_image(fcnet: Run, width: Path, trained: Path) -> None:
    """McNemar's test, from the predictions of ``fcnet predict``."""
    found = compared(fcnet, width / "h1-0", width / "h8-0")["mcnemar"]
    files = [str(trained / f"tiny/test/{i}.png") for i in range(21)]
    labels = (trained / "tiny/test.txt").read_text().split()
    hits = []
    for name in ("h1-0", "h8-0"):
        answers = json.loads(library.predict(width / name, files).json())["predictions"]
        hits.append(np.array([one["predicted"] for one in answers]) == np.array(labels))
    b, c = int((hits[0] & ~hits[1]).sum()), int((hits[1] & ~hits[0]).sum())
    assert b + c > 0
    assert (found["n"], found["b"], found["c"]) == (21, b, c)
    assert found["p"] == pytest.approx(stats.binomtest(b, b + c).pvalue)
    assert found["accuracy"] == [result(width / name)["test"]["accuracy"] for name in ("h1-0", "h8-0")]
    out = fcnet("compare", width / "h1-0", width / "h8-0").out
    assert f"McNemar's exact test on the same 21 images: p = {found['p']:#.2g}" in out
    assert f"only {width / 'h1-0'} is right: {b}; only {width / 'h8-0'} is right: {c}" in out
    same = compared(fcnet, width / "h8-0", width / "h8-0")
    assert same["groups"][0]["n"] == 1
    assert same["mcnemar"] is None


def test_two_seeds_are_a_group_and_are_tested_too(fcnet: Run, width: Path) -> None:
    found = compared(fcnet, width / "h8-0", width / "h8-1")
    assert [one["n"] for one in found["groups"]] == [2]
    assert found["mcnemar"]["n"] == 21


def test_images_that_changed_since_are_not_tested(fcnet: Run, width: Path, trained: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(trained / "tiny", moved)
    for name in ("h1-0", "h8-0"):
        config = width / name / "config.yaml"
        config.write_text(config.read_text().replace(str(trained / "tiny"), str(moved)))
    (moved / "test.txt").write_text((moved / "test.txt").read_text().replace("0", "1", 1))
    outcome = fcnet("compare", width / "h1-0", width / "h8-0")
    assert outcome.code == 0
    assert "McNemar's test is left out" in outcome.err
    assert "has changed since" in outcome.err
    shutil.rmtree(moved)
    assert "McNemar's test is left out" in fcnet("compare", width / "h1-0", width / "h8-0").err
    (width / "h1-0/model.pth").unlink()
    assert "McNemar's test is left out" in fcnet("compare", width / "h1-0", width / "h8-0").err


def test_best_weights_count_unless_the_last_are_asked_for(fcnet: Run, width: Path) -> None:
    for run in width.iterdir():
        best = {"epoch": 1, "test": {"loss": 1.0, "accuracy": 0.25, "n": 21}}
        change(run / "result.json", lambda values, best=best: values.update(best=best))  # type: ignore[misc]
    outcome = fcnet("compare", width)
    assert outcome.out.startswith("test accuracy of 6 runs in 2 groups, best weights by validation")
    assert compared(fcnet, width)["groups"][0]["mean"] == 0.25
    last = compared(fcnet, width, "--weights", "last")
    assert last["groups"][0]["mean"] == pytest.approx(fmean(accuracies(width, 1)))
    change(width / "h1-0/result.json", lambda values: values.pop("best"))
    assert "others the last ones only; --weights last is fairer" in fcnet("compare", width).err


def test_validation_images_have_to_be_there(fcnet: Run, width: Path) -> None:
    outcome = fcnet("compare", width, "--split", "validation")
    assert outcome.code == 2
    assert "has no validation metrics" in outcome.errors[0]


def test_different_losses_are_refused_and_equal_ones_compared(
    fcnet: Run, width: Path, auto: Callable[..., Path]
) -> None:
    for seed in (0, 1):
        assert fcnet("train", "-c", auto(), f"seed={seed}", "--out", f"codes/a{seed}").code == 0
    outcome = fcnet("compare", width, "codes")
    assert outcome.code == 2
    assert "the runs are measured by different losses" in outcome.errors[0]
    found = compared(fcnet, "codes")
    assert found["metric"] == "loss"
    assert found["mcnemar"] is None
    assert found["groups"][0]["mean"] == pytest.approx(
        fmean(result(Path(f"codes/a{i}"))["test"]["loss"] for i in (0, 1))
    )
    assert "loss" in fcnet("runs", "codes").out.splitlines()[0]


def cells(outcome: Outcome) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in outcome.out.splitlines() if line[:1] == "|"
    ]


def test_formats(fcnet: Run, width: Path) -> None:
    text, markdown = fcnet("compare", width), fcnet("compare", width, "--markdown")
    mean, sd = fmean(accuracies(width, 8)), stdev(accuracies(width, 8))
    assert f"{100 * mean:.2f} ± {100 * sd:.2f}" in text.out
    rows = cells(markdown)
    assert rows[1] == ["---", *["---:"] * 6]
    assert rows[3][:3] == ["hidden=8", "3", f"{100 * mean:.2f} ± {100 * sd:.2f}"]
    assert rows[4][:3] == ["group", "pairs", "difference (points)"]
    table = list(csv.DictReader(io.StringIO(fcnet("compare", width, "--csv").out)))
    assert [one["group"] for one in table] == ["hidden=1", "hidden=8"]
    assert float(table[1]["mean"]) == pytest.approx(mean)
    assert table[0]["difference_p"] == ""
    assert float(table[1]["difference_mean"]) == pytest.approx(mean - fmean(accuracies(width, 1)))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--against", "hidden=9"], "--against hidden=9: means no group; the groups are 'hidden=1'; 'hidden=8'"),
        (["--by", "zork"], "--by: zork: no such column"),
        (["--by", "accuracy"], "--by: accuracy: is a result, not a setting"),
        (["--json", "--csv"], "--json, --csv, --markdown: choose one of them"),
        (["--csv", "--markdown"], "--json, --csv, --markdown: choose one of them"),
        (["nowhere"], "nowhere: there is no such folder"),
        (["--split", "train"], "'train' is not one of 'test', 'validation'"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_mistakes(fcnet: Run, width: Path, words: list[str], told: str) -> None:
    outcome = fcnet("compare", width, *words)
    assert outcome.code == 2
    assert told in outcome.errors[0]


def test_nothing_to_compare_is_an_error(fcnet: Run, tmp_path: Path) -> None:
    assert "no such folder" in fcnet("compare").errors[0]
    (tmp_path / "empty").mkdir()
    outcome = fcnet("compare", "empty")
    assert (outcome.code, outcome.errors) == (2, ["compare: empty: contains no run; name runs, or folders of runs"])


def test_one_run_is_a_group_without_a_test(fcnet: Run, width: Path) -> None:
    found = compared(fcnet, width / "h8-0")
    assert [(one["group"], one["n"], one["sd"], one["low"]) for one in found["groups"]] == [("all runs", 1, None, None)]
    assert "differences" not in fcnet("compare", width / "h8-0").out


def test_names_in_any_script_and_odd_characters(fcnet: Run, width: Path, tmp_path: Path) -> None:
    width.rename(tmp_path / "宽度 $x|y")
    outcome = fcnet("compare", "宽度 $x|y", "--by", "folder", "--markdown", "--out", "figures")
    assert outcome.code == 0, outcome.err
    assert cells(outcome)[2][0].startswith("宽度 $x")


def test_figures_are_drawn_where_they_are_asked_for(fcnet: Run, width: Path, tmp_path: Path) -> None:
    before = snapshot(width)
    outcome = fcnet("compare", width, "--out", "figures")
    assert outcome.out.splitlines()[-1] == "figures: figures/loss.png, figures/accuracy.png, figures/groups.png"
    first = snapshot(Path("figures"))
    assert sorted(first) == [f"figures/{name}.png" for name in ("accuracy", "groups", "loss")]
    assert fcnet("compare", width, "--out", "figures").code == 0
    assert snapshot(Path("figures")) == first
    Path("others").mkdir()
    Path("others/groups.png").write_bytes(b"mine")
    assert fcnet("compare", width, "--out", "others").code == 2
    assert snapshot(Path("others")) == {"others/groups.png": b"mine"}
    fcnet("compare", width)
    assert snapshot(width) == before


def test_figures_show_as_many_groups_as_can_be_told_apart(fcnet: Run, width: Path) -> None:
    for i in range(MOST):
        shutil.copytree(width / "h8-0", width / f"more-{i}")
        config = width / f"more-{i}/config.yaml"
        config.write_text(config.read_text().replace("hidden: [8]", f"hidden: [{100 + i}]"))
    outcome = fcnet("compare", width, "--out", "figures")
    assert outcome.code == 0
    assert f"the figures show the first {MOST} of {MOST + 2} groups" in outcome.err
    assert "hidden=139" in outcome.out
