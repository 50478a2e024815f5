"""Extreme learning machines through the command line, against float64 solutions of the same equations."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import linear_model

from fcnet import schema
from fcnet.commands.read import read_splits
from fcnet.families.elm import training
from fcnet.families.elm.config import ELMModel
from fcnet.families.elm.model import ELM, build
from fcnet.families.elm.solve import solution
from fcnet.families.elm.solve.seen_images import SeenImages
from fcnet.families.elm.training import ClosedFormTraining
from fcnet.rundir import tensor_files
from fcnet.training.records import Begin, StageRecord, Tick
from helpers.command_line import Run
from helpers.tiny import pictures, tiny_config, write_config

COMBINED = {"weights": [{"name": "rf-ciw", "margin": 0, "least_area": 4}, "c"], "combiner": {"hidden": 9}, "hidden": 12}
DRAWN = {
    "encoders": [{"kind": "drawn", "hidden": 15, "weights": [{"name": "rf", "margin": 0, "least_area": 4}, "ciw"]}],
    "weights": "c",
    "hidden": 20,
}
DEEP = {"encoders": [{"hidden": 10}, {"hidden": 7, "activation": "tanh"}], "hidden": 20}


def chunked(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let every training add so many rows at a time."""
    monkeypatch.setattr(training, "ClosedFormTraining", partial(ClosedFormTraining, chunk=rows))


@pytest.fixture
def elm(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a config of an ELM on the tiny data; small chunks, so that there are several."""
    chunked(monkeypatch, 7)

    def write(name: str = "elm", solve: dict | None = None, data: dict | None = None, **model: object) -> Path:
        values = tiny_config(tiny)
        del values["train"]
        values["model"] = {"kind": "elm", "hidden": 20} | model
        values["data"] |= data or {}
        if solve:
            values["solve"] = solve
        return write_config(tiny / f"{name}.yaml", values)

    return write


def solving(file: Path) -> ClosedFormTraining:
    """What trains a config, on its images."""
    settings = schema.load(file)
    splits = read_splits(settings)
    spec = settings.model
    assert isinstance(spec, ELMModel)
    model = build(spec, splits.train.size, len(splits.classes))
    return ClosedFormTraining(model, splits, spec, settings.solve, settings.seed, chunk=7)


def hidden_outputs(run: Path, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H (N, M) of images in float64, by hand from a run's model file, and its output weights (M, C)."""
    state = {name: tensor.double().numpy() for name, tensor in tensor_files.load(run / "model.pth").items()}
    z = images.reshape(len(images), -1) / 255 @ state["machines.0.hidden.weight"].T + state["machines.0.hidden.bias"]
    return 1 / (1 + np.exp(-z)), state["machines.0.readout.weight"].T


def result(run: Path) -> dict:
    """What a run ended with."""
    found: dict = json.loads((run / "result.json").read_text())
    return found


def test_train_eval_predict_and_plot(fcnet: Run, elm: Callable[..., Path], tiny: Path) -> None:
    outcome = fcnet("train", "-c", elm(), "--verbose")
    assert outcome.code == 0, outcome.err
    assert "training 36-20-3 (" in outcome.out
    assert "step: closed form (ridge), cpu" in outcome.out
    assert "hidden layer: 20 units, 60 images in fp" in outcome.out
    assert "\nhidden layer: solution (ridge), 20 units\n" in outcome.out
    told = json.loads(fcnet("eval", "checkpoints/elm", "--json").out)
    ended = result(Path("checkpoints/elm"))
    assert told["accuracy"] == ended["test"]["accuracy"] == 1
    assert told["loss"] == pytest.approx(ended["test"]["loss"], rel=1e-5)
    assert ended["test"]["loss"] < 0.1  # outputs are scaled to logits
    assert fcnet("predict", "checkpoints/elm", tiny / "test" / "0.png").code == 0
    stage = ended["solve"][0]
    assert (stage["stage"], stage["units"], stage["images"], stage["ridge"]) == ("hidden layer", 20, 60, 1.0)
    assert stage["nonzeros"] == stage["weights"] == 60
    lines = [json.loads(line) for line in Path("checkpoints/elm/metrics.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["stage", "epoch"]
    assert lines[0]["facts"] == stage


@pytest.mark.parametrize("penalty", [1e-3, 1.0, 50.0])
def test_output_weights_are_the_ridge_solution(fcnet: Run, elm: Callable[..., Path], penalty: float) -> None:
    assert fcnet("train", "-c", elm(solve={"solver": {"ridge": penalty}})).code == 0
    images, labels = pictures(60, 0)
    h, beta = hidden_outputs(Path("checkpoints/elm"), images)
    expected = np.linalg.solve(h.T @ h + penalty * np.eye(20), h.T @ np.eye(3)[labels])
    np.testing.assert_allclose(beta, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_encoders_and_machine_see_standardised_images(fcnet: Run, elm: Callable[..., Path]) -> None:
    """By NumPy in float64: each image has mean 0 and standard deviation 1, and its class is a ridge solution of that.

    An encoder returns its input, whose pixels now sum to 0 in every image: so do the weights of each of its units.
    """
    solve = {"solver": {"ridge": 0.5}, "precision": "fp64"}
    assert fcnet("train", "-c", elm(solve=solve, standardise=True, encoders=[{"hidden": 10}])).code == 0
    state = {n: t.double().numpy() for n, t in tensor_files.load(Path("checkpoints/elm/model.pth")).items()}
    images, labels = pictures(60, 0)
    pixels = images.reshape(60, -1).astype(float)
    x = (pixels - pixels.mean(1, keepdims=True)) / pixels.std(1, keepdims=True)
    encoder = state["encoders.0.weight"]
    np.testing.assert_allclose(encoder.sum(1), 0, atol=1e-4 * np.abs(encoder).max())
    inner = 1 / (1 + np.exp(-x @ encoder.T))
    h = 1 / (1 + np.exp(-inner @ state["machines.0.hidden.weight"].T - state["machines.0.hidden.bias"]))
    expected = np.linalg.solve(h.T @ h + 0.5 * np.eye(20), h.T @ np.eye(3)[labels])
    np.testing.assert_allclose(state["machines.0.readout.weight"].T, expected, rtol=1e-3, atol=1e-3)


def test_output_weights_are_the_pseudo_inverse(fcnet: Run, elm: Callable[..., Path]) -> None:
    """Also with more units than images, where the shortest of all solutions is meant."""
    images, labels = pictures(60, 0)
    for hidden in (10, 100):
        assert fcnet("train", "-c", elm(hidden=hidden, solve={"solver": "pinv"}), "--out", f"run{hidden}").code == 0
        h, beta = hidden_outputs(Path(f"run{hidden}"), images)
        expected = np.linalg.pinv(h) @ np.eye(3)[labels]
        np.testing.assert_allclose(h @ beta, h @ expected, atol=2e-3)
        stage = result(Path(f"run{hidden}"))["solve"][0]
        assert stage["rank"] == np.linalg.matrix_rank(h)
    assert result(Path("run100"))["train"]["accuracy"] == 1


def test_lasso_leaves_weights_out(fcnet: Run, elm: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", elm(solve={"solver": {"name": "lasso", "l1": 0.5, "tolerance": 1e-8}}))
    assert outcome.code == 0, outcome.err
    images, labels = pictures(60, 0)
    h, beta = hidden_outputs(Path("checkpoints/elm"), images)
    reference = linear_model.Lasso(alpha=0.5 / 60, fit_intercept=False, tol=1e-12, max_iter=10**6)
    expected = reference.fit(h, np.eye(3)[labels]).coef_.T
    np.testing.assert_allclose(beta, expected, atol=1e-3)
    stage = result(Path("checkpoints/elm"))["solve"][0]
    assert stage["nonzeros"] < stage["weights"]
    assert f"{stage['nonzeros']} of 60 weights non-zero" in outcome.out


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("counting", [{}, {"class_weights": {"1": 9.0}}], ids=["alike", "weighed"])
def test_squared_hinge_is_the_minimum(
    fcnet: Run, elm: Callable[..., Path], counting: dict, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient is 0 there, by autograd in float64; whether hidden outputs are kept in memory or made again."""
    memory = 10**12 if kept else 0
    monkeypatch.setattr(solution, "Slope", partial(solution.Slope, chunk=11, memory=memory))
    solver = {"name": "squared-hinge", "ridge": 0.3, "steps": 5000, "tolerance": 1e-14}
    outcome = fcnet("train", "-c", elm(solve={"solver": solver, "precision": "fp64"} | counting))
    assert outcome.code == 0, outcome.err
    assert "steps, converged" in outcome.out
    images, labels = pictures(60, 0)
    h, beta = (torch.from_numpy(one) for one in hidden_outputs(Path("checkpoints/elm"), images))
    counts = torch.tensor(np.where(labels == 1, 9.0, 1.0)) if counting else torch.ones(60, dtype=torch.float64)
    signs = 2 * torch.eye(3, dtype=torch.float64)[torch.from_numpy(labels).long()] - 1
    beta.requires_grad_()
    hinges = (1 - signs * (2 * h @ beta - 1)).clamp_min(0) / 2
    ((counts[:, None] * hinges.square()).sum() + 0.3 * beta.square().sum()).backward()
    assert beta.grad is not None
    assert beta.grad.abs().max() < 1e-4  # output weights are kept in float32


def test_classes_that_count_more(fcnet: Run, elm: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", elm(solve={"class_weights": {"1": 9.0}})).code == 0
    images, labels = pictures(60, 0)
    h, beta = hidden_outputs(Path("checkpoints/elm"), images)
    reference = linear_model.Ridge(alpha=1.0, fit_intercept=False)
    expected = reference.fit(h, np.eye(3)[labels], sample_weight=np.where(labels == 1, 9.0, 1.0)).coef_.T
    np.testing.assert_allclose(beta, expected, atol=1e-3)


def test_balanced_classes_count_alike() -> None:
    settings = schema.Config.model_validate({"data": {"train": {"images": "x"}}, "model": {"kind": "elm"}}).solve
    balanced = settings.model_copy(update={"class_weights": "balanced"})
    found = solution.class_weights(balanced, torch.tensor([0, 0, 0, 1]), ("a", "b"))
    assert found is not None
    assert found.tolist() == pytest.approx([4 / 6, 2.0])


@pytest.mark.parametrize("choose", ["validation", "press"])
def test_the_best_of_several_ridges(fcnet: Run, elm: Callable[..., Path], choose: str) -> None:
    solve = {"solver": {"ridge": [1e-3, 1.0, 1e6], "choose": choose}}
    outcome = fcnet("train", "-c", elm(solve=solve, data={"validation": 12}))
    assert outcome.code == 0, outcome.err
    stage = result(Path("checkpoints/elm"))["solve"][0]
    assert [point["ridge"] for point in stage["path"]] == [1e-3, 1.0, 1e6]
    assert stage["ridge"] != 1e6
    assert stage["chosen_by"] == choose
    assert f"of 3 by {choose}" in outcome.out
    images, labels = pictures(60, 0)
    h, beta = hidden_outputs(Path("checkpoints/elm"), images)
    gram = h[:48].T @ h[:48] + stage["ridge"] * np.eye(20)
    expected = np.linalg.solve(gram, h[:48].T @ np.eye(3)[labels[:48]])
    np.testing.assert_allclose(beta, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    if choose == "press":
        point = next(point for point in stage["path"] if point["ridge"] == 1.0)
        left_out = 0.0
        for row in range(48):
            others = np.arange(48) != row
            ho, to = h[:48][others], np.eye(3)[labels[:48]][others]
            left_out += float(
                ((h[row] @ np.linalg.solve(ho.T @ ho + np.eye(20), ho.T @ to) - np.eye(3)[labels[row]]) ** 2).sum()
            )
        assert point["squared_error"] == pytest.approx(left_out / 48, rel=1e-3)


def test_float32_where_it_is_enough(fcnet: Run, elm: Callable[..., Path]) -> None:
    """And float64 where it is not, beforehand or, where that was not seen, after the sums."""
    assert fcnet("train", "-c", elm(solve={"solver": {"ridge": 100.0}}), "--out", "well").code == 0
    assert result(Path("well"))["solve"][0]["precision"] == "fp32"
    assert fcnet("train", "-c", elm(hidden=55, solve={"solver": {"ridge": 1e-6}}), "--out", "ill").code == 0
    stage = result(Path("ill"))["solve"][0]
    assert stage["precision"] == "fp64"
    assert stage["condition"] > 1e6


def test_float64_after_float32_was_too_coarse(
    fcnet: Run, elm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = elm(hidden=55, solve={"solver": {"ridge": 1e-5}})
    assert fcnet("train", "-c", file, "--out", "straight").code == 0
    monkeypatch.setattr(solution, "precision", lambda *_: (torch.float32, "deceived"))
    assert fcnet("train", "-c", file, "--out", "again").code == 0
    stage = result(Path("again"))["solve"][0]
    assert stage["precision"] == "fp64"
    assert "too large for fp32" in stage["why"]
    assert Path("again/model.pth").read_bytes() == Path("straight/model.pth").read_bytes()


@pytest.mark.parametrize("model", [{}, COMBINED, DEEP, DRAWN], ids=["single", "combined", "deep", "drawn"])
def test_chunks_change_nothing(
    fcnet: Run, elm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, model: dict
) -> None:
    file = elm(**model)
    assert fcnet("train", "-c", file, "--out", "seven").code == 0
    chunked(monkeypatch, 1000)
    assert fcnet("train", "-c", file, "--out", "whole").code == 0
    seven, whole = (tensor_files.load(Path(run) / "model.pth") for run in ("seven", "whole"))
    for name, tensor in seven.items():
        torch.testing.assert_close(tensor, whole[name], rtol=1e-3, atol=1e-4)
    assert result(Path("whole"))["test"]["accuracy"] == 1


def test_encoders_return_their_inputs(elm: Callable[..., Path]) -> None:
    """An encoder's weights are the ridge solution of H beta = X, for H of its own random layer."""
    one = solving(elm(**DEEP))
    hidden = one._problems[0].stage.hidden
    for record in one.records():
        if isinstance(record, StageRecord):
            break
    x = one.splits.train.images.flatten(1).double() / 255
    h = torch.sigmoid(x @ hidden.get_parameter("weight").double().T + hidden.get_parameter("bias").double())
    expected = torch.linalg.solve(h.T @ h + 0.1 * torch.eye(10, dtype=torch.float64), h.T @ x)
    torch.testing.assert_close(one.model.encoders[0].weight.double(), expected, rtol=1e-3, atol=1e-3)
    assert float(hidden.get_parameter("bias").norm()) == pytest.approx(1, abs=0.5)


@pytest.mark.parametrize("model", [{}, COMBINED, DEEP, DRAWN], ids=["single", "combined", "deep", "drawn"])
def test_taken_up_anywhere_it_ends_the_same(elm: Callable[..., Path], model: dict, tmp_path: Path) -> None:
    """The state after every record, through the bytes of a file, goes on to the same bits."""
    file = elm(**model)
    whole = solving(file)
    states = []
    for record in whole.records():
        if isinstance(record, Tick | Begin | StageRecord):
            states.append(tensor_files.encode(whole.state()))
    assert len(states) > 9
    for data in states:
        other = solving(file)
        other.load(tensor_files.decode(BytesIO(data), tmp_path))
        for _ in other.records():
            pass
        for name, tensor in whole.model.state_dict().items():
            assert torch.equal(tensor, other.model.state_dict()[name]), name
        assert [one["images"] for one in other.done] == [60] * len(whole.done)
    if model is DRAWN:
        assert [one["stage"] for one in whole.done] == ["drawn layer 1", "hidden layer"]
        assert whole.model.get_parameter("encoders.0.weight").ne(0).any(1).all()


@pytest.mark.parametrize("model", [{}, COMBINED], ids=["single", "combined"])
def test_a_stop_keeps_the_sums(
    fcnet: Run, elm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, model: dict
) -> None:
    file = elm(**model)
    assert fcnet("train", "-c", file, "--out", "whole").code == 0
    add, calls = SeenImages.add, []

    def stopping(self: SeenImages, rows: torch.Tensor) -> None:
        calls.append(len(rows))
        if len(calls) == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        add(self, rows)

    monkeypatch.setattr(SeenImages, "add", stopping)
    outcome = fcnet("train", "-c", file, "--out", "cut")
    assert outcome.code == 75
    assert "after 35 of 60 images" in outcome.err
    monkeypatch.setattr(SeenImages, "add", add)
    outcome = fcnet("train", "--resume", "cut")
    assert outcome.code == 0, outcome.err
    assert Path("cut/model.pth").read_bytes() == Path("whole/model.pth").read_bytes()
    before = calls[5:]
    assert before == []


def grow(tiny: Path, n: int, total: int = 60) -> None:
    """Write training images n ... total - 1 back into the folder, and their labels."""
    images, labels = pictures(60, 0)
    (tiny / "train.txt").write_text("".join(f"{label}\n" for label in labels[:total]))
    for i in range(n, total):
        Image.fromarray(images[i]).save(tiny / "train" / f"{i}.png")


def shrink(tiny: Path, n: int) -> None:
    """Leave the first n training images."""
    shutil.rmtree(tiny / "train")
    (tiny / "train").mkdir()
    grow(tiny, 0, n)


@pytest.mark.parametrize("keep", [True, False])
def test_added_images_are_one_solution_on_all(fcnet: Run, elm: Callable[..., Path], tiny: Path, keep: bool) -> None:
    """OS-ELM: the sums of before and those of the new images are the sums of all."""
    shrink(tiny, 25)
    file = elm(weights="gaussian", solve={"keep_gram": keep})
    assert fcnet("train", "-c", file).code == 0
    grow(tiny, 25)
    outcome = fcnet("train", "--resume", "checkpoints/elm")
    assert outcome.code == 0, outcome.err
    stage = result(Path("checkpoints/elm"))["solve"][0]
    assert stage["images"] == 60
    images, labels = pictures(60, 0)
    h, beta = hidden_outputs(Path("checkpoints/elm"), images)
    expected = np.linalg.solve(h.T @ h + np.eye(20), h.T @ np.eye(3)[labels])
    np.testing.assert_allclose(beta, expected, rtol=1e-3, atol=1e-3)
    # Gaussian weights do not look at the images: training on all from the start ends in the same net.
    assert fcnet("train", "-c", file, "--out", "fresh").code == 0
    grown, fresh = (tensor_files.load(Path(run) / "model.pth") for run in ("checkpoints/elm", "fresh"))
    for name, tensor in grown.items():
        torch.testing.assert_close(tensor, fresh[name], rtol=1e-4, atol=1e-5)


def test_nothing_new_is_nothing_to_do(fcnet: Run, elm: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", elm()).code == 0
    before = Path("checkpoints/elm/model.pth").read_bytes()
    outcome = fcnet("train", "--resume", "checkpoints/elm")
    assert outcome.code == 0
    assert Path("checkpoints/elm/model.pth").read_bytes() == before
    assert result(Path("checkpoints/elm"))["ended"] == "finished"


def test_balanced_classes_are_weighed_anew(fcnet: Run, elm: Callable[..., Path], tiny: Path) -> None:
    shrink(tiny, 25)
    file = elm(weights="gaussian", solve={"class_weights": "balanced"})
    assert fcnet("train", "-c", file).code == 0
    grow(tiny, 25)
    assert fcnet("train", "--resume", "checkpoints/elm").code == 0
    assert fcnet("train", "-c", file, "--out", "fresh").code == 0
    grown, fresh = (tensor_files.load(Path(run) / "model.pth") for run in ("checkpoints/elm", "fresh"))
    for name, tensor in grown.items():
        torch.testing.assert_close(tensor, fresh[name], rtol=1e-4, atol=1e-5)


def test_another_solver_takes_the_sums_up(fcnet: Run, elm: Callable[..., Path]) -> None:
    file = elm()
    assert fcnet("train", "-c", file).code == 0
    solvers = (
        ["solve.solver.ridge=7"],
        ["solve.solver=pinv"],
        ["solve.solver={name: lasso, l1: 0.3}"],
        ["solve.solver={name: squared-hinge, ridge: 0.01, steps: 8}"],
    )
    for words in solvers:
        outcome = fcnet("train", "-c", file, *words, "--resume", "checkpoints/elm")
        assert outcome.code == 0, outcome.err
        assert fcnet("train", "-c", file, *words, "--out", "fresh", "--overwrite").code == 0
        images, _ = pictures(60, 0)
        (h, changed), (_, fresh) = (hidden_outputs(Path(run), images) for run in ("checkpoints/elm", "fresh"))
        np.testing.assert_allclose(h @ changed, h @ fresh, atol=1e-3)


@pytest.mark.parametrize("change", ["label", "pixel", "gone"])
def test_images_that_are_in_the_sums_must_stay(fcnet: Run, elm: Callable[..., Path], tiny: Path, change: str) -> None:
    assert fcnet("train", "-c", elm()).code == 0
    before = Path("checkpoints/elm/model.pth").read_bytes()
    images, labels = pictures(60, 0)
    if change == "label":
        labels[3] = (labels[3] + 1) % 3
        (tiny / "train.txt").write_text("".join(f"{label}\n" for label in labels))
    elif change == "pixel":
        Image.fromarray(images[3] ^ 1).save(tiny / "train" / "3.png")
    else:
        shrink(tiny, 59)
    outcome = fcnet("train", "--resume", "checkpoints/elm")
    assert outcome.code == 3
    assert "1 of the 60 images in the checkpoint's sums are no longer among the training images" in outcome.errors[0]
    assert Path("checkpoints/elm/model.pth").read_bytes() == before


@pytest.mark.parametrize("model", [COMBINED, DEEP, DRAWN], ids=["combined", "deep", "drawn"])
def test_stages_that_stand_on_others_cannot_grow(fcnet: Run, elm: Callable[..., Path], tiny: Path, model: dict) -> None:
    shrink(tiny, 25)
    assert fcnet("train", "-c", elm(**model)).code == 0
    grow(tiny, 25)
    outcome = fcnet("train", "--resume", "checkpoints/elm")
    assert outcome.code == 3
    assert "number of images, 25 then and 60 now" in outcome.errors[0]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["train.epochs=3"], 2, "remove `train`"),
        (["model.kind=svm"], 2, "model.kind: is 'svm'; should be one of: fcnet, elm"),
        (["solve.solver.ridge=0"], 2, "should be a number above 0"),
        (["solve.solver.ridge=abc"], 2, "should be a number above 0, or a list of at least two"),
        (["solve.solver.choose=press"], 2, "`choose` needs a list of ridges"),
        (["solve.class_weights={x: 2}"], 2, "solve.class_weights: x: no such class; the classes are 0, 1, 2"),
        (["solve.class_weights=even"], 2, "should be balanced"),
        (["model.weights=rff"], 2, "should be one of: sign, gaussian"),
        (["model.weights=rf"], 2, "margin 3 leaves 0x0 of 6x6 pixels"),
        (["model.combiner={}"], 2, "`combiner` combines several ELMs"),
        (["model.hidden=10000000"], 6, "model.hidden: is 10,000,000; the ridge solution works on matrices of"),
        (["model.activation=identity", "model.hidden=99", "solve.solver.ridge=1e-14"], 2, "cannot be factorised; use"),
        (
            ["model.activation={name: leaky_relu, slope: 1e38}", "model.weights={name: sign, length: 1e3}"],
            4,
            "are not finite; use a larger",
        ),
        (["solve.solver={name: ridge, ridge: [1, 2], choose: validation}"], 2, "there are no validation images"),
    ],
)
def test_mistakes(fcnet: Run, elm: Callable[..., Path], words: list[str], code: int, told: str) -> None:
    outcome = fcnet("train", "-c", elm(), *words, "--out", "run")
    assert outcome.code == code, outcome.err
    assert told in outcome.err
    assert not Path("run/model.pth").exists() or code == 4


def test_dark_and_constant_columns_do_no_harm(fcnet: Run, elm: Callable[..., Path], tiny: Path) -> None:
    """Units whose weights see only pixels that are black everywhere have a constant output."""
    images, _ = pictures(60, 0)
    for i, image in enumerate(images):
        image[:, 0] = 0
        Image.fromarray(image).save(tiny / "train" / f"{i}.png")
    weights = {"name": "rf", "margin": 0, "least_area": 1}
    for solver in ("ridge", "pinv"):
        words = ["--out", solver, "model.hidden=200"]
        assert fcnet("train", "-c", elm(weights=weights, solve={"solver": solver}), *words).code == 0
        assert result(Path(solver))["train"]["accuracy"] == 1


def test_the_models_file_has_the_documented_names(elm: Callable[..., Path]) -> None:
    one = solving(elm())
    assert isinstance(one.model, ELM)
    assert list(one.model.state_dict()) == [
        "scale",
        "machines.0.hidden.weight",
        "machines.0.hidden.bias",
        "machines.0.readout.weight",
    ]


@pytest.mark.parametrize(
    "solver",
    [
        {"name": "lasso", "l1": 0.5},
        {"name": "pinv"},
        {"name": "ridge", "ridge": [1e-2, 1.0]},
        {"name": "squared-hinge", "steps": 4},
    ],
    ids=["lasso", "pinv", "path", "squared-hinge"],
)
def test_every_solver_is_taken_up(fcnet: Run, elm: Callable[..., Path], solver: dict, tmp_path: Path) -> None:
    """After each record, and by the command line when it is finished."""
    file = elm(solve={"solver": solver})
    whole = solving(file)
    states = [tensor_files.encode(whole.state()) for _ in whole.records()]
    for data in states:
        state = tensor_files.decode(BytesIO(data), tmp_path)
        assert tensor_files.is_plain(state)
        other = solving(file)
        other.load(state)
        for _ in other.records():
            pass
        for name, tensor in whole.model.state_dict().items():
            assert torch.equal(tensor, other.model.state_dict()[name]), name
    assert fcnet("train", "-c", file).code == 0
    outcome = fcnet("train", "--resume", "checkpoints/elm")
    assert outcome.code == 0, outcome.err
    assert "hidden layer:" not in outcome.out  # nothing was solved again


@pytest.mark.parametrize("model", [{}, COMBINED, DEEP, DRAWN], ids=["single", "combined", "deep", "drawn"])
def test_a_finished_net_stays_finished(elm: Callable[..., Path], model: dict, tmp_path: Path) -> None:
    """Also where it was stopped between its last solution and its evaluation."""
    file = elm(**model)
    first = solving(file)
    data = b""
    for record in first.records():
        if isinstance(record, StageRecord):
            data = tensor_files.encode(first.state())
    second, third = solving(file), solving(file)
    second.load(tensor_files.decode(BytesIO(data), tmp_path))
    assert not second.finished
    assert not any(isinstance(record, Tick | StageRecord) for record in second.records())
    third.load(tensor_files.decode(BytesIO(tensor_files.encode(second.state())), tmp_path))
    assert third.finished
    assert bool(second.state()["summing"]["sums"]) == (model == {})  # kept only where images can be added


def test_places_of_checkpoints_only_grow(elm: Callable[..., Path], tiny: Path, tmp_path: Path) -> None:
    """Also where images are added to a net that was solved but not evaluated."""
    shrink(tiny, 25)
    file = elm()
    first = solving(file)
    places: list[tuple[int, int]] = []
    data = b""
    for record in first.records():
        if isinstance(record, Begin):
            assert places[-1] == (first.epoch, first.step)
            continue
        places.append((first.epoch, first.step))
        if isinstance(record, StageRecord):
            data = tensor_files.encode(first.state())
    assert places == sorted(set(places)) or places[0] == (1, 0)
    assert len(places) - len(set(places)) == 0
    grow(tiny, 25)
    second = solving(file)
    second.load(tensor_files.decode(BytesIO(data), tmp_path))
    assert (second.epoch, second.step) > places[-2]
    assert second.done == []


def test_a_failed_float32_factorisation_begins_again(fcnet: Run, elm: Callable[..., Path]) -> None:
    """A ridge that float32 sums are too coarse for, asked for when they are there."""
    file = elm(hidden=55, solve={"solver": {"ridge": 100.0}})
    assert fcnet("train", "-c", file).code == 0
    assert result(Path("checkpoints/elm"))["solve"][0]["precision"] == "fp32"
    outcome = fcnet("train", "-c", file, "--resume", "checkpoints/elm", "solve.solver.ridge=1e-9")
    assert outcome.code == 0, outcome.err
    stage = result(Path("checkpoints/elm"))["solve"][0]
    assert stage["precision"] == "fp64"
    assert stage["images"] == 60


def test_the_pseudo_inverse_knows_rounding_from_rank(fcnet: Run, elm: Callable[..., Path]) -> None:
    """Linear units, more than pixels: rank 36, although rounding gives all singular values some size."""
    words = ["model.activation=identity", "model.hidden=90"]
    assert fcnet("train", "-c", elm(solve={"solver": "pinv"}), *words).code == 0
    stage = result(Path("checkpoints/elm"))["solve"][0]
    assert stage["rank"] == 36
    assert stage["condition"] < 1e4


def test_what_cannot_work_leaves_a_run_as_it_is(fcnet: Run, elm: Callable[..., Path]) -> None:
    file = elm()
    assert fcnet("train", "-c", file).code == 0
    before = {path: path.read_bytes() for path in Path("checkpoints/elm").glob("*.*")}
    for words in (
        ["solve.solver={name: ridge, ridge: [1, 2], choose: validation}"],
        ["solve.class_weights={x: 2}"],
        ["model.weights=rf"],
    ):
        for more in (["--resume", "checkpoints/elm"], ["--out", "checkpoints/elm", "--overwrite"], ["--out", "new"]):
            assert fcnet("train", "-c", file, *words, *more).code == 2
    assert {path: path.read_bytes() for path in Path("checkpoints/elm").glob("*.*")} == before
    assert not Path("new").exists()


def test_numbers_beyond_float32_are_told(fcnet: Run, elm: Callable[..., Path]) -> None:
    words = ["solve.precision=fp32", "solve.solver={ridge: [1e-38, 1e-37]}", "model.hidden=60"]
    outcome = fcnet("train", "-c", elm(), *words)
    assert outcome.code == 4
    assert "are not finite" in outcome.errors[0]


def test_a_class_called_name_is_a_class(fcnet: Run, elm: Callable[..., Path]) -> None:
    outcome = fcnet("config", "show", elm(), "solve.class_weights={name: 2}")
    assert "class_weights: {name: 2.0}" in outcome.out
