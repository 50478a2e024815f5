"""Back-propagation by hand against autograd."""

import pytest
import torch
from torch import Tensor

from fcnet import backprop
from fcnet.model_schema import ELU, FCNetModel, LeakyReLU, PlainActivation
from fcnet.models import FCNet, build
from fcnet.objective import Classify

ACTIVATIONS = [PlainActivation(name=n) for n in ("relu", "sigmoid", "tanh", "softplus", "identity")] + [
    LeakyReLU(slope=0.2),
    ELU(alpha=0.7),
]


def both(net: FCNet, x: Tensor, y: Tensor, smoothing: float = 0.0) -> tuple[dict, dict]:
    """Loss, logits and gradients by hand and by autograd."""
    found = []
    objective = Classify(smoothing)
    for way in (backprop.ByHand(net, objective), backprop.Autograd(net, objective, "fp32", "")):
        loss, logits = way(x, y)
        gradients = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
        found.append({"loss": loss, "logits": logits} | gradients)
    return found[0], found[1]


@pytest.mark.parametrize("depth", range(6))
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
def test_equal_to_autograd_in_float64(activation: object, depth: int) -> None:
    torch.manual_seed(depth)
    net = FCNet(9, [11] * depth, 4, activation).double()  # type: ignore[arg-type]
    hand, auto = both(net, torch.rand(13, 9, dtype=torch.float64), torch.randint(4, (13,)))
    assert hand.keys() == auto.keys()
    assert len(hand) == 2 + 2 * (depth + 1)
    for name, value in hand.items():
        torch.testing.assert_close(value, auto[name], rtol=1e-10, atol=1e-12)


def test_equal_to_autograd_in_float32_with_smoothing() -> None:
    torch.manual_seed(0)
    net = FCNet(50, [40, 30], 5)
    hand, auto = both(net, torch.rand(20, 50), torch.randint(5, (20,)), smoothing=0.1)
    for name, value in hand.items():
        torch.testing.assert_close(value, auto[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "precision", "name"),
    [
        ({}, "fp32", "by hand, cpu, fp32 (a plain net)"),
        ({"hidden": []}, "fp32", "by hand, cpu, fp32 (a plain net)"),
        ({"hidden": [3, 4], "activation": ["tanh", "elu"]}, "fp32", "by hand, cpu, fp32 (a plain net)"),
        ({}, "bf16", "by hand, cpu, bf16 (a plain net)"),
        ({"dropout": 0.5}, "bf16", "autograd, cpu, bf16 (has Dropout)"),
        ({"activation": "gelu"}, "fp32", "autograd, cpu, fp32 (has GELU)"),
        ({"activation": "prelu"}, "fp32", "autograd, cpu, fp32 (has PReLU)"),
        ({"batch_norm": True}, "fp32", "autograd, cpu, fp32 (has BatchNorm1d)"),
        ({"dropout": 0.5}, "fp32", "autograd, cpu, fp32 (has Dropout)"),
        ({"input_dropout": 0.5}, "fp32", "autograd, cpu, fp32 (has Dropout)"),
        ({"hidden": [], "input_dropout": 0.5}, "fp32", "autograd, cpu, fp32 (has Dropout)"),
    ],
)
def test_the_way_is_chosen_by_the_net(model: dict, precision: str, name: str) -> None:
    net = build(FCNetModel.model_validate(model), (2, 2), 3)
    assert backprop.choose(net, Classify(), precision).name == name


def test_bf16_rounds_products_and_keeps_fp32_weights() -> None:
    torch.manual_seed(0)
    net = FCNet(50, [40], 5)
    x, y = torch.rand(20, 50), torch.randint(5, (20,))
    exact, _ = backprop.Autograd(net, Classify(), "fp32", "")(x, y)
    rounded, logits = backprop.Autograd(net, Classify(), "bf16", "")(x, y)
    assert logits.dtype == torch.bfloat16
    assert 0 < abs(float(exact - rounded)) < 0.02
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in net.parameters() if p.grad is not None)
