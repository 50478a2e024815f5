"""Building autoencoders: tied weights, k-sparse codes, what their configs refuse and warn of."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from fcnet.errors import ConfigError
from fcnet.families.autoencoder.objective import Reconstruct
from helpers.command_line import Run
from helpers.nets import autoencoder, autoencoder_spec


def test_a_tied_gradient_is_the_sum_of_both_uses(x: Tensor) -> None:
    tied = autoencoder(autoencoder_spec(tied=True))
    free = autoencoder(autoencoder_spec())
    pairs = (("fc1", "fc2"), ("fc2", "fc1"))
    with torch.no_grad():
        for first, last in pairs:
            weight = tied.encoder.get_parameter(f"{first}.weight")
            free.encoder.get_parameter(f"{first}.weight").copy_(weight)
            free.encoder.get_parameter(f"{first}.bias").copy_(tied.encoder.get_parameter(f"{first}.bias"))
            free.decoder.get_parameter(f"{last}.weight").copy_(weight.T)
            free.decoder.get_parameter(f"{last}.bias").copy_(tied.decoder.get_parameter(f"{last}.bias"))
    for net in (tied, free):
        Reconstruct(autoencoder_spec()).of_batch(net, x, x).loss.backward()
    for first, last in pairs:
        one, other = (
            net.get_parameter(f"{name}.weight").grad for net, name in ((free.encoder, first), (free.decoder, last))
        )
        assert one is not None
        assert other is not None
        shared = tied.encoder.get_parameter(f"{first}.weight").grad
        torch.testing.assert_close(shared, one + other.T, rtol=1e-12, atol=1e-12)
    assert sorted(name for name in tied.state_dict() if "decoder" in name) == ["decoder.fc1.bias", "decoder.fc2.bias"]


@pytest.mark.parametrize("k", [1, 4, 7])
def test_k_sparse_codes_keep_the_k_largest(x: Tensor, k: int) -> None:
    of = autoencoder_spec(hidden=[7], sparse={"name": "k_sparse", "k": k})
    codes, dense = autoencoder(of).encode(x), autoencoder(autoencoder_spec(hidden=[7])).encode(x)
    assert ((codes != 0).sum(1) == k).all()
    least = dense.topk(k).values[:, -1:]
    torch.testing.assert_close(codes, torch.where(dense >= least, dense, 0.0))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"hidden": []}, "hidden"),
        ({"binarise": True}, "`binarise`"),
        ({"loss": "cross_entropy", "output": "identity"}, "needs `output` sigmoid"),
        ({"sparse": {"name": "k_sparse", "k": 9}}, "keeps 9 values, but the code has 3"),
        ({"sparse": "kl"}, "choose sigmoid"),
        ({"variational": {}, "tied": True}, "`variational` and `tied`"),
    ],
)
def test_mistakes(values: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        autoencoder_spec(**values)


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        ({"hidden": [80]}, True),
        ({"hidden": [8, 80]}, False),
        ({"hidden": [80], "corruption": "masking"}, False),
        ({"hidden": [80], "sparse": "k_sparse"}, False),
        ({"hidden": [80], "contractive": {"weight": 0.1}}, False),
        ({"hidden": [80], "variational": {}}, False),
    ],
)
def test_a_net_that_may_copy_is_warned_of(fcnet: Run, auto: Callable[..., Path], values: dict, warned: bool) -> None:
    outcome = fcnet("train", "-c", auto(**values), "--out", "run")
    assert outcome.code == 0, outcome.err
    assert ("nowhere narrower than the" in outcome.err) == warned


def test_batch_norm_needs_two_images(fcnet: Run, auto: Callable[..., Path]) -> None:
    outcome = fcnet("train", "-c", auto(batch_norm=True), "--out", "run", "train.batch_size=1")
    assert outcome.code == 2
    assert "train.batch_size: is 1" in outcome.errors[0]
    assert not Path("run").exists()
