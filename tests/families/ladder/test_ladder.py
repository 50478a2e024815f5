"""Ladder networks: the whole cost against NumPy, gradients against finite differences, averages, skipped layers."""

import numpy as np
import pytest
import torch
from torch import Tensor

from fcnet.config.train import Train
from fcnet.families.ladder.config import LadderModel
from fcnet.families.ladder.model import Ladder, build
from fcnet.families.ladder.objective import Climb, Labelled
from fcnet.training.randomness import Randomness
from fcnet.training.steps import step as steps
from helpers import ladder as reference

SIZES, BATCH = [6, 7, 5, 4], 9
NOISES = [0.3, 0.2, 0.1, 0.4]
COSTS = {"all": [3.0, 2.0, 0.7, 0.5], "bottom": [3.0, 0.0, 0.0, 0.0], "top": [0.0, 0.0, 0.0, 2.0], "none": [0.0] * 4}


def net_of(costs: list[float]) -> Ladder:
    """A net whose parameters are all drawn at random, so that each matters."""
    net = Ladder(SIZES, NOISES, costs).double()
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.7)
    return net.train()


def batch_of(seed: int, n: int = BATCH) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 6, generator=generator, dtype=torch.float64), torch.randint(4, (n,), generator=generator)


def noise_of(groups: int, seed: int) -> list[list[np.ndarray]]:
    """The noise that a net draws: of each group, of each layer."""
    generator = torch.Generator().manual_seed(seed)
    layers = [
        torch.zeros(groups, BATCH, width, dtype=torch.float64).normal_(std=std, generator=generator).numpy()
        for width, std in zip(SIZES, NOISES, strict=True)
    ]
    return [[layer[group] for layer in layers] for group in range(groups)]


def arrays(net: Ladder) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy().copy() for name, tensor in net.named_parameters()}


@pytest.mark.parametrize("name", COSTS)
def test_the_cost_is_that_of_the_paper(name: str) -> None:
    costs, (x, labels) = COSTS[name], batch_of(1)
    net = net_of(costs)
    found = Climb(noise=torch.Generator().manual_seed(5)).of_batch(net, x, labels)
    (noise,) = noise_of(1, 5)
    denoising = reference.denoising(arrays(net), x.numpy(), noise, costs).sum()
    expected = reference.cross_entropy(arrays(net), x.numpy(), labels.numpy(), noise)
    assert found.terms is not None
    np.testing.assert_allclose(found.terms.numpy(), [expected, denoising], rtol=1e-10)
    assert float(found.loss.detach()) == pytest.approx(expected + denoising, rel=1e-10)


@pytest.mark.parametrize("name", COSTS)
def test_images_without_labels_are_normalised_and_denoised_by_themselves(name: str) -> None:
    costs, (x, _), (known, labels) = COSTS[name], batch_of(1), batch_of(2)
    net, pool = net_of(costs), Labelled((known * 255).to(torch.uint8), labels)
    objective = Climb(labelled=pool, noise=torch.Generator().manual_seed(5), draws=torch.Generator().manual_seed(6))
    some, drawn = pool.drawn(BATCH, torch.float64, torch.Generator().manual_seed(6))
    found = objective.of_batch(net, x, torch.full((BATCH,), -1))  # their labels are not looked at
    labelled, unlabelled = noise_of(2, 5)
    denoising = reference.denoising(arrays(net), x.numpy(), unlabelled, costs).sum()
    expected = reference.cross_entropy(arrays(net), some.numpy(), drawn.numpy(), labelled)
    assert found.terms is not None
    np.testing.assert_allclose(found.terms.numpy(), [expected, denoising], rtol=1e-10)
    assert found.labels is not None
    assert torch.equal(found.labels, drawn)


@pytest.mark.parametrize("name", COSTS)
def test_gradients_are_finite_differences(name: str) -> None:
    """Of the NumPy cost, in a random direction for each parameter tensor: the clean encoder has gradients too."""
    costs, (x, labels) = COSTS[name], batch_of(1)
    net = net_of(costs)
    Climb(noise=torch.Generator().manual_seed(5)).of_batch(net, x, labels).loss.backward()
    (noise,) = noise_of(1, 5)

    def cost(weights: dict[str, np.ndarray]) -> float:
        return reference.cross_entropy(weights, x.numpy(), labels.numpy(), noise) + float(
            reference.denoising(weights, x.numpy(), noise, costs).sum()
        )

    generator, width = np.random.default_rng(7), 1e-6
    for key, parameter in net.named_parameters():
        direction = generator.normal(size=tuple(parameter.shape))
        moved = [arrays(net) | {key: arrays(net)[key] + sign * width * direction} for sign in (1, -1)]
        slope = (cost(moved[0]) - cost(moved[1])) / (2 * width)
        assert parameter.grad is not None, key
        assert float((parameter.grad.numpy() * direction).sum()) == pytest.approx(slope, rel=1e-5, abs=1e-8), key


def test_layers_that_no_cost_needs_are_left_out() -> None:
    rungs = {name: sorted(net_of(costs).decoder) for name, costs in COSTS.items()}
    assert rungs == {"all": ["0", "1", "2", "3"], "bottom": ["0", "1", "2", "3"], "top": ["3"], "none": []}


def test_it_classifies_by_averages_of_the_clean_encoder() -> None:
    """The averages of the first batches are their means; variances are unbiased."""
    net = net_of(COSTS["bottom"])
    found = []
    for seed in range(5):
        x, labels = batch_of(seed)
        Climb().of_batch(net, x, labels)
        found.append(reference.encoded(arrays(net), x.numpy(), [0.0] * 4)[2])
    net.eval()
    h = batch_of(9)[0].numpy()
    for layer in range(1, 4):
        mean = np.mean([one[layer][0] for one in found], 0)
        variance = np.mean([(one[layer][1] ** 2 - reference.EPSILON) * BATCH / (BATCH - 1) for one in found], 0)
        z = (h @ arrays(net)[f"encoder.fc{layer}.weight"].T - mean) / np.sqrt(variance + reference.EPSILON)
        h = z + arrays(net)[f"encoder.bn{layer}.bias"]
        h = h * arrays(net)["encoder.bn3.scale"] if layer == 3 else np.maximum(h, 0)
    x, labels = batch_of(9)
    np.testing.assert_allclose(net(x).detach().numpy(), h, rtol=1e-9)
    plain = Climb().of_batch(net, x, labels)
    assert plain.terms is None
    assert float(plain.loss.detach()) == pytest.approx(
        float(torch.nn.functional.cross_entropy(net(x), labels).detach())
    )


def test_labelled_images_are_drawn_equally_often() -> None:
    pool = Labelled(torch.arange(4, dtype=torch.uint8)[:, None], torch.arange(4))
    generator = torch.Generator().manual_seed(0)
    for n, counts in ((4, [1] * 4), (8, [2] * 4), (2, [0, 0, 1, 1]), (6, [1, 1, 2, 2])):
        pixels, labels = pool.drawn(n, torch.float64, generator)
        assert sorted(labels.bincount(minlength=4).tolist()) == counts
        torch.testing.assert_close(pixels[:, 0] * 255, labels.double())


def test_weights_of_the_authors_initialisation() -> None:
    spec = LadderModel(kind="ladder", hidden=[400], denoising=1.0)
    torch.manual_seed(0)
    net = build(spec, (20, 20), 10)
    assert float(dict(net.named_parameters())["encoder.fc1.weight"].detach().std()) == pytest.approx(1 / 20, rel=0.02)
    assert spec.noises == [0.3] * 3
    assert spec.costs == [1.0, 0.0, 0.0]
    a = dict(net.named_parameters())["decoder.0.a"]
    assert a.sum(1).tolist() == [0, 400, 0, 0, 0, 0, 400, 0, 0, 0]


def test_bf16_rounds_products_alone() -> None:
    """Costs and averages stay in fp32; the loss is that of fp32 but for a hundredth."""
    losses = {}
    for precision in ("fp32", "bf16"):
        torch.manual_seed(1)
        net = Ladder([36, 40, 30, 10], NOISES, COSTS["all"]).train()
        settings = Train(precision=precision)  # type: ignore[arg-type]
        step = steps.build(net, Climb().drawing_from(Randomness(3)), settings)
        x = torch.rand(50, 36, generator=torch.Generator().manual_seed(2))
        labels = torch.arange(50) % 10
        for _ in range(10):
            output = step(x, labels, torch.tensor(2e-3, dtype=torch.float64))
        assert output.loss.dtype == torch.float32
        losses[precision] = float(output.loss)
        assert all(parameter.dtype == torch.float32 for parameter in net.parameters())
    assert losses["bf16"] != losses["fp32"]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.01)
