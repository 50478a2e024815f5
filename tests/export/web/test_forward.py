"""What a page computes is what torch computes: every kind of layer, and the gradients of explanations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fcnet.config.layers import ELU, Activation, LeakyReLU, Maxout, PlainActivation, PReLU
from fcnet.export.web import packing
from fcnet.families.common import plain
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.common.plain import (
    Affine,
    KLargest,
    Layer,
    Linear,
    Parallel,
    Plain,
    Pointwise,
    Radial,
    Standardised,
)
from helpers import page_scripts

CLASSES = 5


def matrix(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def net(activation: Activation, **options: Any) -> tuple[Layer, ...]:
    torch.manual_seed(1)
    made = FCNet(12, [7, 6], CLASSES, activation, **options)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm1d):
            averages: Any = module
            for values in (module.weight, module.bias, averages.running_mean):
                nn.init.normal_(values)
            nn.init.uniform_(averages.running_var, 0.5, 2)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, 0.1, 0.4)
    return made.eval().described().layers


NETS: dict[str, tuple[Layer, ...]] = {
    "perceptron": FCNet(12, [], CLASSES).described().layers,
    **{
        name: net(PlainActivation(name=name))
        for name in ("sigmoid", "tanh", "relu", "softplus", "gelu", "silu", "identity")
    },
    "leaky": net(LeakyReLU(slope=0.2)),
    "prelu": net(PReLU()),
    "prelu, shared": net(PReLU(shared=True)),
    "elu": net(ELU(alpha=1.5)),
    "maxout": net(Maxout(pieces=3)),
    "batch norm": net(PlainActivation(name="relu"), batch_norm=True),
    "no bias": net(PlainActivation(name="relu"), bias=False),
    "radial": (Standardised(), Radial(matrix(9, 12), 3.0), Linear(matrix(CLASSES, 9))),
    "factors": (
        Affine(torch.linspace(-1, 1, 12), torch.ones(12)),
        Linear(matrix(CLASSES, 12)),
        Pointwise("relu"),
        Affine(torch.tensor(3.0), torch.tensor(0.5)),
    ),
    "k largest": (Linear(matrix(9, 12)), KLargest(4), Linear(matrix(CLASSES, 9))),
    "machines": (
        Parallel(((Linear(matrix(4, 12)), Pointwise("tanh")), (Linear(matrix(3, 12, 1)), Pointwise("relu")))),
        Linear(matrix(CLASSES, 7)),
    ),
}


@pytest.fixture
def x() -> Tensor:
    return torch.rand(4, 12, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_pages_compute_what_torch_computes(tmp_path: Path, x: Tensor, precision: packing.Precision) -> None:
    packed = {name: packing.pack(Plain(layers), precision) for name, layers in NETS.items()}
    expression = "input.nets.map((net) => input.x.map((x) => last(trace(decoded(net), Float32Array.from(x)))))"
    found = page_scripts.run(tmp_path, expression, {"nets": [one.layers for one in packed.values()], "x": x.tolist()})
    for (name, one), outputs in zip(packed.items(), found, strict=True):
        wanted = plain.run(one.net.layers, x)
        np.testing.assert_allclose(outputs, wanted.detach().numpy(), atol=2e-5, err_msg=name)


def test_contributions_are_input_times_gradient(tmp_path: Path, x: Tensor) -> None:
    """Against torch's own gradients, of the answer for class 2 against the mean of the others."""
    packed = {name: packing.pack(Plain(layers), "fp16") for name, layers in NETS.items()}
    expression = """input.nets.map(decoded).map((net) => input.x.map((x) => {
        const values = trace(net, Float32Array.from(x));
        return contributions(net, values, 2);
    }))"""
    found = page_scripts.run(tmp_path, expression, {"nets": [one.layers for one in packed.values()], "x": x.tolist()})
    for (name, one), outputs in zip(packed.items(), found, strict=True):
        inputs = x.clone().requires_grad_()
        logits = plain.run(one.net.layers, inputs)
        others = [i for i in range(CLASSES) if i != 2]
        (logits[:, 2] - logits[:, others].mean(1)).sum().backward()
        assert inputs.grad is not None
        wanted = x * inputs.grad
        np.testing.assert_allclose(outputs, wanted.numpy(), atol=1e-4, err_msg=name)


def test_units_are_those_that_add_most(tmp_path: Path, x: Tensor) -> None:
    layers = NETS["relu"]
    packed = packing.pack(Plain(layers), "fp16")
    expression = """(() => {
        const net = decoded(input.net), values = trace(net, Float32Array.from(input.x));
        return units(net, values, 1, 3).map(({unit, value, weights}) => ({unit, value, first: weights[0]}));
    })()"""
    found = page_scripts.run(tmp_path, expression, {"net": packed.layers, "x": x[0].tolist()})
    first, hidden = packed.net.layers[0], plain.run(packed.net.layers[:2], x[:1]).detach().requires_grad_()
    logits = plain.run(packed.net.layers[2:], hidden)[0]
    (logits[1] - (logits.sum() - logits[1]) / (CLASSES - 1)).backward()
    assert hidden.grad is not None
    added = (hidden * hidden.grad)[0].detach()
    order = [i for i in added.argsort(descending=True).tolist() if added[i] > 0][:3]
    assert [one["unit"] for one in found] == order
    assert isinstance(first, Linear)
    for one in found:
        assert one["value"] == pytest.approx(float(added[one["unit"]]), abs=1e-5)
        assert one["first"] == float(first.weight[one["unit"], 0])


def test_the_weights_of_a_perceptron_and_its_biases_are_its_answer(tmp_path: Path, x: Tensor) -> None:
    packed = packing.pack(Plain(NETS["perceptron"]), "fp16")
    expression = "input.x.map((x) => ownWeights(decoded(input.net), 3))"
    found = page_scripts.run(tmp_path, expression, {"net": packed.layers, "x": x.tolist()})
    layer = packed.net.layers[0]
    assert isinstance(layer, Linear)
    assert layer.bias is not None
    question = np.full(CLASSES, -1 / (CLASSES - 1))
    question[3] = 1
    answer = plain.run([layer], x).detach().numpy() @ question
    total = (np.array(found) * x.numpy()).sum(1) + layer.bias.detach().numpy() @ question
    np.testing.assert_allclose(total, answer, atol=1e-5)


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [800.0, 1.0, -700.0], [1.0, 2.0, 3.0]])
def test_probabilities_are_softmax(tmp_path: Path, values: Sequence[float]) -> None:
    found = page_scripts.run(tmp_path, "softmax(input)", values)
    np.testing.assert_allclose(found, torch.tensor(values).double().softmax(0), atol=1e-12)
