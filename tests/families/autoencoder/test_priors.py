"""Priors of pseudo-inputs: mixtures by torch's distributions, integrals over a grid, every command."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from fcnet.families.autoencoder import codes, objective
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct
from helpers.command_line import Run
from helpers.nets import autoencoder, autoencoder_spec

VAMP: dict[str, Any] = {"prior": {"name": "vamp", "pseudo_inputs": 7}}
SHAPES: dict[str, dict[str, Any]] = {
    "one layer": {"hidden": [5, 3], "variational": VAMP},
    "two layers": {"hidden": [6, 4, 5, 3], "variational": VAMP | {"stochastic": [2, 4]}},
}


def mixture(net: AutoEncoder) -> torch.distributions.Distribution:
    """The prior by torch's distributions, from the encoder's own outputs."""
    assert net.pseudo_inputs is not None
    inputs = net.pseudo_inputs.values
    last = net.above[-1].encoder if net.above else net.encoder
    mean, log_variance = last(inputs if net.above else inputs.sigmoid()).chunk(2, 1)
    if net.above:
        log_variance = 10 * (log_variance / 10).tanh()
    parts = torch.distributions.Independent(torch.distributions.Normal(mean, (0.5 * log_variance).exp()), 1)
    return torch.distributions.MixtureSameFamily(torch.distributions.Categorical(torch.ones(7).double()), parts)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_prior_is_the_mean_of_the_posteriors(shape: str) -> None:
    net = autoencoder(autoencoder_spec(**SHAPES[shape]))
    points = 2 * torch.randn(4, 20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = codes.log_prior(net, points) - 1.5 * math.log(2 * math.pi)
    torch.testing.assert_close(found, mixture(net).log_prob(points), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_codes_are_drawn_from_it(shape: str) -> None:
    net = autoencoder(autoencoder_spec(**SHAPES[shape]))
    torch.manual_seed(1)
    drawn = codes.sampled(net, 200_000, 3).detach()
    prior = mixture(net)
    torch.testing.assert_close(drawn.mean(0), prior.mean.detach(), rtol=0, atol=0.02)
    torch.testing.assert_close(drawn.var(0), prior.variance.detach(), rtol=0.02, atol=0)


def test_the_bound_is_what_integration_finds(x: Tensor) -> None:
    spec = autoencoder_spec(hidden=[4, 1], loss="cross_entropy", variational=VAMP)
    net, pixels = autoencoder(spec), (x > 0.5).double()
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)[:, None]
    likelihood = torch.distributions.Bernoulli(logits=net.decoder(grid)[:, None]).log_prob(pixels).sum(-1)
    exact = (likelihood + mixture(net).log_prob(grid)[:, None]).logsumexp(0) + math.log(18 / 4000)
    torch.manual_seed(2)
    bound, elbo = objective.log_likelihood(net, spec, pixels, 20_000)
    torch.testing.assert_close(bound, exact.detach(), rtol=0, atol=0.02)
    assert (elbo < exact).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_pseudo_inputs_are_trained_in_single_precision_beside_bfloat16(x: Tensor, shape: str) -> None:
    spec = autoencoder_spec(**SHAPES[shape], loss="cross_entropy")
    net, single = autoencoder(spec).float(), x.float()
    with torch.autocast("cpu", torch.bfloat16):
        output = Reconstruct(spec).of_batch(net, single, single)
    assert output.loss.dtype == torch.float32
    output.loss.backward()  # type: ignore[no-untyped-call]
    assert net.pseudo_inputs is not None
    assert net.pseudo_inputs.values.grad is not None
    assert bool(net.pseudo_inputs.values.grad.abs().amax(1).gt(0).all())


def test_every_command(fcnet: Run, auto: Callable[..., Path]) -> None:
    model = {"loss": "cross_entropy", "binarise": True}
    assert fcnet("train", "-c", auto(**model, variational=VAMP), "--out", "run").code == 0
    found = json.loads(fcnet("eval", "run", "--json").out)["likelihood"]
    assert found["elbo"] < found["importance_weighted_bound"] < 0
    assert fcnet("plot", "run").code == 0
    assert Path("run/plots/samples.png").is_file()
    init = {"name": "run", "run": "run"}
    assert fcnet("train", "-c", auto(**model, variational=VAMP, init=init), "--out", "more").code == 0
    outcome = fcnet("train", "-c", auto(**model, variational={}, init=init), "--out", "other")
    assert outcome.code == 2
    assert "its model.variational.prior differs" in outcome.errors[0]
