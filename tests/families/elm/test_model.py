"""The module of an ELM against its formulas, and what a config builds."""

import numpy as np
import pytest
import torch
from torch import Tensor

from fcnet import families
from fcnet.families.elm.config import ELMModel
from fcnet.families.elm.model import ELM, build
from fcnet.families.fcnet.config import FCNetModel
from fcnet.training.optim.parameters import weight_matrices

X = torch.rand(9, 36, generator=torch.Generator().manual_seed(0))


def filled(**spec: object) -> ELM:
    """An ELM whose weights are all random."""
    model = build(ELMModel.model_validate({"kind": "elm", "hidden": 8} | spec), (6, 6), 3)
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def sigmoid(x: Tensor) -> Tensor:
    """The slides' logistic function."""
    return 1 / (1 + torch.exp(-x))


def test_outputs_are_the_slides_sum() -> None:
    """f(x) = sum_i beta_i h_i(x), times the scale."""
    model = filled()
    weight, bias, beta = (
        model.get_parameter(f"machines.0.{name}") for name in ("hidden.weight", "hidden.bias", "readout.weight")
    )
    h = sigmoid(X @ weight.T + bias)
    expected = model.scale * torch.stack([h[:, [i]] * beta[:, i] for i in range(8)]).sum(0)
    torch.testing.assert_close(model(X), expected)
    torch.testing.assert_close(model(X.reshape(9, 1, 6, 6)), expected)


def test_encoders_come_first() -> None:
    model = filled(encoders=[{"hidden": 5, "activation": "tanh"}, {"hidden": 4}])
    assert len(model.encoders) == 2
    first, second = (model.get_parameter(f"encoders.{i}.weight") for i in range(2))
    encoded = sigmoid(torch.tanh(X @ first.T) @ second.T)
    torch.testing.assert_close(model(X), model.scale * model.machines[0](encoded))


def test_images_are_standardised_one_by_one() -> None:
    """The mean of an image's pixels becomes 0 and their standard deviation 1, by NumPy; even images become all 0."""
    images = torch.cat([X, torch.full((1, 36), 0.7)])
    pixels = images.double().numpy()
    rows = [(one - one.mean()) / one.std() if np.ptp(one) else 0 * one for one in pixels]
    model = filled(standardise=True, encoders=[{"hidden": 5}])
    plain = filled(encoders=[{"hidden": 5}])
    expected = plain(torch.from_numpy(np.stack(rows)).float())
    torch.testing.assert_close(model(images), expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(plain(images), expected, atol=1e-2)


def test_a_combiner_takes_the_machines_outputs() -> None:
    model = filled(weights=["ciw", "c"], combiner={"hidden": 7})
    side_by_side = torch.cat([machine(X) for machine in model.machines], 1)
    assert side_by_side.shape == (9, 6)
    assert model.combiner is not None
    torch.testing.assert_close(model(X), model.scale * model.combiner(side_by_side))


def test_nothing_is_trained_by_gradients() -> None:
    assert not any(parameter.requires_grad for parameter in filled(encoders=[{"hidden": 5}]).parameters())


@pytest.mark.parametrize(
    ("spec", "sizes", "weights"),
    [
        (FCNetModel(hidden=[5, 4]), "36-5-4-3", 36 * 5 + 5 * 4 + 4 * 3),
        (FCNetModel(hidden=[]), "36-3", 36 * 3),
        (ELMModel(kind="elm", hidden=8), "36-8-3", 36 * 8 + 8 * 3),
        (
            ELMModel.model_validate({"kind": "elm", "hidden": 8, "encoders": [{"hidden": 5}]}),
            "36-5-8-3",
            36 * 5 + 5 * 8 + 8 * 3,
        ),
        (
            ELMModel.model_validate({"kind": "elm", "hidden": 8, "weights": ["c", "ciw"], "combiner": {"hidden": 7}}),
            "36-2x8-7-3",
            2 * (36 * 8 + 8 * 3) + 6 * 7 + 7 * 3,
        ),
    ],
)
def test_sizes_of_every_kind(spec: FCNetModel | ELMModel, sizes: str, weights: int) -> None:
    assert "-".join(spec.layer_sizes((6, 6), 3)) == sizes
    built = families.of(spec).build(spec, (6, 6), 3)
    assert sum(matrix.numel() for matrix in weight_matrices(built)) == weights
    assert sum(parameter.numel() for parameter in built.parameters() if parameter.ndim == 2) == weights
