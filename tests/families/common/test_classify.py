"""fcnet eval, plot and predict, from the command line, against scikit-learn and the course's net."""

import csv
import io
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from course_program import FCNet as CourseFCNet
from PIL import Image
from sklearn import metrics

from helpers.command_line import Run
from helpers.tiny import CLASSES, SIDE, pictures, tiny_config, write_config, write_numbered

RUN = Path("checkpoints/tiny")


@pytest.fixture
def trained(fcnet: Run, tiny: Path) -> Path:
    """A run that has not learned all."""
    slow = ("train.epochs=1", "model.hidden=[5]", "train.optimizer.lr=0.003")
    assert fcnet("train", "-c", "tiny/tiny.yaml", *slow).code == 0
    return tiny


def course_logits(run: Path = RUN) -> tuple[np.ndarray, np.ndarray]:
    """Logits of the test images by the course's net with our weights, and the labels."""
    net = CourseFCNet(SIDE * SIDE, 5, CLASSES)
    net.load_state_dict(torch.load(run / "model.pth", weights_only=True), strict=True)
    images, labels = pictures(21, 1)
    with torch.no_grad():
        return net(torch.from_numpy(images).flatten(1) / 255).double().numpy(), labels


def test_figures_are_scikit_learn_s_on_the_course_s_net(fcnet: Run, trained: Path) -> None:
    logits, labels = course_logits()
    predicted = logits.argmax(1)
    found = json.loads(fcnet("eval", "--json").out)
    assert found["n"] == 21
    assert found["classes"] == ["0", "1", "2"]
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert 0.3 < found["accuracy"] < 1
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert found["loss"] == pytest.approx(metrics.log_loss(labels, probabilities), rel=1e-5)
    assert found["confusion"] == metrics.confusion_matrix(labels, predicted).tolist()
    report = metrics.classification_report(labels, predicted, output_dict=True, zero_division=np.nan)
    for row in found["per_class"]:
        expected = report[row["class"]]
        assert row["n"] == expected["support"]
        for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert row[ours] is None or row[ours] == pytest.approx(expected[theirs])


def test_calibration_is_that_of_probabilities_in_fifteen_bins(fcnet: Run, trained: Path) -> None:
    """Against NumPy's own digitize, for one model and for a committee of two with the same weights."""
    logits, labels = course_logits()
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    place = np.digitize(confidence, np.arange(1, 15) / 15, right=True)
    expected = sum(abs(right[place == i].sum() - confidence[place == i].sum()) for i in range(15)) / len(labels)
    assert json.loads(fcnet("eval", "--json").out)["calibration_error"] == pytest.approx(expected, rel=1e-5)
    line = f"ECE       {100 * expected:.2f} % (expected calibration error)"
    assert line in fcnet("eval").out.splitlines()
    shutil.copytree(RUN, "checkpoints/again")
    both = ["eval", RUN, "checkpoints/again"]
    assert json.loads(fcnet(*both, "--json").out)["calibration_error"] == pytest.approx(expected, rel=1e-5)
    assert line in fcnet(*both).out.splitlines()
    assert "calibration" not in fcnet("eval", "--csv").out


def test_mistakes_are_listed_in_a_table(fcnet: Run, trained: Path) -> None:
    """All of them, the most confident first, as the course's net makes them."""
    assert fcnet("plot", RUN).code == 0
    logits, labels = course_logits()
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    predicted = probabilities.argmax(1)
    wrong = sorted(np.flatnonzero(predicted != labels), key=lambda i: -probabilities[i].max())
    assert len(wrong) > 1
    rows = list(csv.DictReader(io.StringIO((RUN / "plots/mistakes.csv").read_text())))
    names = json.loads(fcnet("predict", RUN, "tiny/test", "--json").out)["predictions"]
    files = [Path(one["file"]).name for one in names]
    assert [files.index(Path(row["file"]).name) for row in rows] == wrong
    assert [(row["true"], row["predicted"]) for row in rows] == [(str(labels[i]), str(predicted[i])) for i in wrong]
    for row, i in zip(rows, wrong, strict=True):
        assert float(row["probability"]) == pytest.approx(probabilities[i, predicted[i]], rel=1e-5)
        assert float(row["probability_of_true"]) == pytest.approx(probabilities[i, labels[i]], rel=1e-4)


def test_eval_of_other_splits_and_folders(fcnet: Run, trained: Path) -> None:
    on_test = json.loads(fcnet("eval", RUN, "--json").out)
    for words in (
        ["--images", "tiny/test", "--labels", "tiny/test.txt"],
        ["--split", "test", "--device", "cpu"],
    ):
        found = json.loads(fcnet("eval", RUN, "--json", *words).out)
        assert (found["accuracy"], found["confusion"]) == (on_test["accuracy"], on_test["confusion"])
    assert json.loads(fcnet("eval", RUN, "--json", "--split", "train").out)["n"] == 60
    (trained / "only").mkdir()
    shutil.copytree(trained / "test", trained / "only/2")
    outcome = fcnet("eval", RUN, "--images", "tiny/only")
    assert outcome.code == 0
    assert "images    21, tiny/only" in outcome.out
    shutil.copytree(trained / "test", trained / "only/9")
    outcome = fcnet("eval", RUN, "--images", "tiny/only")
    assert outcome.code == 3
    assert "label '9' is not a class; the classes are 0, 1, 2" in outcome.errors[0]


def test_a_model_file_that_the_course_s_script_saved(fcnet: Run, tiny: Path) -> None:
    torch.manual_seed(3)
    net = CourseFCNet(SIDE * SIDE, 8, CLASSES)
    torch.save(net.state_dict(), "model.pth")
    images, labels = pictures(21, 1)
    with torch.no_grad():
        right = float((net(torch.from_numpy(images).flatten(1) / 255).argmax(1).numpy() == labels).mean())
    found = json.loads(fcnet("eval", "model.pth", "--config", "tiny/tiny.yaml", "--json").out)
    assert found["accuracy"] == pytest.approx(right)
    outcome = fcnet("eval", "model.pth")
    assert outcome.code == 2
    assert "give its YAML file with --config" in outcome.errors[0]
    write_config(tiny / "other.yaml", tiny_config(tiny) | {"model": {"hidden": [9]}})
    outcome = fcnet("eval", "model.pth", "-c", "tiny/other.yaml")
    assert outcome.code == 5
    assert "fc1.weight is (8, 36), in the config's model (9, 36)" in outcome.errors[0]


def test_the_newest_run_is_said(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("eval")
    assert outcome.err.splitlines()[0] == "run: checkpoints/tiny"
    assert outcome.out.startswith("model     checkpoints/tiny/model.pth")


def test_without_a_run(fcnet: Run) -> None:
    for words in (["eval"], ["plot"]):
        outcome = fcnet(*words)
        assert outcome.code == 2
        assert "contains no run yet" in outcome.errors[0]
    assert fcnet("eval", "nowhere").code == 2


def test_damaged_models(fcnet: Run, trained: Path) -> None:
    path = RUN / "model.pth"
    path.write_bytes(path.read_bytes()[:-30])
    outcome = fcnet("eval", RUN)
    assert outcome.code == 5
    assert "is damaged or truncated" in outcome.errors[0]
    path.unlink()
    assert fcnet("eval", RUN).code == 5


def test_plot_draws_all_six_and_a_table(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("plot", RUN)
    assert outcome.code == 0, outcome.err
    names = ["loss", "accuracy", "weights", "confusion", "mistakes", "reliability"]
    files = [*(f"{name}.png" for name in names), "mistakes.csv"]
    assert outcome.out.split() == [str(RUN / "plots" / file) for file in files]
    for name in names:
        with Image.open(RUN / "plots" / f"{name}.png") as image:
            pixels = np.asarray(image.convert("L"))
        assert 0.05 < (pixels < 250).mean() < 0.95 or name in ("loss", "accuracy"), name
        assert (pixels < 250).mean() > 0.01, name


def test_plot_formats_folders_and_several_runs(fcnet: Run, trained: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    outcome = fcnet("plot", RUN, "checkpoints/tiny-2")
    assert outcome.out.split() == [f"checkpoints/plots/{name}.png" for name in ("loss", "accuracy", "trade")]
    outcome = fcnet("plot", RUN, "checkpoints/tiny-2", "--out", "here", "--format", "svg")
    assert outcome.out.split() == ["here/loss.svg", "here/accuracy.svg", "here/trade.svg"]
    assert Path("here/accuracy.svg").read_text().startswith("<?xml")
    assert fcnet("plot").err.splitlines()[0] == "run: checkpoints/tiny-2"
    assert fcnet("plot", "--format", "gif").code == 2


def test_plot_takes_folders_and_patterns_and_leaves_out_what_is_no_run(fcnet: Run, trained: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1").code == 0
    Path("checkpoints/README.md").write_text("# checkpoints")
    names = [f"checkpoints/plots/{name}.png" for name in ("loss", "accuracy", "trade")]
    for words in (["checkpoints"], ["checkpoints/*"], None):
        outcome = fcnet("plot", *(words or sorted(map(str, Path("checkpoints").iterdir()))))  # as a shell does
        assert outcome.code == 0, outcome.err
        assert outcome.out.split() == names
        assert "runs: checkpoints/tiny, checkpoints/tiny-2" in outcome.err
    assert "fcnet: warning: checkpoints/README.md, checkpoints/plots: left out: not runs" in outcome.err
    (RUN / "metrics.jsonl").write_text("")
    outcome = fcnet("plot", "checkpoints")
    assert outcome.code == 0
    assert "fcnet: warning: checkpoints/tiny: left out: no finished epoch to draw" in outcome.err
    assert outcome.out.split()[0] == "checkpoints/tiny-2/plots/loss.png"


def test_plot_without_the_images_draws_the_curves_and_says_so(fcnet: Run, trained: Path) -> None:
    shutil.rmtree(trained / "test")
    outcome = fcnet("plot", RUN)
    assert outcome.code == 3
    assert "there is no such folder" in outcome.errors[0]
    assert sorted(path.name for path in (RUN / "plots").iterdir()) == ["accuracy.png", "loss.png", "weights.png"]


def test_plot_without_a_test_set_looks_at_the_validation_images(fcnet: Run, tiny: Path) -> None:
    config = tiny_config(tiny)
    del config["data"]["test"]
    write_config(tiny / "tiny.yaml", config)
    assert fcnet("train", "-c", "tiny/tiny.yaml", "data.validation=9").code == 0
    outcome = fcnet("plot")
    assert outcome.code == 0
    assert "checkpoints/tiny/plots/confusion.png" in outcome.out
    assert fcnet("train", "-c", "tiny/tiny.yaml").code == 0
    outcome = fcnet("plot")
    assert outcome.code == 0
    assert outcome.out.split()[-1] == "checkpoints/tiny-2/plots/weights.png"
    assert "confusion, calibration and mistakes are not drawn" in outcome.err


@pytest.mark.parametrize("name", ["$\\frac$", "_run", "[b]", "七"])
def test_names_are_drawn_as_they_are(fcnet: Run, tiny: Path, name: str, recwarn: pytest.WarningsRecorder) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # this machine may have no Chinese font
        for split in ("train", "test"):
            folders = tiny / f"{split}-folders"
            images, labels = pictures(12, 0)
            for i, (pixels, label) in enumerate(zip(images, labels, strict=True)):
                (folders / f"{name}{label}").mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(folders / f"{name}{label}" / f"{i}.png")
        config = tiny_config(tiny)
        config["data"] = {
            "train": {"images": "tiny/train-folders"},
            "test": {"images": "tiny/test-folders"},
            "image_size": [SIDE, SIDE],
        }
        write_config(tiny / "names.yaml", config)
        assert fcnet("train", "-c", "tiny/names.yaml", "model.hidden=[]", "--out", name).code == 0
        assert fcnet("plot", name).code == 0


def test_devices_are_checked_where_they_are_named(fcnet: Run, trained: Path) -> None:
    for device in ("foo", "", "cuda:x", "meta", "cpu:3", "cuda:256"):
        for words in (["eval", RUN], ["predict", RUN, "tiny/test"]):
            outcome = fcnet(*words, "--device", device)
            assert outcome.code == 2
            assert "should be auto, cpu, cuda or cuda:N" in outcome.errors[0]


def test_predict_takes_of_a_folder_what_training_takes(fcnet: Run, trained: Path) -> None:
    (trained / "test/.hidden.png").write_bytes(b"")
    (trained / "test/folder.png").mkdir()
    assert len(fcnet("predict", RUN, "tiny/test").out.splitlines()) == 22
    assert fcnet("predict", RUN, "x" * 300).code == 3


def test_predict_files_folders_and_globs_in_three_forms(fcnet: Run, trained: Path) -> None:
    logits, _ = course_logits()
    probabilities = torch.from_numpy(logits).softmax(1).numpy()
    outcome = fcnet("predict", RUN, "tiny/test", "--json")
    rows = json.loads(outcome.out)["predictions"]
    assert [row["file"] for row in rows] == [f"tiny/test/{i}.png" for i in range(21)]
    for row, expected in zip(rows, probabilities, strict=True):
        assert row["predicted"] == str(expected.argmax())
        assert row["probability"] == pytest.approx(expected.max(), rel=1e-5)
        assert list(row["probabilities"].values()) == pytest.approx(expected.tolist(), rel=1e-4)
    table = list(csv.DictReader(io.StringIO(fcnet("predict", RUN, "tiny/test/1?.png", "--csv").out)))
    assert [row["file"] for row in table] == [f"tiny/test/{i}.png" for i in range(10, 20)]
    assert float(table[0]["0"]) == pytest.approx(probabilities[10, 0], rel=1e-4)
    lines = fcnet("predict", RUN, "tiny/test/3.png", "tiny/test/2.png").out.splitlines()
    assert [line.split()[0] for line in lines] == ["file", "tiny/test/3.png", "tiny/test/2.png"]


def test_predict_needs_nothing_but_the_run(fcnet: Run, trained: Path, tmp_path: Path) -> None:
    shutil.move(trained / "test/0.png", tmp_path / "photo.png")
    shutil.rmtree(trained)
    shutil.move(RUN, tmp_path / "elsewhere")
    outcome = fcnet("predict", "elsewhere", "photo.png")
    assert outcome.code == 0
    assert outcome.err == ""


def test_predict_warns_of_a_light_background(fcnet: Run, trained: Path) -> None:
    images, labels = pictures(3, 7)
    write_numbered(trained / "light", 255 - images, labels)
    outcome = fcnet("predict", RUN, "tiny/light", "tiny/test/0.png")
    assert outcome.code == 0
    assert outcome.err == ""  # they are prepared
    assert "inverted" in outcome.out
    outcome = fcnet("predict", RUN, "tiny/light", "tiny/test/0.png", "--prepare", "off")
    assert outcome.code == 0
    assert "fcnet: warning: tiny/light/0.png" in outcome.err
    assert "3 of 4 images have a light background" in outcome.err


def test_predict_names_all_that_it_cannot_read(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("predict", RUN, "nowhere.png", "*.gif", "tiny/test/0.png")
    assert outcome.code == 3
    assert [error.split(":")[0] for error in outcome.errors] == ["nowhere.png", "*.gif"]
    (trained / "a.png").write_bytes(b"")
    (trained / "b.png").write_text("x")
    outcome = fcnet("predict", RUN, "tiny/a.png", "tiny/b.png", "tiny/test/0.png")
    assert outcome.code == 3
    assert outcome.out == ""
    assert [error.split(":")[0] for error in outcome.errors] == ["tiny/a.png", "tiny/b.png"]
