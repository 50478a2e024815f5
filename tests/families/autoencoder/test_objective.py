"""What autoencoders minimise against references: whole Jacobians, torch's distributions, sampling."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.families.autoencoder import codes, model, objective
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.model import AutoEncoder
from fcnet.families.autoencoder.objective import Reconstruct
from helpers.nets import autoencoder, autoencoder_spec


def jacobian_norms(net: AutoEncoder, x: Tensor) -> Tensor:
    """Squared Frobenius norms (B,), from whole Jacobians."""
    return torch.stack(
        [torch.autograd.functional.jacobian(lambda one: net.encode(one[None])[0], one).square().sum() for one in x]
    )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus", "gelu", "identity"])
def test_contraction_of_one_layer_is_exact(x: Tensor, activation: str) -> None:
    net = autoencoder(autoencoder_spec(hidden=[7], code_activation=activation, contractive={}))
    code, norms = objective.contraction(net, x, 1)
    torch.testing.assert_close(norms, jacobian_norms(net, x), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(code, net.encode(x))


def test_contraction_of_several_layers_is_right_on_average(x: Tensor) -> None:
    net = autoencoder(autoencoder_spec(contractive={}))
    torch.manual_seed(2)
    _, norms = objective.contraction(net, x[:3], 20_000)
    torch.testing.assert_close(norms, jacobian_norms(net, x[:3]), rtol=0.02, atol=0)


def test_the_divergence_is_what_sampling_finds() -> None:
    mean, log_variance = torch.tensor([[0.5, -1.0]]).double(), torch.tensor([[0.3, -0.7]]).double()
    torch.manual_seed(3)
    points = codes.drawn(mean, log_variance, 10**6)[0][:, 0]
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    sampled = (posterior.log_prob(points) - torch.distributions.Normal(0.0, 1.0).log_prob(points)).sum(1).mean()
    found = float(codes.gaussian_divergence(mean, log_variance))
    assert found == pytest.approx(float(sampled), abs=5e-3)


def test_importance_weights_are_the_densities(x: Tensor) -> None:
    """log p(x | z) + log p(z) - log q(z | x) by torch's distributions, of the same codes."""
    of = autoencoder_spec(variational={}, loss="cross_entropy")
    net, objective = autoencoder(of), Reconstruct(of)
    pixels = (x > 0.5).double()
    mean, log_variance = net.posterior(pixels)
    torch.manual_seed(4)
    found = objective.weighted(net, pixels, pixels, 6)
    weights, outputs = found.log_weights, found.outputs
    torch.manual_seed(4)
    codes = mean + (0.5 * log_variance).exp() * torch.randn(6, *mean.shape, dtype=torch.float64)
    likelihood = torch.distributions.Bernoulli(logits=outputs).log_prob(pixels.expand_as(outputs)).sum(-1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(codes).sum(-1)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp()).log_prob(codes).sum(-1)
    torch.testing.assert_close(weights, likelihood + prior - posterior, rtol=1e-10, atol=1e-10)


def test_cross_entropy_of_pixels_is_torchs(x: Tensor) -> None:
    logits = 20 * torch.randn(7, *x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(8))
    logits[0, :, :3] = torch.tensor([0.0, 1e3, -1e3], dtype=torch.float64)
    slopes = torch.rand(7, len(x), dtype=torch.float64)
    found, expected = (logits.clone().requires_grad_() for _ in range(2))
    losses = objective.PixelCrossEntropy.apply(found, x)
    torchs = functional.binary_cross_entropy_with_logits(expected, x.expand(7, *x.shape), reduction="none").sum(-1)
    torch.testing.assert_close(losses, torchs, rtol=1e-13, atol=1e-13)
    (losses * slopes).sum().backward()
    (torchs * slopes).sum().backward()
    torch.testing.assert_close(found.grad, expected.grad, rtol=1e-13, atol=1e-13)


def test_cross_entropy_of_pixels_goes_piece_by_piece() -> None:
    """In single precision, of rounded logits, and of as many samples as do not stay in the cache together."""
    logits, target = torch.randn(9, 50, 784).bfloat16(), torch.rand(50, 784)
    whole = objective.PixelCrossEntropy.apply(logits, target)
    exact = functional.binary_cross_entropy_with_logits(
        logits.double(), target.double().expand(9, 50, 784), reduction="none"
    )
    torch.testing.assert_close(whole.double(), exact.sum(-1), rtol=1e-6, atol=1e-6)
    two = 2 * 50 * 784  # samples at a time
    one = logits.clone().requires_grad_()
    torch.testing.assert_close(objective.PixelCrossEntropy.apply(one, target, two), whole, rtol=0, atol=0)
    objective.PixelCrossEntropy.apply(one, target, two).sum().backward()
    assert one.grad is not None
    assert one.grad.dtype == torch.bfloat16
    torchs = logits.clone().requires_grad_()
    functional.binary_cross_entropy_with_logits(torchs.float(), target.expand(9, 50, 784), reduction="sum").backward()
    torch.testing.assert_close(one.grad, torchs.grad, rtol=2**-7, atol=0)  # a bit, in close calls
    assert torchs.grad is not None
    assert one.grad.eq(torchs.grad).float().mean() > 0.999  # and as a rule not even that


def test_bounds_rise_with_their_samples(x: Tensor) -> None:
    of = autoencoder_spec(variational={}, loss="cross_entropy")
    net = autoencoder(of)
    found = []
    for samples in (1, 5, 50, 500):
        torch.manual_seed(5)
        bound, elbo = objective.log_likelihood(net, of, (x > 0.5).double().repeat(50, 1), samples)
        found.append(float(bound.mean()))
        assert samples == 1 or float(elbo.mean()) < found[-1]
    assert all(before < after for before, after in pairwise(found))


def test_activation_divergence_is_that_of_two_coins() -> None:
    code = torch.tensor([[0.1, 0.5], [0.3, 0.7]]).double()
    means = [torch.distributions.Bernoulli(torch.tensor(one).double()) for one in (0.2, 0.6)]
    target = torch.distributions.Bernoulli(torch.tensor(0.05).double())
    expected = sum(float(torch.distributions.kl_divergence(target, mean)) for mean in means)
    assert float(objective.activation_divergence(code, 0.05)) == pytest.approx(expected)


def corrupted(image: Tensor, how: dict[str, Any]) -> Tensor:
    corruption = autoencoder_spec(corruption=how).corruption
    assert corruption is not None
    return objective.corrupt(image, corruption)


def test_corruptions_spoil_as_much_as_they_say() -> None:
    torch.manual_seed(6)
    image = torch.full((100, 1000), 0.4)
    masked = corrupted(image, {"name": "masking", "share": 0.25})
    assert float((masked == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    salted = corrupted(image, {"name": "salt_and_pepper", "share": 0.2})
    for value in (0, 1):
        assert float((salted == value).float().mean()) == pytest.approx(0.1, abs=0.01)
    noisy = corrupted(image, {"name": "gaussian", "std": 0.3})
    assert float((noisy - image).std()) == pytest.approx(0.3, abs=0.01)


# --- the loss of a batch, by hand ---------------------------------------------------------------------------------


def of_batch(spec: AutoencoderModel, x: Tensor) -> tuple[AutoEncoder, float, dict[str, float]]:
    """Net, loss and named terms of a batch, drawn with seed 7."""
    net, objective = autoencoder(spec), Reconstruct(spec)
    torch.manual_seed(7)
    output = objective.of_batch(net, x, x)
    assert output.terms is not None
    terms = dict(zip(objective.terms, output.terms.tolist(), strict=True))
    return net.requires_grad_(False), float(output.loss.detach()), terms


def test_squared_error_is_summed_over_pixels_and_meant_over_images(x: Tensor) -> None:
    net, loss, parts = of_batch(autoencoder_spec(), x)
    assert loss == pytest.approx(float((net(x) - x).square().sum()) / len(x))
    assert parts == {"reconstruction": loss}


def test_cross_entropy_is_told_with_the_squared_error(x: Tensor) -> None:
    net, loss, parts = of_batch(autoencoder_spec(loss="cross_entropy"), x)
    chances = net(x)
    by_hand = -(x * chances.log() + (1 - x) * (1 - chances).log()).sum(1).mean()
    assert loss == pytest.approx(float(by_hand))
    assert parts["squared_error"] == pytest.approx(float((chances - x).square().sum(1).mean()))


def test_a_corrupted_image_is_compared_with_the_clean_one(x: Tensor) -> None:
    spec = autoencoder_spec(corruption={"name": "masking", "share": 0.5})
    net, loss, _ = of_batch(spec, x)
    torch.manual_seed(7)
    corrupted = x * (torch.rand_like(x) >= 0.5)
    assert loss == pytest.approx(float((net(corrupted) - x).square().sum(1).mean()))


def test_binarised_pixels_are_input_and_target(x: Tensor) -> None:
    net, loss, _ = of_batch(autoencoder_spec(loss="cross_entropy", binarise=True), x)
    torch.manual_seed(7)
    drawn = (torch.rand_like(x) < x).double()
    logits = net.decoder(net.encode(drawn))
    expected = functional.binary_cross_entropy_with_logits(logits, drawn, reduction="sum") / len(x)
    assert loss == pytest.approx(float(expected))


@pytest.mark.parametrize("values", [{"contractive": {"weight": 0.3}}, {"sparse": {"name": "l1", "weight": 0.7}}])
def test_a_penalty_is_added_with_its_weight(x: Tensor, values: dict) -> None:
    net, loss, parts = of_batch(autoencoder_spec(hidden=[5], code_activation="tanh", **values), x)
    if "contractive" in values:
        penalty = 0.3 * jacobian_norms(net, x).mean()
    else:
        penalty = 0.7 * net.encode(x).abs().sum(1).mean()
    assert parts["penalty"] == pytest.approx(float(penalty))
    assert loss == pytest.approx(float((net(x) - x).square().sum(1).mean() + penalty))


def test_penalties_are_summed(x: Tensor) -> None:
    values = {"hidden": [5], "code_activation": "sigmoid"}
    penalties = {"contractive": {"weight": 0.3}, "sparse": {"name": "kl", "target": 0.2, "weight": 0.7}}
    alone = [of_batch(autoencoder_spec(**values, **{name: one}), x)[2]["penalty"] for name, one in penalties.items()]
    _, loss, parts = of_batch(autoencoder_spec(**values, **penalties), x)
    assert parts["penalty"] == pytest.approx(sum(alone))
    assert loss == pytest.approx(parts["reconstruction"] + parts["penalty"])


@pytest.mark.parametrize("beta", [0, 1, 4])
def test_beta_weighs_the_divergence(x: Tensor, beta: float) -> None:
    net, loss, parts = of_batch(autoencoder_spec(variational={"beta": beta}), x)
    mean, log_variance = net.encoder(x).chunk(2, 1)
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    divergence = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
    assert parts["kl"] == pytest.approx(float(divergence))
    torch.manual_seed(7)
    code = mean + (0.5 * log_variance).exp() * torch.randn(1, *mean.shape, dtype=torch.float64)[0]
    error = (net.decode(code) - x).square().sum(1).mean()
    assert loss == pytest.approx(float(error + beta * divergence))


def test_several_samples_train_on_the_importance_weighted_bound(x: Tensor) -> None:
    spec = autoencoder_spec(variational={"samples": 3}, loss="cross_entropy")
    net, loss, _ = of_batch(spec, x)
    torch.manual_seed(7)
    weights = Reconstruct(spec).weighted(net, x, x, 3).log_weights
    assert loss == pytest.approx(-float((weights.exp().sum(0) / 3).log().mean()))


def test_the_likelihood_of_a_squared_loss_is_a_gaussian_density(x: Tensor) -> None:
    """By integration over a code of one value, with a decoder's normal density of variance 1/2."""
    spec = autoencoder_spec(hidden=[4, 1], variational={})
    net = autoencoder(spec)
    codes = torch.linspace(-8, 8, 4001, dtype=torch.float64)[:, None]
    density = torch.distributions.Normal(net.decode(codes)[:, None], 0.5**0.5)
    joint = density.log_prob(x[None]).sum(-1) + torch.distributions.Normal(0.0, 1.0).log_prob(codes)
    exact = joint.logsumexp(0) + math.log(16 / 4000)
    torch.manual_seed(8)
    bound, elbo = objective.log_likelihood(net, spec, x, 20_000)
    torch.testing.assert_close(bound, exact, rtol=0, atol=0.02)
    assert (elbo < exact).all()


# --- gradients and precision --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [[5], [5, 3]], ids=["exact", "estimated"])
def test_the_contractive_gradient_is_that_of_the_jacobian(x: Tensor, hidden: list[int]) -> None:
    net = autoencoder(autoencoder_spec(hidden=hidden, code_activation="sigmoid", contractive={}))
    x = x[:2]
    matrix = net.encoder.get_parameter("fc1.weight")

    def norms(weight: Tensor) -> Tensor:
        def encode(image: Tensor) -> Tensor:
            return net.code(torch.func.functional_call(net.encoder, {"fc1.weight": weight}, image[None]))[0]

        return sum(torch.autograd.functional.jacobian(encode, one, create_graph=True).square().sum() for one in x)

    (expected,) = torch.autograd.grad(norms(matrix), matrix)
    torch.manual_seed(9)
    copies, probes = (1, 1) if len(hidden) == 1 else (1000, 40)  # 40,000 of each image, most of them at once
    norm = objective.contraction(net, x.repeat(copies, 1), probes)[1].sum() / copies
    (found,) = torch.autograd.grad(norm, matrix)
    if len(hidden) == 1:
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    else:
        assert float((found - expected).norm() / expected.norm()) < 0.03


KINDS: dict[str, dict[str, Any]] = {
    "variational": {"variational": {"samples": 4}, "loss": "cross_entropy"},
    "contractive": {"hidden": [6], "contractive": {}, "code_activation": "sigmoid"},
    "kl": {"sparse": {"name": "kl", "target": 0.01}, "code_activation": "sigmoid"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_summed_is_in_single_precision_beside_bfloat16(x: Tensor, kind: str) -> None:
    spec = autoencoder_spec(**KINDS[kind])
    net, objective, single = autoencoder(spec).float(), Reconstruct(spec), x.float()
    with torch.autocast("cpu", torch.bfloat16):
        output = objective.of_batch(net, single, single)
        assert net.encode(single).dtype == torch.float32
    assert output.terms is not None
    assert {output.loss.dtype, output.terms.dtype} == {torch.float32}
    output.loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in net.parameters())


def test_the_exact_contraction_is_not_rounded_to_bfloat16(x: Tensor) -> None:
    """Beside bfloat16 only the layer's own product is rounded, so that with weights that it holds nothing is."""
    net = autoencoder(autoencoder_spec(hidden=[5], contractive={})).float()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(parameter.bfloat16())
    single = x.bfloat16().float()
    expected = net.encoder.get_parameter("fc1.weight").double().square().sum().expand(len(x))
    with torch.autocast("cpu", torch.bfloat16):
        _, norms = objective.contraction(net, single, 1)
    torch.testing.assert_close(norms.double(), expected, rtol=1e-6, atol=0)


def test_codes_of_layers_below_are_those_of_binarised_pixels(x: Tensor) -> None:
    spec = autoencoder_spec(hidden=[5, 3], activation="sigmoid", loss="cross_entropy", binarise=True)
    net = autoencoder(spec).requires_grad_(False)
    objective = Reconstruct(spec, model.below(net, 2))
    torch.manual_seed(10)
    loss = objective.of_batch(model.layer(net, spec, 2), x, x).loss
    torch.manual_seed(10)
    drawn = (torch.rand_like(x) < x).double()
    target = net.encoder.get_submodule("fc1")(drawn).sigmoid()
    outputs = net.decoder.get_submodule("fc1")(net.encoder.get_submodule("fc2")(target))
    assert float(loss) == pytest.approx(
        float(functional.binary_cross_entropy_with_logits(outputs, target, reduction="sum")) / len(x)
    )


def test_inner_layers_trained_alone_have_an_exact_contraction(x: Tensor) -> None:
    spec = autoencoder_spec(hidden=[5, 3], activation="sigmoid", contractive={})
    net = autoencoder(spec)
    alone = model.layer(net, spec, 1)
    _, norms = objective.contraction(alone, x, 1)
    first = nn.Sequential(net.encoder.get_submodule("fc1"), nn.Sigmoid())
    expected = [torch.autograd.functional.jacobian(first, one).square().sum() for one in x]
    torch.testing.assert_close(norms, torch.stack(expected), rtol=1e-10, atol=1e-12)
