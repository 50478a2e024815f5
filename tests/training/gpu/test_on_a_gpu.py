"""Every way to take steps, where there is a GPU; elsewhere stand-ins, the interpreter and an emulator are tested."""

from pathlib import Path
from typing import Any

import pytest
import torch

from fcnet.config.train import Train
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.gpu.plain import PlainSlots
from fcnet.training.gpu.slots import Images
from fcnet.training.objective import Classify
from fcnet.training.steps import step
from helpers.command_line import Run
from helpers.nets import weights
from helpers.tiny import tiny_config, write_config

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")

NOISY = {"kind": "autoencoder", "hidden": [8, 3], "corruption": {"name": "masking", "share": 0.3}}
STOCHASTIC = {"kind": "autoencoder", "hidden": [8, 5, 4, 3], "variational": {"stochastic": [2, 4], "samples": 3}}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "persistent": ("persistent", {"hidden": [8]}),
    "plain graph": ("graph", {"hidden": [8]}),
    "deep graph": ("graph", {"hidden": [8, 7], "activation": "tanh"}),
    "graph of torch's": ("graph", {"hidden": [8], "batch_norm": True, "dropout": 0.2}),
    "denoising": ("graph", NOISY),
    "variational": ("graph", {"kind": "autoencoder", "hidden": [8, 3], "loss": "cross_entropy", "variational": {}}),
    "stochastic layers": ("graph", STOCHASTIC),
    "one class": ("graph", {"kind": "one_class", "hidden": [8]}),
}


@pytest.mark.parametrize("name", CASES)
def test_gpu_steps_come_to_the_eager_ones_and_resume_to_the_same_bits(fcnet: Run, tiny: Path, name: str) -> None:
    kind, model = CASES[name]
    path = write_config(tiny / "gpu.yaml", tiny_config(tiny) | {"model": model, "device": "cuda"})
    words = ["train", "-v", "-c", path, "train.epochs=4"]
    assert fcnet(*words, "train.step=eager", "--out", "eager").code == 0
    outcome = fcnet(*words, f"train.step={kind}", "--out", "whole")
    assert outcome.code == 0, outcome.err
    assert ("persistent" if kind == "persistent" else "CUDA graph") in outcome.out
    for key, tensor in weights("eager").items():
        torch.testing.assert_close(weights("whole")[key], tensor, rtol=1e-2, atol=2e-3)
    assert fcnet(*words[:4], f"train.step={kind}", "train.epochs=2", "--out", "half").code == 0
    assert fcnet(*words, f"train.step={kind}", "--resume", "half").code == 0
    assert all(torch.equal(tensor, weights("half")[key]) for key, tensor in weights("whole").items())


@pytest.mark.parametrize("name", ["plain graph", "graph of torch's"])
def test_gpu_steps_see_the_augmented_images_of_each_epoch(fcnet: Run, tiny: Path, name: str) -> None:
    path = write_config(tiny / "gpu.yaml", tiny_config(tiny) | {"model": CASES[name][1]})
    words = ["train", "-c", path, "data.augment={rotation: 15, shift: 1, stroke: 0.5, noise: 0.1}"]
    for out, device, kind in (("cpu", "cpu", "eager"), ("eager", "cuda", "eager"), ("graph", "cuda", "graph")):
        outcome = fcnet(*words, f"device={device}", f"train.step={kind}", "--out", out)
        assert outcome.code == 0, outcome.err
    for key, tensor in weights("eager").items():
        torch.testing.assert_close(weights("graph")[key], tensor, rtol=1e-2, atol=2e-3)
    if name == "plain graph":
        for key, tensor in weights("eager").items():
            torch.testing.assert_close(weights("cpu")[key], tensor, rtol=5e-2, atol=1e-2)
        outcome = fcnet(*words, "device=cuda", "train.step=persistent", "--out", "refused")
        assert outcome.code == 2
        assert "it reads a copy of images of this size, and augmentation changes them" in outcome.err


@pytest.mark.filterwarnings("ignore:Warning. Profiler clears events")  # of torch 2.11; there is one cycle
def test_gpu_step_of_a_plain_net_takes_fewer_than_ten_kernels() -> None:
    torch.manual_seed(0)
    net = build(FCNetModel(hidden=[50]), (8, 8), 10).cuda()
    images = Images(
        torch.randint(0, 256, (100, 64), dtype=torch.uint8, device="cuda"),
        torch.randint(0, 10, (100,), device="cuda"),
        10,
    )
    slots = PlainSlots(step.build(net, Classify(), Train()), images, 2)
    slots(0)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as run:
        slots(0)
        torch.cuda.synchronize()
    kernels = [one.name for one in run.events() or [] if str(one.device_type).endswith("CUDA")]
    assert 0 < len([name for name in kernels if "Memcpy" not in name]) < 10, kernels
