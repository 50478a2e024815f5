"""The weights of a run, for tests of what other programs would have saved."""

from pathlib import Path

import pytest
import torch

from helpers.command_line import Run
from helpers.states import State


@pytest.fixture
def state(fcnet: Run, tiny: Path) -> State:
    """The weights of a run, at ``run``."""
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--out", "run").code == 0
    return torch.load("run/model.pth", weights_only=True)
