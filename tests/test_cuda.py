"""The same nets on a GPU and on the CPU, where there is a GPU."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.command_line import Run
from helpers.nets import weights
from helpers.tiny import tiny_config, write_config

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")

LRF = {"name": "lrf", "side": 3, "pool": 2, "stride": 1}  # 3x3 units a filter of 6x6 images
MODELS: dict[str, dict[str, Any]] = {
    "fcnet": {"hidden": [8]},
    "ridge": {"kind": "elm", "hidden": 20},
    "lrf": {"kind": "elm", "hidden": 18, "weights": LRF},
    "autoencoder": {"kind": "autoencoder", "hidden": [8, 3], "loss": "cross_entropy"},
}


@pytest.mark.parametrize("name", MODELS)
def test_a_gpu_comes_to_the_cpu_s_weights(fcnet: Run, tiny: Path, name: str) -> None:
    """Equal seeds give equal weights up to rounding; and a run of the one is evaluated alike on the other."""
    values = tiny_config(tiny) | {"model": MODELS[name]}
    if MODELS[name].get("kind") == "elm":
        del values["train"]
    path = write_config(tiny / "both.yaml", values)
    for device in ("cpu", "cuda"):
        outcome = fcnet("train", "-c", path, f"device={device}", "--out", device)
        assert outcome.code == 0, outcome.err
    ours, theirs = weights("cpu"), weights("cuda")
    for key, tensor in ours.items():
        torch.testing.assert_close(theirs[key], tensor, rtol=1e-2, atol=1e-3)
    losses = [
        json.loads(fcnet("eval", run, "--device", device, "--json").out)["loss"]
        for run in ("cpu", "cuda")
        for device in ("cpu", "cuda")
    ]
    assert losses == pytest.approx([losses[0]] * 4, rel=1e-2)


def test_a_variational_net_on_a_gpu(fcnet: Run, tiny: Path) -> None:
    """Its noise is another on a GPU, what it comes to is not; a run that goes on ends as if it had not stopped."""
    values = tiny_config(tiny)
    values["model"] = {
        "kind": "autoencoder",
        "hidden": [8, 3],
        "loss": "cross_entropy",
        "binarise": True,
        "variational": {"samples": 3},
    }
    path = write_config(tiny / "variational.yaml", values)
    for device in ("cpu", "cuda"):
        assert fcnet("train", "-c", path, f"device={device}", "train.epochs=4", "--out", device).code == 0
    losses = [json.loads(fcnet("eval", run, "--json").out)["loss"] for run in ("cpu", "cuda")]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)
    assert fcnet("train", "-c", path, "device=cuda", "train.epochs=2", "--out", "half").code == 0
    assert fcnet("train", "-c", path, "device=cuda", "train.epochs=4", "--resume", "half").code == 0
    assert all(torch.equal(tensor, weights("half")[key]) for key, tensor in weights("cuda").items())
