"""Every net that has plain layers is computed by them, for all families and options of their configs."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fcnet import families, schema
from fcnet.config.yaml_lines import Layer
from fcnet.families.common import plain

SIZE = (4, 5)
CLASSES = 4

RBF = {"name": "rbf", "width": 2.0}
NETS: dict[str, dict[str, Any]] = {
    "perceptron": {"kind": "fcnet", "hidden": []},
    "deep": {"kind": "fcnet", "hidden": [6, 5], "activation": ["elu", "prelu"], "dropout": 0.5},
    "norm": {"kind": "fcnet", "hidden": [6], "batch_norm": True, "hidden_noise": 0.3, "input_noise": 0.2},
    "maxout": {"kind": "fcnet", "hidden": [6, 3], "activation": "maxout"},
    "ladder": {"kind": "ladder", "hidden": [7, 6]},
    "elm": {"kind": "elm", "hidden": 9},
    "elm rbf": {"kind": "elm", "hidden": 9, "activation": RBF, "weights": "samples", "standardise": True},
    "elm deep": {"kind": "elm", "hidden": 9, "encoders": [{"hidden": 6}, {"kind": "drawn", "hidden": 5}]},
    "elm combined": {"kind": "elm", "hidden": 9, "weights": ["ciw", "c"], "combiner": {"hidden": 8}},
    "centroids": {"kind": "centroids", "hidden": 5},
    "autoencoder": {"kind": "autoencoder", "hidden": [6, 3], "activation": "tanh"},
    "tied": {"kind": "autoencoder", "hidden": [6, 3], "tied": True, "batch_norm": True},
    "k-sparse": {"kind": "autoencoder", "hidden": [8], "sparse": {"name": "k_sparse", "k": 3}},
    "variational": {"kind": "autoencoder", "hidden": [6, 2], "variational": {"beta": 1.0}},
}


def built(model: dict[str, Any]) -> nn.Module:
    """A net of a config, with random numbers for all weights and averages."""
    data = {"train": {"images": "x"}, "image_size": [*SIZE]}
    settings = schema.check([Layer("test", {"data": data, "model": model})])
    torch.manual_seed(0)
    net = families.of(settings.model).build(settings.model, SIZE, CLASSES)
    with torch.no_grad():
        for name, values in net.state_dict().items():
            if values.is_floating_point():
                positive = name.endswith(("running_var", "width", "scale"))
                values.copy_(torch.rand_like(values) + 0.5 if positive else torch.randn_like(values) / 2)
    return net.eval()


@pytest.fixture
def images() -> Tensor:
    return torch.rand(30, SIZE[0] * SIZE[1], generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", NETS)
def test_plain_layers_compute_the_net(name: str, images: Tensor) -> None:
    net = built(NETS[name])
    assert isinstance(net, plain.Describes)
    described = net.described()
    torch.testing.assert_close(plain.run(described.layers, images), net(images), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["autoencoder", "tied", "k-sparse", "variational"])
def test_the_first_layers_of_an_autoencoder_make_its_code(name: str, images: Tensor) -> None:
    net: Any = built(NETS[name])
    described = net.described()
    torch.testing.assert_close(
        plain.run(described.layers[: described.code], images), net.encode(images), atol=2e-5, rtol=1e-4
    )


def test_batch_norm_is_part_of_the_layer_before_it() -> None:
    net: Any = built(NETS["norm"])
    kinds = [type(layer).__name__ for layer in net.described().layers]
    assert kinds == ["Linear", "Pointwise", "Linear"]


def test_a_description_is_a_copy() -> None:
    net: Any = built(NETS["perceptron"])
    layer = net.described().layers[0]
    with torch.no_grad():
        net.fc1.weight.zero_()
    assert bool(layer.weight.any())


def test_unknown_modules_are_refused_by_name() -> None:
    with pytest.raises(plain.Undescribed, match="Softsign is not described"):
        plain.of(nn.Linear(2, 2), nn.Softsign())
    local: Any = built({"kind": "elm", "hidden": 12, "weights": {"name": "lrf", "side": 2, "pool": 2, "stride": 1}})
    with pytest.raises(plain.Undescribed, match="LocalFields is not described"):
        local.described()


def test_a_factor_that_follows_no_linear_layer_stays() -> None:
    factor, shift = torch.tensor([2.0, 3.0]), torch.tensor([1.0, 0.0])
    layers = plain.joined([plain.Pointwise("relu"), plain.Affine(factor, shift)])
    assert plain.run(layers, torch.tensor([[1.0, -1.0]])).tolist() == [[3.0, 0.0]]
