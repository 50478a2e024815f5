"""Training in stages, and taking up trainings of autoencoders anywhere."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import torch
from conftest import Run, weights

from fcnet import checkpoint, config, runs
from fcnet.signals import Stop


def test_one_stage_is_a_plain_denoising_autoencoder(fcnet: Run, auto: Callable[..., Path]) -> None:
    model = {"hidden": [6], "code_activation": "sigmoid", "corruption": "masking"}
    assert fcnet("train", "-c", auto(**model), "--out", "plain").code == 0
    outcome = fcnet("train", "-c", auto(train={"epochs": 0, "stages": [3]}, **model), "--out", "staged")
    assert outcome.code == 0, outcome.err
    plain, staged = weights("plain"), weights("staged")
    assert all(torch.equal(plain[name], staged[name]) for name in plain)


KINDS = {
    "denoising": {"corruption": "masking"},
    "variational": {"variational": {"samples": 2}, "loss": "cross_entropy", "binarise": True},
    "contractive": {"contractive": {}, "sparse": "l1"},
    "stacked": {"corruption": "gaussian", "tied": True},
}


@pytest.mark.parametrize("kind", KINDS)
def test_taken_up_anywhere_it_ends_the_same(auto: Callable[..., Path], kind: str, tmp_path: Path) -> None:
    train = {"epochs": 1, "stages": [2, 1]} if kind == "stacked" else {"epochs": 2}
    settings = config.load(auto(train=train, **KINDS[kind]))

    def work() -> runs.Trainable:
        return runs.trainable(runs.gather(settings, Stop()))

    whole = work()
    states = [checkpoint.encode(whole.state()) for _ in whole.records()]
    expected = {name: tensor.clone() for name, tensor in whole.model.state_dict().items()}
    for data in states[:: max(len(states) // 7, 1)]:
        other = work()
        other.load(checkpoint.decode(BytesIO(data), tmp_path))
        for _ in other.records():
            pass
        for name, tensor in expected.items():
            assert torch.equal(tensor, other.model.state_dict()[name]), name
