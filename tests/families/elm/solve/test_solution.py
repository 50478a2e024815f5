"""Limits of a solution: memory, precision."""

import pytest
import torch

from fcnet.errors import ResourceError
from fcnet.families.elm.config import ELMModel, Solve
from fcnet.families.elm.model import build
from fcnet.families.elm.solve import solution
from fcnet.families.elm.solve.problems import Stage, stages


def stage(hidden: int, **solver: object) -> tuple[Stage, Solve]:
    """The one stage of an ELM, and its settings."""
    spec = ELMModel(kind="elm", hidden=hidden)
    settings = Solve.model_validate({"solver": solver} if solver else {})
    return stages(build(spec, (2, 2), 3), spec, settings.solver)[0], settings


@pytest.mark.parametrize(
    ("solver", "numbers"),
    [
        ({"name": "ridge"}, 3 * 100**2),
        ({"name": "lasso"}, 3 * 100**2),
        ({"name": "ridge", "ridge": [1.0, 2.0]}, 5 * 100**2),
        ({"name": "pinv"}, 3 * 100 * 1000),
    ],
)
def test_what_does_not_fit_is_refused_before(
    monkeypatch: pytest.MonkeyPatch, solver: dict[str, object], numbers: int
) -> None:
    one, settings = stage(100, **solver)
    monkeypatch.setattr(solution, "memory", lambda: 8 * numbers)
    solution.check_memory(one, settings, 1000)
    monkeypatch.setattr(solution, "memory", lambda: 8 * numbers - 1)
    with pytest.raises(ResourceError, match=rf"model\.hidden: is 100; .* needs {8 * numbers:,} bytes"):
        solution.check_memory(one, settings, 1000)
    if solver["name"] == "ridge" and "ridge" not in solver:
        solution.check_memory(one, settings.model_copy(update={"precision": "fp32"}), 1000)


@pytest.mark.parametrize(("ridge", "expected"), [(1e5, torch.float32), (1e-6, torch.float64)])
def test_precision_follows_the_condition_number(ridge: float, expected: torch.dtype) -> None:
    one, settings = stage(50, name="ridge", ridge=ridge)
    one.hidden.weight.normal_(generator=torch.Generator().manual_seed(0))
    inputs = torch.rand(300, 4)
    dtype, why = solution.precision(settings, one, inputs, 1000)
    h = one.hidden(inputs).double()
    exact = float(torch.linalg.cond(h.T @ h * (1000 / 300) + ridge * torch.eye(50, dtype=torch.float64)))
    assert dtype == expected
    assert (exact * torch.finfo(torch.float32).eps > solution.COARSE) == (expected == torch.float64)
    assert "condition number" in why


@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("fp64", torch.float64)])
def test_precision_as_set(name: str, dtype: torch.dtype) -> None:
    one, settings = stage(5)
    settings = settings.model_copy(update={"precision": name})
    assert solution.precision(settings, one, torch.rand(3, 4), 3) == (dtype, "as set")
