"""Small versions of the published rows: on 5,000 images of MNIST, what each adds makes the net better."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.command_line import ROOT, Run

Accuracy = Callable[..., float]

SMALL = ("data.validation=55000", "model.hidden=[200]", "train.precision=fp32", "train.batch_size=100", "device=cpu")


@pytest.fixture
def accuracy(fcnet: Run, mnist: Path) -> Accuracy:
    """Trains a config of configs/published on 5,000 images; returns its test accuracy."""

    def of(name: str, config: str, *words: str) -> float:
        file = ROOT / f"configs/published/{config}.yaml"
        outcome = fcnet("train", "-c", file, f"data.root={mnist}", *SMALL, *words, "--out", name)
        assert outcome.code == 0, outcome.err
        return float(json.loads(fcnet("eval", name, "--weights", "last", "--json").out)["accuracy"])

    return of


def test_distortions(accuracy: Accuracy) -> None:
    """Simard 2003, Ciresan 2010: distorted images are further images."""
    plain = accuracy("plain", "simard", "train.epochs=15", "data.augment=null")
    distorted = accuracy("distorted", "simard", "train.epochs=15")
    assert distorted > plain + 0.005
