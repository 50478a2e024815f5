"""After which epoch a training stops, beside a simulation that looks at all epochs anew after each of them."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from fcnet.config.train import EarlyStop
from fcnet.training.metrics import Metrics
from fcnet.training.records import EpochRecord
from fcnet.training.stopping.early_stop import Patience
from helpers.command_line import ROOT, Run

IMAGES = 40  # of validation


def epoch(number: int, hits: int | None, loss: float) -> EpochRecord:
    """An epoch after which so many of the validation images were classified correctly."""
    validation = Metrics(loss, None if hits is None else hits / IMAGES, IMAGES)
    return EpochRecord(number, Metrics(1.0, 0.5, 10), validation, None, 1.0)


def simulated(hits: list[int], losses: list[float], patience: int, least: int) -> tuple[int, int]:
    """The epoch that ends the training, and that of the last gain: by counting images, without fractions of them."""
    for end in range(1, len(hits) + 1):
        gain = 1
        for i in range(2, end + 1):
            more = hits[i - 1] - hits[gain - 1]
            if more > least or (least == 0 and more == 0 and losses[i - 1] < losses[gain - 1]):
                gain = i
        if end - gain >= patience:
            return end, gain
    return len(hits), 0


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("least", [0, 1, 3])
def test_it_stops_where_counting_says(seed: int, least: int) -> None:
    """Also if the state is carried to another object between any two epochs."""
    generator = np.random.default_rng(seed)
    hits = np.minimum(generator.integers(0, 6, 60).cumsum() // 3, IMAGES - generator.integers(0, 4, 60)).tolist()
    losses = generator.choice([0.5, 0.6, 0.7], 60).tolist()
    for patience in (1, 2, 5):
        settings = EarlyStop(patience=patience, min_gain=least / IMAGES)
        kept, carried = Patience(settings), Patience(settings)
        for number, (one, loss) in enumerate(zip(hits, losses, strict=True), 1):
            state = json.loads(json.dumps(carried.state()))
            carried = Patience(settings)
            carried.load(state)
            stops = kept.took(epoch(number, one, loss))
            assert carried.took(epoch(number, one, loss)) == stops
            if stops:
                break
        end, gain = simulated(hits, losses, patience, least)
        assert number == end
        if gain:
            assert kept.facts()["early_stop"] == {"epoch": end, "last_gain": gain} | settings.model_dump()


def test_small_gains_add_up() -> None:
    """What counts is the distance from the last gain, not from the epoch before."""
    patience = Patience(EarlyStop(patience=3, min_gain=2 / IMAGES))
    assert not any(patience.took(epoch(number, 10 + number, 1.0)) for number in range(1, 30))


def test_without_classes_the_loss_decides() -> None:
    patience = Patience(EarlyStop(patience=2, min_gain=0.1))
    losses = [1.0, 0.95, 0.85, 0.80, 0.76]
    assert [patience.took(epoch(i, None, loss)) for i, loss in enumerate(losses, 1)] == [
        False,
        False,
        False,
        False,
        True,
    ]
    assert patience.text() == "stopped early after epoch 5: no gain over epoch 3 (loss 0.8500) in 2 epochs"


def test_no_settings_never_stop() -> None:
    patience = Patience(None)
    assert not any(patience.took(epoch(number, 1, 1.0)) for number in range(1, 100))


@pytest.mark.parametrize(
    "state",
    [
        {"epoch": 3, "gain": 4, "metrics": {"loss": 1.0, "n": 3}},
        {"epoch": 3, "gain": 2, "metrics": {}},
        {"epoch": 3, "gain": 0, "metrics": {"loss": 1.0, "n": 3}},
        {"epoch": 3, "gain": 2, "metrics": {"loss": float("nan"), "n": 3}},
        {"gain": 2},
    ],
)
def test_a_state_that_cannot_be_is_refused(state: dict) -> None:
    with pytest.raises((ValueError, LookupError)):
        Patience(EarlyStop(patience=2)).load(state)


def epochs_of(run: str) -> list[dict]:
    records = [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]
    return [record for record in records if record["kind"] == "epoch"]


def test_digits_stop_early_and_go_on_with_more_patience(fcnet: Run) -> None:
    """A run whose patience was raised later is the run that had it from the start."""
    words = ["train", "-c", ROOT / "configs/digits.yaml", "data.validation=0.1", "train.epochs=60"]
    outcome = fcnet(*words, "train.early_stop.patience=2", "--out", "run")
    assert outcome.code == 0
    epochs, result = epochs_of("run"), json.loads(Path("run/result.json").read_text())
    hits = [round(record["validation"]["accuracy"] * record["validation"]["n"]) for record in epochs]
    end, gain = simulated(hits, [record["validation"]["loss"] for record in epochs], 2, 0)
    assert gain
    assert len(epochs) == end < 60
    assert result["ended"] == "finished"
    assert result["early_stop"] == {"epoch": end, "last_gain": gain, "patience": 2, "min_gain": 0.0}
    reached = f"{100 * epochs[gain - 1]['validation']['accuracy']:.2f} %"
    assert f"stopped early after epoch {end}: no gain over epoch {gain} ({reached}) in 2 epochs\n" in outcome.out
    assert "nothing to do" in fcnet(*words, "train.early_stop.patience=2", "--out", "run", "--resume").out
    outcome = fcnet(*words, "train.epochs=70", "train.early_stop.patience=2", "--out", "run", "--resume")
    assert outcome.code == 0
    assert "a higher train.early_stop.patience continues it, more epochs alone do not" in outcome.err
    assert len(epochs_of("run")) == end
    assert fcnet(*words, "train.epochs=70", "train.early_stop.patience=4", "--out", "run", "--resume").code == 0
    assert fcnet(*words, "train.epochs=70", "train.early_stop.patience=4", "--out", "other").code == 0
    assert len(epochs_of("run")) > end
    for name in ("model.pth", "best.pth"):
        assert Path("run", name).read_bytes() == Path("other", name).read_bytes()
    outcome = fcnet(*words, "train.epochs=70", "train.early_stop.patience=3", "--out", "run", "--resume")
    assert outcome.code == 2
    assert "train.early_stop.patience: is 3, but run was started with 4; epochs can be added" in outcome.errors[0]


def test_a_run_that_ends_with_its_last_epoch_did_not_stop_early(fcnet: Run, tiny: Path) -> None:
    words = ["data.validation=0.2", "train.epochs=3", "train.early_stop={patience: 2, min_gain: 1}"]
    assert fcnet("train", "-c", "tiny/tiny.yaml", *words, "--out", "run").code == 0
    assert "early_stop" not in json.loads(Path("run/result.json").read_text())


def test_an_autoencoder_stops_by_its_loss(fcnet: Run, tiny: Path) -> None:
    words = ["model={kind: autoencoder, hidden: [8, 3]}", "data.validation=0.2", "train.epochs=50"]
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", *words, "train.early_stop={patience: 2, min_gain: 0.2}")
    assert outcome.code == 0
    epochs = epochs_of("checkpoints/tiny")
    losses = [record["validation"]["loss"] for record in epochs]
    last = json.loads(Path("checkpoints/tiny/result.json").read_text())["early_stop"]["last_gain"]
    assert len(epochs) == last + 2
    assert losses[last - 1] - min(losses[last:]) <= 0.2
    assert all(later < first for first, later in pairwise(losses[:2]))
    assert f"(loss {losses[last - 1]:.4f}) in 2 epochs" in outcome.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train.early_stop.patience=0"], "train.early_stop.patience: is 0; should be a whole number of at least 1"),
        (["train.early_stop=5"], "train.early_stop: is 5; should be a mapping of keys: min_gain, patience"),
        (["train.early_stop={patience: 2, min_gain: -0.1}"], "train.early_stop.min_gain: is -0.1; should be a number"),
        (["train.early_stop.min_gain=0.1"], "train.early_stop.patience: missing; epochs without a gain"),
        (
            ["train.early_stop.patience=2", "data.validation=null"],
            "train.early_stop: needs validation images; hold some out with data.validation: 0.1, or remove it",
        ),
        (
            ["train.early_stop.patience=2", "model={kind: autoencoder, hidden: [8]}", "train.stages=[1]"],
            "train.early_stop: does not fit to train.stages",
        ),
        (["train.early_stop.patience=2", "model={kind: elm, hidden: 8}"], "is elm, which is configured by `solve`"),
        (["train.patience=2"], "did you mean 'train.early_stop.patience'?"),
    ],
)
def test_bad_settings_are_named_and_write_nothing(fcnet: Run, tiny: Path, words: list[str], told: str) -> None:
    outcome = fcnet("train", "-c", "tiny/tiny.yaml", "data.validation=0.2", *words)
    assert outcome.code == 2
    assert told in outcome.err
    assert not Path("checkpoints").exists()


def test_the_stop_belongs_to_a_run_from_its_start(fcnet: Run, tiny: Path) -> None:
    words = ["train", "-c", "tiny/tiny.yaml", "data.validation=0.2", "--out", "run"]
    assert fcnet(*words).code == 0
    outcome = fcnet(*words, "train.epochs=5", "train.early_stop.patience=2", "--resume")
    assert outcome.code == 2
    assert "train.early_stop.min_gain" in outcome.errors[0]


@pytest.mark.parametrize("lost", [["result.json"], ["result.json", "model.pth", "best.pth"]])
def test_a_process_killed_after_its_last_checkpoint_trains_no_further(fcnet: Run, tiny: Path, lost: list[str]) -> None:
    words = ["train", "-c", "tiny/tiny.yaml", "data.validation=0.2", "train.epochs=40", "--out", "run"]
    words += ["train.early_stop={patience: 2, min_gain: 0.3}"]
    assert fcnet(*words).code == 0
    before = {name: Path("run", name).read_bytes() for name in ("model.pth", "best.pth", "metrics.jsonl")}
    ended = json.loads(Path("run/result.json").read_text())
    assert ended["early_stop"]["epoch"] < 40
    for name in lost:
        Path("run", name).unlink()
    assert fcnet(*words, "--resume").code == 0
    assert before == {name: Path("run", name).read_bytes() for name in before}
    assert json.loads(Path("run/result.json").read_text()) | {"seconds": 0} == ended | {"seconds": 0}


def test_the_last_epoch_trained_is_that_of_the_weights(fcnet: Run, tiny: Path) -> None:
    """Stopping after epoch E gives the weights of a run of E epochs."""
    words = ["train", "-c", "tiny/tiny.yaml", "data.validation=0.2"]
    assert fcnet(*words, "train.epochs=40", "train.early_stop={patience: 2, min_gain: 0.3}", "--out", "run").code == 0
    end = json.loads(Path("run/result.json").read_text())["epoch"]
    assert fcnet(*words, f"train.epochs={end}", "--out", "short").code == 0
    stopped, short = (torch.load(f"{run}/model.pth", weights_only=True) for run in ("run", "short"))
    assert all(torch.equal(stopped[name], short[name]) for name in short)
