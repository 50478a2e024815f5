"""Which weights of a run the commands take: the best by validation if there are any, or those that are asked for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

import fcnet as library
from fcnet.errors import ConfigError
from fcnet.plots import compare
from helpers.command_line import Run
from helpers.tiny import CLASSES, SIDE, pictures, tiny_config, write_config, write_numbered

BEST, LAST = "best (epoch 1 of 3 by validation)", "last (epoch 3)"
AUTOENCODER = "model={kind: autoencoder, hidden: [8, 3]}"


@pytest.fixture
def run(fcnet: Run, tiny: Path) -> Path:
    """A run whose validation images have wrong labels: the more it learns, the worse they are classified."""
    images, labels = pictures(30, 2)
    write_numbered(tiny / "held", images, (labels + 1) % CLASSES)
    values = tiny_config(tiny)
    values["data"]["validation"] = {"images": str(tiny / "held"), "labels": str(tiny / "held.txt")}
    values["train"]["optimizer"]["lr"] = 0.005  # so slowly that the first epoch still makes mistakes
    outcome = fcnet("train", "-c", write_config(tiny / "wrong.yaml", values), "--out", "run")
    assert outcome.code == 0
    result = json.loads(Path("run/result.json").read_text())
    assert (result["best"]["epoch"], result["epoch"]) == (1, 3)
    return Path("run")


def probabilities(weights: Path, seed: int, n: int) -> NDArray[np.float64]:
    """The answers of the net by hand, for images of the tiny set."""
    state = {name: tensor.double().numpy() for name, tensor in torch.load(weights, weights_only=True).items()}
    x = pictures(n, seed)[0].reshape(n, SIDE * SIDE) / 255
    hidden = np.maximum(x @ state["fc1.weight"].T + state["fc1.bias"], 0)
    logits = hidden @ state["fc2.weight"].T + state["fc2.bias"]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    found: NDArray[np.float64] = odds / odds.sum(1, keepdims=True)
    return found


def loss_of(weights: Path) -> float:
    """The cross-entropy of the test images by hand."""
    return float(-np.log(probabilities(weights, 1, 21)[np.arange(21), pictures(21, 1)[1]]).mean())


def the_json(fcnet: Run, *words: object) -> Any:
    outcome = fcnet(*words, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_eval(fcnet: Run, run: Path) -> None:
    best, last = loss_of(run / "best.pth"), loss_of(run / "model.pth")
    assert best > 1.2 * last  # of the first epoch and of the last
    for words, name, epoch, loss in (
        (["run"], "best", 1, best),
        (["run", "--weights", "best"], "best", 1, best),
        (["run", "--weights", "last"], "last", 3, last),
        (["run/best.pth"], "best", 1, best),
        (["run/model.pth"], "last", 3, last),
    ):
        found = the_json(fcnet, "eval", *words)
        assert (found["weights"], found["epoch"]) == (name, epoch)
        assert found["loss"] == pytest.approx(loss, rel=1e-5)
        assert f"weights   {BEST if name == 'best' else LAST}\n" in fcnet("eval", *words).out
    result = json.loads((run / "result.json").read_text())
    assert result["best"]["test"]["loss"] == pytest.approx(best, rel=1e-5)  # can be read without evaluating
    assert result["test"]["loss"] == pytest.approx(last, rel=1e-5)


def test_a_program_chooses_too(run: Path) -> None:
    assert library.evaluate(run).loss == pytest.approx(loss_of(run / "best.pth"), rel=1e-5)  # type: ignore[attr-defined]
    last = library.evaluate(run, weights="last")
    assert last.loss == pytest.approx(loss_of(run / "model.pth"), rel=1e-5)  # type: ignore[attr-defined]
    (image,) = library.predict(run, ["tiny/test/0.png"], weights="last").images  # type: ignore[attr-defined]
    assert list(image.probabilities.values()) == pytest.approx(probabilities(run / "model.pth", 1, 21)[0], abs=1e-5)
    with pytest.raises(ConfigError, match="weights: is 'first'; should be best or last"):
        library.evaluate(run, weights="first")  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "file"), [("best", "best.pth"), ("last", "model.pth")])
def test_predict_has_a_threshold_for_each(fcnet: Run, run: Path, name: str, file: str) -> None:
    result = json.loads((run / "result.json").read_text())
    of = result["best"] if name == "best" else result
    threshold = np.quantile(probabilities(run / file, 2, 30).max(1), 0.02)
    assert of["certainty"]["threshold"] == pytest.approx(threshold, rel=1e-4)
    assert result["best"]["certainty"] != result["certainty"]
    found = the_json(fcnet, "predict", "run", "tiny/train", "--weights", name)
    assert (found["weights"], found["epoch"]) == (name, of["epoch"])
    assert found == the_json(fcnet, "predict", f"run/{file}", "tiny/train")
    rows, expected = found["predictions"], probabilities(run / file, 0, 60)
    answers = np.array([list(row["probabilities"].values()) for row in rows])
    assert answers == pytest.approx(expected, abs=1e-5)
    assert [row["sure"] for row in rows] == (answers.max(1) >= of["certainty"]["threshold"]).tolist()
    said = f"weights: {BEST if name == 'best' else LAST}"
    assert said in fcnet("predict", "run", "tiny/test/0.png", "--weights", name).err.splitlines()


def test_an_older_result_has_one_threshold(fcnet: Run, run: Path) -> None:
    result = json.loads((run / "result.json").read_text())
    del result["best"]["certainty"]
    result["certainty"]["threshold"] = 2.0
    (run / "result.json").write_text(json.dumps(result))
    assert not any(row["sure"] for row in the_json(fcnet, "predict", "run", "tiny/test")["predictions"])


def test_a_page_is_read_with_them(fcnet: Run, trained: Path) -> None:
    found = {
        name: the_json(fcnet, "predict", "run", "page.png", "--find", "--weights", name) for name in ("best", "last")
    }
    result = json.loads(Path("run/result.json").read_text())
    assert {name: (one["weights"], one["epoch"]) for name, one in found.items()} == {
        "best": ("best", result["best"]["epoch"]),
        "last": ("last", result["epoch"]),
    }


def test_plot(fcnet: Run, run: Path) -> None:
    drawn = {}
    for words, said in (((), BEST), (("--weights", "last"), LAST), (("--weights", "best"), BEST)):
        outcome = fcnet("plot", "run", *words)
        assert outcome.code == 0
        assert f"weights: {said}" in outcome.err.splitlines()
        drawn[words] = [Path(f"run/plots/{name}.png").read_bytes() for name in ("weights", "confusion")]
    assert drawn[()] == drawn["--weights", "best"]
    assert all(one != other for one, other in zip(drawn[()], drawn["--weights", "last"], strict=True))
    assert f"weights: {LAST}" in fcnet("plot", "run/model.pth").err.splitlines()
    assert [Path(f"run/plots/{name}.png").read_bytes() for name in ("weights", "confusion")] == drawn[
        "--weights", "last"
    ]


@pytest.mark.parametrize("name", ["best", "last"])
def test_several_runs_are_compared_by_them(fcnet: Run, run: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert fcnet("train", "-c", "tiny/wrong.yaml", "--out", "other", "--seed", 1).code == 0
    seen: list[list[compare.Point]] = []
    trade = compare.trade

    def watched(points: list[compare.Point]) -> Figure:
        seen.append(points)
        return trade(points)

    monkeypatch.setattr(compare, "trade", watched)
    assert fcnet("plot", "run", "other", "--out", "both", "--weights", name).code == 0
    results = [json.loads(Path(one, "result.json").read_text()) for one in ("run", "other")]
    wanted = [(one["best"] if name == "best" else one)["test"]["accuracy"] for one in results]
    assert [accuracy for point in seen[0] for _, accuracy in point.members] == wanted  # they differ only in seed


def test_encode(fcnet: Run, tiny: Path) -> None:
    words = ["train", "-c", "tiny/tiny.yaml", AUTOENCODER, "data.validation=0.2"]
    for seed in (0, 1):
        assert fcnet(*words, "--seed", seed, "--out", f"run-{seed}").code == 0
    Path("run-0/best.pth").write_bytes(Path("run-1/model.pth").read_bytes())  # weights that certainly differ
    codes = {}
    for run in ("run-0", "run-0/model.pth", "run-1/model.pth"):
        assert fcnet("encode", run, "--out", "codes.npz").code == 0
        codes[run] = np.load("codes.npz")["codes"]
    assert np.array_equal(codes["run-0"], codes["run-1/model.pth"])
    assert not np.array_equal(codes["run-0"], codes["run-0/model.pth"])
    result = json.loads(Path("run-0/result.json").read_text())
    Path("run-0/result.json").write_text(json.dumps(result | {"best": result["best"] | {"epoch": 2}}))
    assert (
        "weights: best (epoch 2 of 3 by validation)" in fcnet("encode", "run-0", "--out", "codes.npz").err.splitlines()
    )
    outcome = fcnet("encode", "run-0", "--out", "codes.npz", "--weights", "last")
    assert outcome.err.splitlines()[0] == "weights: last (epoch 3)"
    assert np.array_equal(np.load("codes.npz")["codes"], codes["run-0/model.pth"])
    assert the_json(fcnet, "eval", "run-0", "--weights", "last")["weights"] == "last"
    assert the_json(fcnet, "predict", "run-0", "tiny/test/0.png")["weights"] == "best"


def test_nothing_is_noted_if_the_last_epoch_is_the_best(fcnet: Run, run: Path) -> None:
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps(result | {"best": result["best"] | {"epoch": 3}}))
    assert "weights" not in fcnet("predict", "run", "tiny/test/0.png").err
    assert "weights   best (epoch 3 of 3 by validation)\n" in fcnet("eval", "run").out
    assert the_json(fcnet, "eval", "run")["weights"] == "best"


def test_a_net_is_initialised_with_them(fcnet: Run, run: Path) -> None:
    words = ["train", "-c", "tiny/tiny.yaml", "train.epochs=1", "train.optimizer.lr=1e-30"]
    outcome = fcnet(*words, "model.init={name: run, run: run}", "--out", "next")
    assert outcome.code == 0
    assert f"weights: {BEST}" in outcome.err.splitlines()
    begun, best = (torch.load(file, weights_only=True) for file in ("next/model.pth", "run/best.pth"))
    assert all(torch.equal(begun[name], best[name]) for name in best)


def test_of_a_run_that_has_not_ended_they_are_the_best_so_far(fcnet: Run, run: Path) -> None:
    for name in ("result.json", "model.pth"):
        (run / name).unlink()
    outcome = fcnet("eval", "run")
    assert outcome.code == 0
    assert "run/best.pth: is of the best epoch so far; the run has not ended" in outcome.err
    assert "weights   best so far by validation\n" in outcome.out
    assert the_json(fcnet, "eval", "run")["epoch"] is None
    outcome = fcnet("eval", "run", "--weights", "last")
    assert outcome.code == 5
    assert "run/model.pth: does not exist yet" in outcome.errors[0]


def test_without_validation_images_there_is_no_choice(fcnet: Run, tiny: Path) -> None:
    assert fcnet("train", "-c", "tiny/tiny.yaml", "--out", "run").code == 0
    assert "weights" not in fcnet("eval", "run").out
    assert "weights" not in the_json(fcnet, "eval", "run", "--weights", "last")
    for words in (["eval"], ["plot"], ["predict"], ["encode"]):
        outcome = fcnet(*words, "run", *(["tiny/test/0.png"] if words == ["predict"] else []), "--weights", "best")
        assert outcome.code == 2
        assert outcome.errors == [
            "--weights best: run has no best.pth, because its config has no validation images; leave --weights out, or"
            " train with data.validation"
        ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["run/model.pth", "--weights", "best"],
            "--weights best: chooses between the weights of a run, but run/model.pth",
        ),
        (["run", "--weights", "lst"], "'lst' is not one of 'best', 'last'; did you mean last?"),
        (["--weights", "run/x.pth"], "a file of weights is named without an option, in place of the RUN"),
    ],
)
def test_what_cannot_be_meant(fcnet: Run, run: Path, words: list[str], told: str) -> None:
    outcome = fcnet("eval", *words)
    assert outcome.code == 2
    assert told in outcome.errors[0]
