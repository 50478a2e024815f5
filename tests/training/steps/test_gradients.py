"""Back-propagation by hand against autograd."""

import os
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from fcnet.config.layers import ELU, LeakyReLU, PlainActivation
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.objective import Classify
from fcnet.training.steps.by_hand import ByHand
from fcnet.training.steps.gradients import Autograd, choose

ACTIVATIONS = [PlainActivation(name=n) for n in ("relu", "sigmoid", "tanh", "softplus", "identity")] + [
    LeakyReLU(slope=0.2),
    ELU(alpha=0.7),
]


def both(net: FCNet, x: Tensor, y: Tensor, smoothing: float = 0.0) -> tuple[dict, dict]:
    """Loss, logits and gradients by hand and by autograd."""
    found = []
    objective = Classify(smoothing)
    for way in (ByHand(net, objective), Autograd(net, objective, "fp32", "")):
        output = way(x, y)
        assert output.logits is not None
        gradients = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
        found.append({"loss": output.loss, "logits": output.logits} | gradients)
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
    assert choose(net, Classify(), precision).name == name


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", ["relu", "tanh"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_bf16_by_hand_is_near_to_fp32(depth: int, name: str, smoothing: float) -> None:
    """bfloat16 has 8 bits of a number: its rounding is 0.4 %, and a gradient has a few of them.

    Rounding turns some units of ReLU on or off that are near 0, each of 40 here with its whole gradient.
    """
    bound = 0.2 if name == "relu" else 0.03
    torch.manual_seed(depth)
    net = FCNet(50, [40] * depth, 5, PlainActivation(name=name))  # type: ignore[arg-type]
    x, y = torch.rand(64, 50), torch.randint(5, (64,))
    exact = Autograd(net, Classify(smoothing), "fp32", "")(x, y)
    gradients = {key: p.grad.clone() for key, p in net.named_parameters() if p.grad is not None}
    way = ByHand(net, Classify(smoothing), "bf16")
    assert way.dtype == torch.bfloat16
    rounded = way(x.bfloat16(), y)
    assert rounded.logits is not None
    assert rounded.logits.dtype == torch.float32
    torch.testing.assert_close(rounded.logits, exact.logits, rtol=0, atol=0.02)
    torch.testing.assert_close(rounded.loss, exact.loss, rtol=0.01, atol=0)
    for key, p in net.named_parameters():
        assert p.grad is not None
        assert p.grad.dtype == torch.float32
        assert float((p.grad - gradients[key]).norm() / gradients[key].norm()) < bound, key
        if key.startswith("fc1"):
            assert not torch.equal(p.grad, gradients[key])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_reaches_the_loss(precision: str, bad: float) -> None:
    """oneDNN's own ReLU would make 0 of NaN."""
    torch.manual_seed(0)
    net = FCNet(50, [40, 30], 5)
    way = ByHand(net, Classify(), precision)
    with torch.no_grad():
        net.get_parameter("fc1.weight")[3, 4] = bad
        net.get_parameter("fc1.weight")[3, 5] = -bad
    output = way(torch.rand(20, 50).to(way.dtype), torch.randint(5, (20,)))
    assert not output.loss.isfinite()


def test_bf16_needs_no_avx_512() -> None:
    """On a CPU that has none oneDNN has no linear layer for bfloat16, and torch's is taken."""
    program = (
        "import torch\nfrom fcnet.training.steps.by_hand import ByHand\n"
        "from fcnet.families.common.fully_connected import FCNet\n"
        "from fcnet.training.objective import Classify\n"
        "way = ByHand(FCNet(50, [40], 5), Classify(), 'bf16')\n"
        "output = way(torch.rand(20, 50).bfloat16(), torch.randint(5, (20,)))\nassert output.loss.isfinite()\n"
    )
    old = os.environ | {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=old, timeout=120)
    assert done.returncode == 0, done.stderr


def test_bf16_rounds_products_and_keeps_fp32_weights() -> None:
    torch.manual_seed(0)
    net = FCNet(50, [40], 5)
    x, y = torch.rand(20, 50), torch.randint(5, (20,))
    exact = Autograd(net, Classify(), "fp32", "")(x, y)
    rounded = Autograd(net, Classify(), "bf16", "")(x, y)
    assert rounded.logits is not None
    assert rounded.logits.dtype == torch.bfloat16
    assert 0 < abs(float(exact.loss - rounded.loss)) < 0.02
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in net.parameters() if p.grad is not None)
