"""The slides' back-propagation against autograd, for every activation and depth."""

from typing import get_args

import pytest
import torch
from torch.nn import functional

from fcnet.config.layers import ELU, Activation, LeakyReLU, PlainActivation, PReLU
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.steps.backprop import back_propagate, derivative

PLAIN = get_args(PlainActivation.model_fields["name"].annotation)
ACTIVATIONS: list[Activation] = [
    *(PlainActivation(name=name) for name in PLAIN),
    LeakyReLU(slope=0.2),
    PReLU(slope=-0.3),
    PReLU(slope=0.4, shared=True),
    ELU(alpha=0.7),
]


@pytest.mark.parametrize("depth", range(6))
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
def test_equal_to_autograd(activation: Activation, depth: int) -> None:
    torch.manual_seed(depth)
    net = FCNet(9, [11, 7, 10, 8, 12][:depth], 4, activation).double()
    x, labels = torch.randn(13, 9, dtype=torch.float64), torch.randint(4, (13,))
    loss, layers = back_propagate(net, x, labels)
    expected = functional.cross_entropy(net(x), labels)
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-10, atol=1e-12)
    found: dict[str, torch.Tensor] = {}
    for number, layer in enumerate(layers, 1):
        found |= {f"fc{number}.weight": layer.weight, f"fc{number}.bias": layer.bias}
        if layer.slope is not None:
            found[f"act{number}.weight"] = layer.slope
    assert found.keys() == dict(net.named_parameters()).keys()
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-10, atol=1e-12, msg=name)
    torch.testing.assert_close(layers[-1].a, net(x).detach().softmax(1))


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
def test_derivatives_are_those_of_differences(activation: Activation) -> None:
    f = FCNet(1, [1], 2, activation).double().get_submodule("act1")
    z, step = torch.linspace(-6, 6, 101, dtype=torch.float64)[:, None] + 0.013, 1e-6
    with torch.no_grad():
        expected = (f(z + step) - f(z - step)) / (2 * step)
        torch.testing.assert_close(derivative(f, z), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("model", "told"), [({"dropout": 0.5}, "Dropout"), ({"batch_norm": True}, "BatchNorm1d")])
def test_other_nets_are_refused(model: dict, told: str) -> None:
    net = build(FCNetModel.model_validate(model), (2, 2), 3)
    with pytest.raises(ValueError, match=told):
        back_propagate(net, torch.rand(5, 4), torch.zeros(5, dtype=torch.int64))
