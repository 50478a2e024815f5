"""The factor that makes logits of outputs."""

import pytest
import torch
from scipy import optimize
from torch.nn import functional

from fcnet.training import evaluate


def outputs(noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs near 1 for the class and near 0 for the others, and labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(4, (500,), generator=generator)
    exact = functional.one_hot(labels, 4).double()
    return exact + noise * torch.randn(500, 4, dtype=torch.float64, generator=generator), labels


@pytest.mark.parametrize("noise", [0.3, 1.0, 5.0])
def test_the_best_scale_has_the_least_cross_entropy(noise: float) -> None:
    found, labels = outputs(noise)
    best = optimize.minimize_scalar(
        lambda scale: float(functional.cross_entropy(scale * found, labels)),
        bounds=evaluate.SCALES,
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert evaluate.best_scale(found, labels) == pytest.approx(best.x, rel=1e-4)


def test_outputs_without_a_mistake_have_the_largest() -> None:
    found, labels = outputs(0.0)
    assert evaluate.best_scale(found, labels) == pytest.approx(evaluate.SCALES[1], rel=1e-5)
