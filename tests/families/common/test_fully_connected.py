"""FCNet against the slides' formulas in float64."""

import copy
import math

import pytest
import torch
from course_program import FCNet as CourseFCNet
from torch import Tensor, nn

from fcnet.config.layers import (
    ELU,
    DefaultInit,
    GainInit,
    KaimingInit,
    LeakyReLU,
    NormalInit,
    PlainActivation,
    PReLU,
    UniformInit,
)
from fcnet.families.common import layers
from fcnet.families.common.fully_connected import FCNet

# The slides' formulas, and those of the papers for gelu and silu.
FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "tanh": lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x)),
    "relu": lambda x: torch.where(x >= 0, x, 0.0),
    "softplus": lambda x: torch.log(1 + torch.exp(x)),
    "gelu": lambda x: x * 0.5 * (1 + torch.erf(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "identity": lambda x: x,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activations_are_the_slides_formulas(name: str) -> None:
    x = torch.linspace(-6, 6, 101, dtype=torch.float64)
    found = layers.activation_module(PlainActivation(name=name), 1)(x)  # type: ignore[arg-type]
    torch.testing.assert_close(found, FORMULAS[name](x), rtol=1e-12, atol=1e-12)


def test_activations_with_parameters() -> None:
    x = torch.tensor([[-2.0, -1.0, 3.0]])
    leaky = layers.activation_module(LeakyReLU(slope=0.1), 3)
    torch.testing.assert_close(leaky(x), torch.tensor([[-0.2, -0.1, 3.0]]))
    elu = layers.activation_module(ELU(alpha=2.0), 3)
    torch.testing.assert_close(elu(x), torch.tensor([[2 * math.expm1(-2), 2 * math.expm1(-1), 3.0]]))
    per_unit = layers.activation_module(PReLU(slope=0.5), 3)
    shared = layers.activation_module(PReLU(shared=True), 3)
    torch.testing.assert_close(per_unit(x), torch.tensor([[-1.0, -0.5, 3.0]]))
    assert [len(module.get_parameter("weight")) for module in (per_unit, shared)] == [3, 1]


@pytest.mark.parametrize("hidden", [(), (7,), (7, 5, 3)])
def test_forward_is_the_slides_recursion(hidden: tuple[int, ...]) -> None:
    net = FCNet(12, hidden, 4, PlainActivation(name="tanh")).double()
    x = torch.rand(5, 12, dtype=torch.float64)
    weights = dict(net.named_parameters())
    a = x
    for layer in range(1, len(hidden) + 2):
        z = a @ weights[f"fc{layer}.weight"].T + weights[f"fc{layer}.bias"]
        a = torch.tanh(z)
    torch.testing.assert_close(net(x), z, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(net(x.reshape(5, 1, 3, 4)), z, rtol=1e-12, atol=1e-12)
    assert list(net.state_dict()) == [f"fc{i}.{part}" for i in range(1, len(hidden) + 2) for part in ("weight", "bias")]


def test_the_course_s_class_loads_our_weights_and_gives_the_same() -> None:
    net = FCNet(784, [500], 10)
    course = CourseFCNet(784, 500, 10)
    course.load_state_dict(net.state_dict(), strict=True)
    x = torch.rand(3, 784)
    torch.testing.assert_close(course(x), net(x))


def weights(init: object) -> tuple[Tensor, Tensor]:
    layer = nn.Linear(400, 300)
    layers.initialise(layer, init)  # type: ignore[arg-type]
    return layer.weight.detach(), layer.bias.detach()


@pytest.mark.parametrize(
    ("init", "std", "bound"),
    [
        (DefaultInit(), 1 / math.sqrt(3 * 400), 1 / math.sqrt(400)),
        (KaimingInit(name="kaiming_uniform"), math.sqrt(2 / 400), math.sqrt(6 / 400)),
        (KaimingInit(name="kaiming_normal", mode="fan_out"), math.sqrt(2 / 300), None),
        (KaimingInit(name="kaiming_normal", a=1.0), math.sqrt(1 / 400), None),
        (GainInit(name="xavier_uniform"), math.sqrt(2 / 700), math.sqrt(6 / 700)),
        (GainInit(name="xavier_normal", gain=2.0), 2 * math.sqrt(2 / 700), None),
        (GainInit(name="orthogonal"), 1 / math.sqrt(400), None),
        (NormalInit(name="normal", std=0.05), 0.05, None),
        (NormalInit(name="trunc_normal", std=0.05), 0.05 * 0.8796, 0.1),
        (UniformInit(bound=0.05), 0.05 / math.sqrt(3), 0.05),
    ],
)
def test_initialisations_have_the_spread_of_their_papers(init: object, std: float, bound: float | None) -> None:
    torch.manual_seed(0)
    weight, bias = weights(init)
    assert float(weight.std()) == pytest.approx(std, rel=0.02)
    if bound is not None:
        assert float(weight.abs().max()) <= bound * 1.0001
    assert isinstance(init, DefaultInit) or not bias.any()
    torch.manual_seed(0)
    assert torch.equal(weights(init)[0], weight)


def test_orthogonal_rows() -> None:
    weight, _ = weights(GainInit(name="orthogonal"))
    torch.testing.assert_close(weight @ weight.T, torch.eye(300), rtol=0, atol=1e-5)


def test_the_default_is_torch_s_own() -> None:
    torch.manual_seed(0)
    net = FCNet(20, [10], 3)
    copied = copy.deepcopy(net)
    torch.manual_seed(0)
    for name in ("fc1", "fc2"):
        layer = copied.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        # FCNet makes a layer and fills it again; the second filling is what counts.
        nn.Linear(layer.in_features, layer.out_features)
        layer.reset_parameters()
    for ours, theirs in zip(net.parameters(), copied.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_noise_of_hidden_units_is_in_units_of_their_normalised_input() -> None:
    batch_norm = layers.NoisyBatchNorm(3, 0.5)
    with torch.no_grad():
        batch_norm.weight.copy_(torch.tensor([1.0, 4.0, 0.0]))
        batch_norm.bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    plain = nn.BatchNorm1d(3)
    plain.load_state_dict(batch_norm.state_dict())
    torch.manual_seed(0)
    z = 7 * torch.randn(20_000, 3) + 5
    noise = batch_norm(z) - plain(z)
    torch.testing.assert_close(noise.std(0), torch.tensor([0.5, 2.0, 0.0]), rtol=0.03, atol=0)
    torch.testing.assert_close(batch_norm.running_var, plain.running_var)
    torch.testing.assert_close(batch_norm.eval()(z), plain.eval()(z))
