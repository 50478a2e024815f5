"""Committees through the command line: their metrics and answers against means by hand, and what cannot be in one."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import fcnet as library
from fcnet.cli.main import main
from fcnet.commands import committee
from fcnet.families.common import committee as average
from helpers.command_line import ROOT, Run
from helpers.sweeps import write_sweep
from helpers.tiny import tiny_config, write_config

SEEDS = (0, 1, 2)
RUNS = ("a", "b", "c")
TRAIN = ("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "train.optimizer.lr=3e-3")


@pytest.fixture(scope="session")
def master(tiny_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``trained`` copies."""
    root = tmp_path_factory.mktemp("committee")
    shutil.copytree(tiny_master, root / "tiny")
    config = str(write_config(root / "tiny.yaml", tiny_config(root / "tiny")))
    changes = (["seed=0"], ["seed=1", "model.hidden=[9, 5]"], ["seed=2", "data.image_size=[9, 8]"])
    for run, words in zip(RUNS, changes, strict=True):
        assert main([*TRAIN[:2], config, *TRAIN[3:], *words, "--out", str(root / run)]) == 0
    return root


@pytest.fixture
def trained(fcnet: Run, master: Path, tiny: Path) -> Path:
    """Three runs that differ in seed, layers and in how they see images: a, b and c."""
    for run in RUNS:
        shutil.copytree(master / run, run)
    return tiny


def found(fcnet: Run, *words: object) -> Any:
    outcome = fcnet(*words, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def matrix(answers: dict[str, Any]) -> np.ndarray:
    return np.array([list(one["probabilities"].values()) for one in answers["predictions"]])


def test_probabilities_are_the_mean_of_those_of_each(fcnet: Run, trained: Path) -> None:
    alone = [matrix(found(fcnet, "predict", run, "tiny/test")) for run in RUNS]
    together = found(fcnet, "predict", *RUNS, "tiny/test")
    np.testing.assert_allclose(matrix(together), np.mean(alone, 0), rtol=1e-12)
    assert together["members"] == [{"model": f"{run}/model.pth"} for run in RUNS]
    first = together["predictions"][0]
    assert first["probability"] == max(first["probabilities"].values())
    assert first["predicted"] == max(first["probabilities"], key=first["probabilities"].get)
    rows = list(csv.DictReader(io.StringIO(fcnet("predict", *RUNS, "tiny/test", "--csv").out)))
    assert [float(row["1"]) for row in rows] == pytest.approx(list(matrix(together)[:, 1]))
    assert np.abs(alone[0] - alone[1]).max() > 0.01


def test_metrics_are_those_of_the_mean_beside_those_of_each(fcnet: Run, trained: Path) -> None:
    mean = np.mean([matrix(found(fcnet, "predict", run, "tiny/test")) for run in RUNS], 0)
    labels = np.array([int(line) for line in Path("tiny/test.txt").read_text().split()])
    result = found(fcnet, "eval", *RUNS)
    assert result["accuracy"] == pytest.approx((mean.argmax(1) == labels).mean())
    assert result["loss"] == pytest.approx(-np.log(mean[np.arange(len(labels)), labels]).mean(), rel=1e-9)
    for one, run in zip(result["members"], RUNS, strict=True):
        alone = found(fcnet, "eval", run)
        assert {key: alone[key] for key in ("model", "loss", "accuracy")} == one
    for key in ("loss", "accuracy"):
        assert result["mean"][key] == pytest.approx(np.mean([one[key] for one in result["members"]]))
    confusion = np.array(result["confusion"])
    assert confusion.trace() / confusion.sum() == pytest.approx(result["accuracy"])
    assert (result["n"], "model" in result) == (21, False)


def test_text_and_csv_say_the_same(fcnet: Run, trained: Path) -> None:
    result = found(fcnet, "eval", *RUNS)
    lines = fcnet("eval", *RUNS).out.splitlines()
    assert lines[0] == "committee 3 models: the mean of their probabilities"
    assert lines[3] == f"accuracy  {100 * result['accuracy']:.2f} %"
    assert lines[4].startswith("ECE ")
    rows = {line.split()[0]: line.split()[1:] for line in lines[6:12] if line}
    assert list(rows) == ["model", *(f"{run}/model.pth" for run in RUNS), "mean", "committee"]
    assert rows["mean"] == [f"{result['mean']['loss']:.4f}", f"{100 * result['mean']['accuracy']:.2f}", "%"]
    table = list(csv.DictReader(io.StringIO(fcnet("eval", *RUNS, "--csv").out)))
    assert [row["model"] for row in table] == ["committee"] * 4 + [f"{run}/model.pth" for run in RUNS] + ["mean"]
    assert [row["class"] for row in table[:4]] == ["", "0", "1", "2"]
    assert float(table[0]["accuracy"]) == pytest.approx(result["accuracy"])
    assert float(table[-1]["loss"]) == pytest.approx(result["mean"]["loss"])


def test_kinds_may_differ_and_other_images_are_taken(fcnet: Run, trained: Path) -> None:
    outcome = fcnet(
        "train", "-c", "tiny/tiny.yaml", "model={kind: centroids, hidden: 8}", "data.deskew=true", "--out", "d"
    )
    assert outcome.code == 0, outcome.err
    alone = [matrix(found(fcnet, "predict", run, "tiny/test")) for run in ("a", "d")]
    np.testing.assert_allclose(matrix(found(fcnet, "predict", "a", "d", "tiny/test")), np.mean(alone, 0), rtol=1e-12)
    own = ("--images", "tiny/test", "--labels", "tiny/test.txt")
    assert found(fcnet, "eval", "a", "d", *own)["accuracy"] == found(fcnet, "eval", "a", "d")["accuracy"]


def test_digits_of_three_seeds_are_at_least_as_good_as_their_mean(fcnet: Run) -> None:
    config = ROOT / "configs/digits.yaml"
    for seed in SEEDS:
        words = ("train.epochs=2", "model.hidden=[16]", f"seed={seed}", "device=cpu", "--out", f"s{seed}")
        assert fcnet("train", "-c", config, *words).code == 0
    result = found(fcnet, "eval", "s*")
    assert len(result["members"]) == 3
    assert result["accuracy"] >= result["mean"]["accuracy"]
    assert result["loss"] <= result["mean"]["loss"]  # for any nets: the logarithm is concave


def test_a_sweep_is_the_committee_of_its_finished_runs(fcnet: Run, tiny: Path) -> None:
    write_sweep(Path("sweep.yaml"), tiny / "tiny.yaml", seeds=3, plots=False)
    assert fcnet("sweep", "run", "sweep.yaml", "--out", "many", "--workers", "1").code == 0
    runs = [f"many/seed-{seed}" for seed in SEEDS]
    assert found(fcnet, "eval", "many") == found(fcnet, "eval", *runs)
    assert found(fcnet, "predict", "many", "tiny/test") == found(fcnet, "predict", *runs, "tiny/test")
    assert json.loads(library.evaluate("many").json()) == found(fcnet, "eval", "many")
    Path("many/seed-1/result.json").unlink()
    outcome = fcnet("eval", "many", "--json")
    assert outcome.err == "fcnet: warning: many: only the 2 finished runs of 3 are taken\n"
    assert len(json.loads(outcome.out)["members"]) == 2
    for seed in (0, 2):
        Path(f"many/seed-{seed}/result.json").unlink()
    assert fcnet("eval", "many").errors == [
        "many: none of its 3 runs is finished; train them with: fcnet sweep run many"
    ]


def test_weights_are_chosen_for_each_and_the_largest_threshold_counts(fcnet: Run, tiny: Path) -> None:
    for run, seed in (("v", 0), ("w", 1)):
        words = ("data.validation=12", "train.epochs=3", f"seed={seed}", "--out", run)
        assert fcnet("train", "-c", "tiny/tiny.yaml", *words).code == 0
    names = [one["model"] for one in found(fcnet, "eval", "v", "w", "--weights", "last")["members"]]
    assert names == ["v/model.pth", "w/model.pth"]
    members = found(fcnet, "predict", "v", "w", "tiny/test")["members"]
    assert [one["model"] for one in members] == ["v/best.pth", "w/best.pth"]
    assert [one["weights"] for one in members] == ["best", "best"]
    for run, threshold in (("v", 1.0), ("w", 0.0)):
        result = json.loads(Path(run, "result.json").read_text())
        result["best"]["certainty"]["threshold"] = threshold
        Path(run, "result.json").write_text(json.dumps(result))
    assert not any(one["sure"] for one in found(fcnet, "predict", "w", "v", "tiny/test")["predictions"])
    assert all(one["sure"] for one in found(fcnet, "predict", "w", "tiny/test")["predictions"])


def test_what_cannot_be_in_a_committee(fcnet: Run, trained: Path) -> None:
    assert fcnet(*TRAIN, "model={kind: autoencoder, hidden: [4]}", "--out", "auto").code == 0
    assert fcnet(*TRAIN, "data.classes=['2','1','0']", "--out", "turned").code == 0
    outcome = fcnet("eval", "a", "auto", "turned", "a/model.pth")
    assert outcome.code == 2
    assert outcome.errors == [
        "auto/model.pth: is of kind autoencoder, which gives no probabilities of classes; a committee has classifiers"
        " only",
        "turned/model.pth: has the classes in another order than a/model.pth (2, 1, 0; 0, 1, 2); name runs with the"
        " same classes in the same order",
        "a/model.pth: is given twice, and would count twice in the mean; name each run once",
    ]
    assert fcnet("predict", "a", "auto", "tiny/test").errors == outcome.errors[:1]
    assert fcnet("eval", "a", "gone").errors[0].startswith("gone: there is no such run directory or model file")
    assert fcnet("eval", "a", "b", "-c", "tiny/tiny.yaml").errors == [
        "--config tiny/tiny.yaml: describes a single model file, but 2 are given; name run directories, which have"
        " configs of their own"
    ]


def test_runs_come_before_images(fcnet: Run, trained: Path) -> None:
    shutil.copy("tiny/test/0.png", "photo.png")
    assert fcnet("predict", "photo.png", "b").errors == [
        "b: is a run, but photo.png before it is taken for an image; name runs first"
    ]
    assert fcnet("predict", "a", "photo.png", "b").code == 2
    assert fcnet("predict", "a", "b").errors == ["IMAGE: is missing; give files, folders or patterns after b"]
    assert fcnet("predict", "a", "b", "gone.png").code == 3
    assert fcnet("predict", "a", "b", "photo.png", "--find").errors == [
        "--find: reads pages with one run, but 2 are given; name one"
    ]
    seen = found(fcnet, "predict", "a", "*.png")  # a pattern of images among runs
    assert [one["file"] for one in seen["predictions"]] == ["photo.png"]


def test_members_are_evaluated_on_the_same_images(fcnet: Run, trained: Path) -> None:
    assert fcnet(*TRAIN, "data.validation=12", "--out", "v").code == 0
    outcome = fcnet("eval", "a", "v", "--split", "train")
    assert outcome.code == 2
    assert outcome.errors[0].startswith("v/best.pth: its train images (48 in ")
    assert fcnet("eval", "a", "v", "--split", "test").code == 0


def test_from_a_program(trained: Path) -> None:
    result: Any = library.evaluate(["a", Path("b")])
    assert len(result.members) == 2
    assert result.mean["accuracy"] == pytest.approx(sum(one.accuracy for one in result.members) / 2)
    answers: Any = library.predict(["a", "b"], ["tiny/test"])
    assert len(answers.images) == 21
    with pytest.raises(library.FcnetError, match="list of runs is empty"):
        library.evaluate([])


def test_teachers_give_probabilities_that_a_loss_may_keep(trained: Path) -> None:
    members = committee.load([Path("a"), Path("b")], torch.device("cpu"))
    pixels = torch.rand(5, 36, generator=torch.Generator().manual_seed(0))
    mean = average.probabilities([one.net for one in members], pixels)
    by_hand = sum(one.net(pixels).double().softmax(1) for one in members) / 2
    assert (mean.dtype, mean.requires_grad) == (torch.float64, False)
    torch.testing.assert_close(mean, by_hand.detach())
    logits = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    functional.cross_entropy(logits, mean).backward()
    torch.testing.assert_close(logits.grad, (1 / 3 - mean) / 5)


def test_classes_that_no_member_believes_in_have_finite_losses() -> None:
    logits = [torch.tensor([[0.0, -2000.0]]), torch.tensor([[0.0, -1000.0]])]
    assert average.averaged(logits)[0, 1].item() == pytest.approx(-1000 - np.log(2))
