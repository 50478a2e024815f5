"""Centroid nets: their formula, k-means against scikit-learn, and every command through the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from fcnet.families.centroids.config import CentroidModel
from fcnet.families.centroids.model import Centroids, build, neighbour_distance
from fcnet.families.centroids.training import centroids_of
from fcnet.rundir import tensor_files
from helpers.command_line import Run
from helpers.tiny import tiny_config, write_config

SPEC = CentroidModel(kind="centroids", hidden=6)


@pytest.fixture
def config(tiny: Path) -> Path:
    """A config of a centroid net on the tiny data."""
    values = tiny_config(tiny)
    values["model"] = {"kind": "centroids", "hidden": 6}
    values["train"] = {"epochs": 8, "batch_size": 16, "optimizer": {"lr": 0.1}}
    return write_config(tiny / "centroids.yaml", values)


def test_units_are_gaussians_of_the_distance() -> None:
    layer = Centroids(3, 4).double()
    centres = torch.rand(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    layer.put(centres, 0.7)
    x = torch.rand(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = np.exp(-((x.numpy()[:, None] - centres.numpy()) ** 2).sum(2) / (2 * 0.7**2))
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-12)


def test_the_width_is_the_mean_distance_to_the_nearest_other() -> None:
    corners = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])
    assert neighbour_distance(corners) == pytest.approx((3 + 3 + 4) / 3)
    assert neighbour_distance(corners[:1]) == neighbour_distance(torch.zeros(4, 2)) == 1.0


def test_logits_are_linear_in_the_units() -> None:
    net = build(SPEC, (2, 3), 4)
    x = torch.rand(5, 1, 2, 3)
    expected = net.centroids(x.flatten(1)) @ net.fc1.weight.T + net.fc1.bias
    torch.testing.assert_close(net(x), expected)


def test_centroids_are_nearly_as_good_as_those_of_k_means() -> None:
    """Mini-batches find a sum of squares within a tenth of that of Lloyd's algorithm on all images."""
    generator = np.random.default_rng(0)
    pixels = (generator.normal(0, 0.05, (400, 8)) + np.repeat(np.eye(8)[:5], 80, 0)).astype(np.float32)
    found = centroids_of(torch.from_numpy(pixels), SPEC, seed=0).numpy()
    squares = ((pixels[:, None] - found) ** 2).sum(2).min(1).sum()
    assert squares <= 1.1 * KMeans(SPEC.hidden, n_init=3, random_state=0).fit(pixels).inertia_


def test_every_command(fcnet: Run, tiny: Path, config: Path) -> None:
    outcome = fcnet("train", "-c", config, "--out", "run")
    assert outcome.code == 0, outcome.err
    assert "k-means: 6 centroids of 60 images" in outcome.out
    assert "training 36-6-3 (" in outcome.out
    found = json.loads(fcnet("eval", "run", "--json").out)
    assert found["accuracy"] > 0.9
    names = ("loss", "accuracy", "weights", "confusion", "mistakes", "reliability")
    assert fcnet("plot", "run").out.split() == [
        *(f"run/plots/{name}.png" for name in names),
        "run/plots/mistakes.csv",
    ]
    predicted = json.loads(fcnet("predict", "run", tiny / "test" / "1.png", "--json").out)["predictions"]
    assert predicted[0]["predicted"] == "1"
    assert fcnet("encode", "run").code == 2


@pytest.mark.parametrize("save_every", [0])
def test_interrupted_is_uninterrupted(fcnet: Run, config: Path, save_every: int) -> None:
    """A checkpoint has the centroids: they are not found again, and the weights are equal bit for bit."""
    words = ("-c", config, f"train.save_every={save_every}")
    assert fcnet("train", *words, "--out", "whole").code == 0
    assert fcnet("train", *words, "train.epochs=3", "--out", "parts").code == 0
    outcome = fcnet("train", *words, "--out", "parts", "--resume")
    assert outcome.code == 0, outcome.err
    assert "k-means" not in outcome.out
    whole, parts = (tensor_files.load(Path(run) / "model.pth") for run in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_more_centroids_than_images_leave_no_directory(fcnet: Run, config: Path) -> None:
    outcome = fcnet("train", "-c", config, "model.hidden=61", "--out", "run")
    assert outcome.code == 3
    assert "model.hidden: is 61 centroids, and there are 60 training images" in outcome.errors[0]
    assert not Path("run").exists()
