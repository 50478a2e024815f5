"""What autoencoders minimise against references: whole Jacobians, torch's distributions, sampling."""

from itertools import pairwise

import pytest
import torch
from conftest import autoencoder, autoencoder_spec
from torch import Tensor

from fcnet import reconstruct
from fcnet.autoencoders import AutoEncoder
from fcnet.reconstruct import Reconstruct


def jacobian_norms(net: AutoEncoder, x: Tensor) -> Tensor:
    """Squared Frobenius norms (B,), from whole Jacobians."""
    return torch.stack(
        [torch.autograd.functional.jacobian(lambda one: net.encode(one[None])[0], one).square().sum() for one in x]
    )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "gelu", "identity"])
def test_contraction_of_one_layer_is_exact(x: Tensor, activation: str) -> None:
    net = autoencoder(autoencoder_spec(hidden=[7], code_activation=activation, contractive={}))
    code, norms = reconstruct.contraction(net, x, 1)
    torch.testing.assert_close(norms, jacobian_norms(net, x), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(code, net.encode(x))


def test_contraction_of_several_layers_is_right_on_average(x: Tensor) -> None:
    net = autoencoder(autoencoder_spec(contractive={}))
    torch.manual_seed(2)
    _, norms = reconstruct.contraction(net, x[:3], 20_000)
    torch.testing.assert_close(norms, jacobian_norms(net, x[:3]), rtol=0.02, atol=0)


def test_the_divergence_is_what_sampling_finds() -> None:
    mean, log_variance = torch.tensor([[0.5, -1.0]]).double(), torch.tensor([[0.3, -0.7]]).double()
    torch.manual_seed(3)
    codes = reconstruct.drawn(mean, log_variance, 10**6)[0][:, 0]
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    sampled = (posterior.log_prob(codes) - torch.distributions.Normal(0.0, 1.0).log_prob(codes)).sum(1).mean()
    found = float(reconstruct.gaussian_divergence(mean, log_variance))
    assert found == pytest.approx(float(sampled), abs=5e-3)


def test_importance_weights_are_the_densities(x: Tensor) -> None:
    """log p(x | z) + log p(z) - log q(z | x) by torch's distributions, of the same codes."""
    of = autoencoder_spec(variational={}, loss="cross_entropy")
    net, objective = autoencoder(of), Reconstruct(of)
    pixels = (x > 0.5).double()
    mean, log_variance = net.posterior(pixels)
    torch.manual_seed(4)
    weights, outputs, _ = objective.log_weights(net, mean, log_variance, pixels, 6)
    torch.manual_seed(4)
    codes = mean + (0.5 * log_variance).exp() * torch.randn(6, *mean.shape, dtype=torch.float64)
    likelihood = torch.distributions.Bernoulli(logits=outputs).log_prob(pixels.expand_as(outputs)).sum(-1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(codes).sum(-1)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp()).log_prob(codes).sum(-1)
    torch.testing.assert_close(weights, likelihood + prior - posterior, rtol=1e-10, atol=1e-10)


def test_bounds_rise_with_their_samples(x: Tensor) -> None:
    of = autoencoder_spec(variational={}, loss="cross_entropy")
    net = autoencoder(of)
    found = []
    for samples in (1, 5, 50, 500):
        torch.manual_seed(5)
        bound, elbo = reconstruct.log_likelihood(net, of, (x > 0.5).double().repeat(50, 1), samples)
        found.append(float(bound.mean()))
        assert samples == 1 or float(elbo.mean()) < found[-1]
    assert all(before < after for before, after in pairwise(found))


def test_activation_divergence_is_that_of_two_coins() -> None:
    code = torch.tensor([[0.1, 0.5], [0.3, 0.7]]).double()
    means = [torch.distributions.Bernoulli(torch.tensor(one).double()) for one in (0.2, 0.6)]
    target = torch.distributions.Bernoulli(torch.tensor(0.05).double())
    expected = sum(float(torch.distributions.kl_divergence(target, mean)) for mean in means)
    assert float(reconstruct.activation_divergence(code, 0.05)) == pytest.approx(expected)


def test_corruptions_spoil_as_much_as_they_say() -> None:
    torch.manual_seed(6)
    image = torch.full((100, 1000), 0.4)
    masked = reconstruct.corrupt(image, autoencoder_spec(corruption={"name": "masking", "share": 0.25}).corruption)
    assert float((masked == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    salted = reconstruct.corrupt(
        image, autoencoder_spec(corruption={"name": "salt_and_pepper", "share": 0.2}).corruption
    )
    for value in (0, 1):
        assert float((salted == value).float().mean()) == pytest.approx(0.1, abs=0.01)
    noisy = reconstruct.corrupt(image, autoencoder_spec(corruption={"name": "gaussian", "std": 0.3}).corruption)
    assert float((noisy - image).std()) == pytest.approx(0.3, abs=0.01)
