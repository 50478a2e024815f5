"""Several stochastic layers: densities by SciPy, integrals over grids, every command through the command line."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor

from fcnet.errors import ConfigError
from fcnet.families.autoencoder import codes, objective
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct
from fcnet.rundir import tensor_files
from helpers.command_line import Run
from helpers.nets import autoencoder, autoencoder_spec

TWO = {"hidden": [6, 4, 5, 2], "variational": {"stochastic": [2, 4]}}


def test_layers_are_where_the_config_says() -> None:
    net = autoencoder(autoencoder_spec(**TWO))
    shapes = {name: tuple(value.shape) for name, value in net.state_dict().items() if name.endswith("weight")}
    assert shapes == {
        "encoder.fc1.weight": (6, 12),
        "encoder.fc2.weight": (8, 6),  # means and log variances of 4 values
        "decoder.fc1.weight": (6, 4),
        "decoder.fc2.weight": (12, 6),
        "levels.0.encoder.fc1.weight": (5, 4),
        "levels.0.encoder.fc2.weight": (4, 5),
        "levels.0.decoder.fc1.weight": (5, 2),
        "levels.0.decoder.fc2.weight": (8, 5),
    }


def test_one_stochastic_layer_is_the_default(x: Tensor) -> None:
    given, default = (autoencoder(autoencoder_spec(variational=one)) for one in ({"stochastic": [2]}, {}))
    assert given.state_dict().keys() == default.state_dict().keys()
    torch.testing.assert_close(given(x), default(x), rtol=0, atol=0)


def test_weights_are_the_densities(x: Tensor) -> None:
    """log p(x | h1) p(h1 | h2) p(h2) / q(h1 | x) q(h2 | h1) by torch's distributions, of the same draws."""
    spec = autoencoder_spec(**TWO, loss="cross_entropy")
    net, pixels = autoencoder(spec), (x > 0.5).double()
    torch.manual_seed(4)
    found = Reconstruct(spec).weighted(net, pixels, pixels, 6)
    torch.manual_seed(4)
    normal = torch.distributions.Normal
    first = normal(*spread(net.encoder(pixels)))
    h1 = first.loc + first.scale * torch.randn(6, len(x), 4, dtype=torch.float64)
    level = net.above[0]
    second = normal(*spread(level.encoder(h1.flatten(0, 1)).unflatten(0, (6, len(x)))))
    h2 = second.loc + second.scale * torch.randn(6, len(x), 2, dtype=torch.float64)
    below = normal(*spread(level.decoder(h2.flatten(0, 1)).unflatten(0, (6, len(x)))))
    outputs = net.decoder(h1.flatten(0, 1)).unflatten(0, (6, len(x)))
    expected = (
        torch.distributions.Bernoulli(logits=outputs).log_prob(pixels).sum(-1)
        + below.log_prob(h1).sum(-1)
        + normal(0.0, 1.0).log_prob(h2).sum(-1)
        - first.log_prob(h1).sum(-1)
        - second.log_prob(h2).sum(-1)
    )
    torch.testing.assert_close(found.log_weights, expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(-found.losses.mean(0) - found.divergence, expected.mean(0), rtol=1e-10, atol=1e-10)


def test_log_variances_far_out_of_range_give_finite_gradients(x: Tensor) -> None:
    spec = autoencoder_spec(**TWO, loss="cross_entropy")
    net, pixels = autoencoder(spec).float(), (x > 0.5).float()
    level = net.above[0]
    with torch.no_grad():
        level.encoder.get_parameter("fc2.bias")[2:] = 200  # exp(200) is more than fp32 holds
        level.decoder.get_parameter("fc2.bias")[4:] = -200
    bound = Reconstruct(spec).weighted(net, pixels, pixels, 6).log_weights.logsumexp(0)
    bound.sum().backward()
    assert bound.isfinite().all()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in net.parameters())


def spread(both: Tensor) -> tuple[Tensor, Tensor]:
    """Means and standard deviations of outputs that have log variances beside the means, within ±10 as documented."""
    mean, log_variance = both.chunk(2, -1)
    return mean, (5 * (log_variance / 10).tanh()).exp()


def linear(x: Tensor) -> tuple[AutoEncoder, torch.Tensor]:
    """A linear-Gaussian net of two stochastic layers, and its exact log p(x) (B,)."""
    spec = autoencoder_spec(hidden=[3, 2], output="identity", variational={"stochastic": [1, 2]})
    net = autoencoder(spec)
    level = net.above[0].decoder.get_submodule("fc1")
    with torch.no_grad():
        level.get_parameter("weight")[3:] = 0  # the variance of h1 does not depend on h2
    a, c = (
        (m.get_parameter("weight").detach().numpy(), m.get_parameter("bias").detach().numpy())
        for m in (net.decoder.get_submodule("fc1"), level)
    )
    inner = c[0][:3] @ c[0][:3].T + np.diag(np.exp(c[1][3:]))
    mean, covariance = a[0] @ c[1][:3] + a[1], a[0] @ inner @ a[0].T + 0.5 * np.eye(12)
    return net, torch.from_numpy(multivariate_normal(mean, covariance).logpdf(x.numpy()))


def test_the_bound_of_a_linear_gaussian_net_is_its_density(x: Tensor) -> None:
    net, exact = linear(x)
    spec = autoencoder_spec(hidden=[3, 2], output="identity", variational={"stochastic": [1, 2]})
    torch.manual_seed(5)
    bound, elbo = objective.log_likelihood(net, spec, x, 100_000)
    torch.testing.assert_close(bound, exact, rtol=0, atol=0.03)
    assert (elbo < exact).all()


def test_the_bound_is_what_integration_finds(x: Tensor) -> None:
    """Two codes of one value each, on a grid, with nets between them that are not linear."""
    spec = autoencoder_spec(hidden=[4, 1, 3, 1], loss="cross_entropy", variational={"stochastic": [2, 4]})
    net, pixels = autoencoder(spec), (x > 0.5).double()
    grid = torch.linspace(-9, 9, 1201, dtype=torch.float64)
    mean, scale = spread(net.above[0].decoder(grid[:, None]))
    inner = torch.distributions.Normal(mean, scale).log_prob(grid)  # (h2, h1)
    outer = torch.distributions.Normal(0.0, 1.0).log_prob(grid)[:, None] + inner
    prior = outer.logsumexp(0) + math.log(18 / 1200)  # log p(h1)
    pixel = torch.distributions.Bernoulli(logits=net.decoder(grid[:, None])[:, None]).log_prob(pixels).sum(-1)
    exact = (pixel + prior[:, None]).logsumexp(0) + math.log(18 / 1200)
    torch.manual_seed(6)
    bound, elbo = objective.log_likelihood(net, spec, pixels, 60_000)
    torch.testing.assert_close(bound, exact, rtol=0, atol=0.02)
    assert (elbo < exact).all()


def test_codes_and_reconstructions_pass_on_means(x: Tensor) -> None:
    net = autoencoder(autoencoder_spec(**TWO))
    level = net.above[0]
    code = level.encoder(net.encoder(x)[:, :4])[:, :2]
    torch.testing.assert_close(net.encode(x), code)
    torch.testing.assert_close(net(x), net.decoder(level.decoder(code)[:, :4]).sigmoid())


def test_all_layers_are_trained_in_single_precision_beside_bfloat16(x: Tensor) -> None:
    spec = autoencoder_spec(hidden=[6, 4, 5, 2], loss="cross_entropy", variational={"stochastic": [2, 4], "samples": 3})
    net, single = autoencoder(spec).float(), x.float()
    with torch.autocast("cpu", torch.bfloat16):
        output = Reconstruct(spec).of_batch(net, single, single)
        drawn = codes.draws(net, single, 3)
    assert output.loss.dtype == drawn.ratio.dtype == torch.float32
    output.loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) and bool(p.grad.any()) for p in net.parameters())


@pytest.mark.parametrize("numbers", [[1], [4, 2], [2, 2, 4], [2, 5]])
def test_layers_are_listed_up_to_the_code(numbers: list[int]) -> None:
    with pytest.raises(ConfigError, match=r"rising order, to the code, layer 4; for example \[2, 4\]"):
        autoencoder_spec(hidden=[6, 4, 5, 2], variational={"stochastic": numbers})


def test_a_drawn_layer_has_no_activation() -> None:
    listed = ["tanh", "tanh", "tanh"]
    with pytest.raises(ConfigError, match="`activation` of layer 2 is tanh, but that layer is `stochastic`"):
        autoencoder_spec(**TWO, activation=listed)
    listed[1] = "identity"
    assert autoencoder_spec(**TWO, activation=listed).activations == autoencoder_spec(**TWO).activations


def test_every_command(fcnet: Run, auto: Callable[..., Path], tiny: Path) -> None:
    model = TWO | {"loss": "cross_entropy", "binarise": True}
    model["variational"] = {"stochastic": [2, 4], "samples": 4, "likelihood_samples": 20}
    file = auto(**model)
    outcome = fcnet("train", "-c", file, "--out", "run")
    assert outcome.code == 0, outcome.err
    found = json.loads(fcnet("eval", "run", "--json").out)
    assert found["likelihood"]["elbo"] < found["likelihood"]["importance_weighted_bound"] < 0
    assert fcnet("plot", "run").code == 0
    assert Path("run/plots/samples.png").is_file()
    assert fcnet("encode", "run", "--out", "codes.npz").code == 0
    with np.load("codes.npz") as arrays:
        assert arrays["codes"].shape[1] == 2
    image = next((tiny / "test").glob("*.png"))
    assert fcnet("predict", "run", str(image)).code == 0
    assert fcnet("train", "-c", file, "train.epochs=1", "--out", "parts").code == 0
    assert fcnet("train", "-c", file, "--out", "parts", "--resume").code == 0
    whole, parts = (tensor_files.load(Path(run) / "model.pth") for run in ("run", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_weights_of_other_stochastic_layers_do_not_fit(fcnet: Run, auto: Callable[..., Path]) -> None:
    model = TWO | {"loss": "cross_entropy"}
    assert fcnet("train", "-c", auto(**model), "--out", "run").code == 0
    model |= {"variational": {}, "init": {"name": "run", "run": "run"}}
    outcome = fcnet("train", "-c", auto(**model), "--out", "next")
    assert outcome.code == 2
    assert "its model.variational.stochastic differs" in outcome.errors[0]
    assert not Path("next").exists()


def test_a_classifier_takes_no_drawn_layers(fcnet: Run, auto: Callable[..., Path]) -> None:
    assert fcnet("train", "-c", auto(**TWO), "--out", "run").code == 0
    init = {"name": "encoder", "run": "run"}
    outcome = fcnet("train", "-c", auto(kind="fcnet", hidden=[6, 4, 5, 2], init=init), "--out", "next")
    assert outcome.code == 2
    assert "layer 2 is drawn" in outcome.errors[0]
