"""Named streams of random numbers."""

import pytest
import torch

from fcnet.families.common.fully_connected import FCNet
from fcnet.training.randomness import STREAMS, Randomness, connect, seed_of


def test_a_stream_is_the_same_whatever_the_others_draw() -> None:
    alone, beside = Randomness(3), Randomness(3)
    torch.rand(9, generator=beside.stream("noise"))
    assert torch.equal(
        torch.rand(5, generator=alone.stream("dropout")), torch.rand(5, generator=beside.stream("dropout"))
    )


def test_streams_and_seeds_differ() -> None:
    assert len({seed_of(seed, name) for seed in range(3) for name in STREAMS}) == 3 * len(STREAMS)
    with pytest.raises(ValueError, match="is not a random stream"):
        Randomness(0).stream("drop")


def test_a_state_resumes() -> None:
    first = Randomness(1)
    torch.rand(7, generator=first.stream("dropout"))
    second = Randomness(1)
    second.load(first.state())
    assert torch.equal(
        torch.rand(5, generator=first.stream("dropout")), torch.rand(5, generator=second.stream("dropout"))
    )


def test_dropout_draws_from_its_stream_alone() -> None:
    net = FCNet(6, [50], 3, dropout=0.5).train()
    connect(net, Randomness(0))
    before = torch.get_rng_state()
    first = net(torch.ones(4, 6))
    assert torch.equal(torch.get_rng_state(), before)
    connect(net, Randomness(0))
    assert torch.equal(net(torch.ones(4, 6)), first)
    connect(net, Randomness(1))
    assert not torch.equal(net(torch.ones(4, 6)), first)


def test_dropout_keeps_the_mean_and_the_share() -> None:
    net = FCNet(4, [], 4, input_dropout=0.25).train()
    connect(net, Randomness(0))
    out = net.get_submodule("drop0")(torch.ones(1000, 4))
    assert float((out == 0).double().mean()) == pytest.approx(0.25, abs=0.03)
    assert out.unique().tolist() == [0.0, pytest.approx(1 / 0.75)]
