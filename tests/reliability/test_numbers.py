"""Numbers that are not finite, and memory that runs out."""

import json
import re
import sys
from pathlib import Path

import pytest
import torch

from fcnet.training.loop import GradientTraining
from helpers.command_line import Run
from helpers.runs import WORDS, same

pytestmark = [
    pytest.mark.usefixtures("way"),
    pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals"),
]


def test_a_huge_rate_is_exit_4_with_step_rate_and_images(fcnet: Run, tiny: Path) -> None:
    """What it names is the first step whose loss is not finite, although one looked at the fourth only."""
    outcome = fcnet(*WORDS, "train.optimizer.lr=1e30", "model.hidden=[8, 8]", "train.save_every=0", "--out", "run")
    assert outcome.code == 4
    (error,) = outcome.errors
    assert re.match(r"epoch 1, step 2 \(lr 1e\+30; 7 training images, numbers (\d+, ){6}\d+\): the loss is not", error)
    result = json.loads(Path("run/result.json").read_text())
    assert result["ended"] == "diverged"
    assert {key: result["diverged"][key] for key in ("epoch", "step", "lr")} == {"epoch": 1, "step": 2, "lr": 1e30}
    assert len(result["diverged"]["images"]) == 7
    assert all(tensor.isfinite().all() for tensor in torch.load("run/model.pth", weights_only=True).values())
    for path in Path("run/ckpt").glob("*.pt"):
        assert all(one.isfinite().all() for one in torch.load(path, weights_only=True)["training"]["model"].values())
    assert fcnet(*WORDS, "train.optimizer.lr=1e30", "model.hidden=[8, 8]", "--out", "run", "--resume").code == 4


def test_out_of_memory_is_exit_6_and_the_checkpoint_is_kept(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*WORDS, "train.save_every=0")
    assert fcnet(*words, "--out", "whole").code == 0
    left = 14
    advance = GradientTraining.advance

    def starved(self: GradientTraining, *batch: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            raise RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1")
        return advance(self, *batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(GradientTraining, "advance", starved)
        outcome = fcnet(*words, "--out", "cut")
    assert outcome.code == 6
    assert outcome.errors[0].startswith(
        "train.batch_size: is 7; memory ran out after epoch 2, step 4; free some memory and resume"
    )
    assert outcome.errors[0].endswith("the checkpoint of epoch 2, step 4 is kept")
    assert fcnet(*words, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")
