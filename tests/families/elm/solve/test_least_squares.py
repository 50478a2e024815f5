"""Output weights in closed form against float64 references: lstsq, pinv, scikit-learn, rows left out for real."""

from collections.abc import Generator

import numpy as np
import pytest
import torch
from scipy import optimize
from sklearn import linear_model
from torch import Tensor

from fcnet.families.elm.solve import least_squares
from fcnet.families.elm.solve.gram import Gram
from fcnet.families.elm.solve.least_squares import NotDefiniteError, Spectrum

N, M, C = 200, 30, 4


@pytest.fixture
def system() -> tuple[Tensor, Tensor, Gram]:
    """H (N, M) and T (N, C) of a well-conditioned problem, and their sums."""
    generator = torch.Generator().manual_seed(1)
    h = torch.randn(N, M, dtype=torch.float64, generator=generator)
    t = h @ torch.randn(M, C, dtype=torch.float64, generator=generator) + torch.randn(
        N, C, dtype=torch.float64, generator=generator
    )
    return h, t, summed(h, t)


def summed(h: Tensor, t: Tensor, counts: Tensor | None = None) -> Gram:
    """The sums of H and T."""
    sums = Gram(h.shape[1], t.shape[1], h.dtype, h.device)
    sums.add(h, t, counts)
    return sums


def test_a_vanishing_ridge_is_least_squares(system: tuple[Tensor, Tensor, Gram]) -> None:
    h, t, sums = system
    found = least_squares.ridge(sums, 1e-12).beta
    torch.testing.assert_close(found, torch.linalg.lstsq(h, t).solution, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("penalty", [1e-3, 1.0, 1e3])
def test_ridge_is_scikit_learns(system: tuple[Tensor, Tensor, Gram], penalty: float) -> None:
    h, t, sums = system
    expected = linear_model.Ridge(alpha=penalty, fit_intercept=False).fit(h.numpy(), t.numpy()).coef_.T
    answer = least_squares.ridge(sums, penalty)
    np.testing.assert_allclose(answer.beta.numpy(), expected, rtol=1e-8, atol=1e-10)
    assert answer.facts == {"ridge": penalty}


def test_pseudo_inverse_is_torchs(system: tuple[Tensor, Tensor, Gram]) -> None:
    h, t, _ = system
    answer = least_squares.pseudo_inverse(h, t)
    torch.testing.assert_close(answer.beta, torch.linalg.pinv(h) @ t, rtol=1e-8, atol=1e-8)
    assert answer.facts == {"rank": M}
    assert answer.condition == pytest.approx(float(torch.linalg.cond(h)), rel=1e-8)


def test_pseudo_inverse_with_more_units_than_rows_is_the_shortest_solution() -> None:
    generator = torch.Generator().manual_seed(2)
    h = torch.randn(20, 50, dtype=torch.float64, generator=generator)
    t = torch.randn(20, 3, dtype=torch.float64, generator=generator)
    answer = least_squares.pseudo_inverse(h, t)
    torch.testing.assert_close(answer.beta, torch.linalg.pinv(h) @ t, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(h @ answer.beta, t, rtol=1e-8, atol=1e-8)


def test_pseudo_inverse_leaves_doubled_and_dark_columns_out(system: tuple[Tensor, Tensor, Gram]) -> None:
    h, t, _ = system
    doubled = torch.cat([h, h[:, :1], torch.zeros(N, 1, dtype=torch.float64)], 1)
    answer = least_squares.pseudo_inverse(doubled, t)
    assert answer.facts == {"rank": M}
    torch.testing.assert_close(doubled @ answer.beta, h @ torch.linalg.lstsq(h, t).solution, rtol=1e-8, atol=1e-8)


def test_pseudo_inverse_of_zeros_is_zero() -> None:
    answer = least_squares.pseudo_inverse(torch.zeros(5, 3), torch.ones(5, 2))
    assert torch.equal(answer.beta, torch.zeros(3, 2))
    assert answer.facts == {"rank": 0}


def test_condition_number(system: tuple[Tensor, Tensor, Gram]) -> None:
    h, _, sums = system
    for penalty in (1e-6, 10.0):
        expected = float(torch.linalg.cond(h.T @ h + penalty * torch.eye(M, dtype=torch.float64)))
        assert least_squares.ridge(sums, penalty).condition == pytest.approx(expected, rel=0.1)
        assert Spectrum.of(sums).solve(penalty).condition == pytest.approx(expected, rel=1e-6)


def test_a_ridge_below_rounding_is_refused(system: tuple[Tensor, Tensor, Gram]) -> None:
    h, t, _ = system
    doubled = torch.cat([h, h], 1) * 1e3
    with pytest.raises(NotDefiniteError):
        least_squares.ridge(summed(doubled.float(), t.float()), 1e-12)


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 10.0, 1e4])
def test_the_path_is_separate_solutions(system: tuple[Tensor, Tensor, Gram], penalty: float) -> None:
    _, _, sums = system
    found = Spectrum.of(sums).solve(penalty).beta
    torch.testing.assert_close(found, least_squares.ridge(sums, penalty).beta, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_left_out_is_leaving_out(system: tuple[Tensor, Tensor, Gram], weighted: bool) -> None:
    """PRESS against solving without each row, one after the other."""
    h, t = (one[:40] for one in system[:2])
    counts = torch.linspace(0.5, 2, 40, dtype=torch.float64) if weighted else None
    penalties = [0.1, 5.0]
    found = least_squares.left_out(Spectrum.of(summed(h, t, counts)), h, t, penalties, counts)
    for number, penalty in enumerate(penalties):
        for row in range(40):
            others = torch.arange(40) != row
            beta = least_squares.ridge(
                summed(h[others], t[others], None if counts is None else counts[others]), penalty
            ).beta
            torch.testing.assert_close(found[number, row], h[row] @ beta, rtol=1e-8, atol=1e-8)


def ended(generator: Generator[None, None, least_squares.Answer]) -> least_squares.Answer:
    """What a solver comes to."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            answer: least_squares.Answer = end.value
            return answer


def run_lasso(sums: Gram, l1: float, tolerance: float = 1e-12, steps: int = 20_000) -> least_squares.Answer:
    """The lasso, to its end."""
    return ended(least_squares.lasso(sums, l1, tolerance, steps))


@pytest.mark.parametrize("l1", [0.1, 20.0, 150.0])
def test_lasso_is_scikit_learns(system: tuple[Tensor, Tensor, Gram], l1: float) -> None:
    h, t, sums = system
    # scikit-learn divides the squared error by the number of rows.
    reference = linear_model.Lasso(alpha=l1 / N, fit_intercept=False, tol=1e-14, max_iter=1_000_000)
    answer = run_lasso(sums, l1)
    np.testing.assert_allclose(answer.beta.numpy(), reference.fit(h.numpy(), t.numpy()).coef_.T, atol=1e-6)
    assert answer.facts["gap_reached"]
    assert ((answer.beta == 0).numpy() == (reference.coef_.T == 0)).all()


def test_a_large_penalty_leaves_nothing(system: tuple[Tensor, Tensor, Gram]) -> None:
    _, _, sums = system
    assert not run_lasso(sums, 1.01 * float(sums.b.abs().max())).beta.any()
    assert run_lasso(sums, 0.9 * float(sums.b.abs().max())).beta.any()


def test_lasso_tells_where_its_steps_did_not_do(system: tuple[Tensor, Tensor, Gram]) -> None:
    answer = run_lasso(system[2], 0.1, tolerance=1e-14, steps=3)
    assert answer.facts["steps"] == 3
    assert not answer.facts["gap_reached"]


def test_the_duality_gap_bounds_the_distance(system: tuple[Tensor, Tensor, Gram]) -> None:
    h, t, sums = system

    def value(beta: Tensor) -> float:
        return float(0.5 * (h @ beta - t).square().sum() + 20 * beta.abs().sum())

    least = value(run_lasso(sums, 20.0).beta)
    for steps in (1, 5, 20):
        answer = run_lasso(sums, 20.0, steps=steps)
        assert answer.facts["gap"] >= value(answer.beta) - least - 1e-9


def hinge_value(beta: np.ndarray, h: np.ndarray, own: np.ndarray, penalty: float, counts: np.ndarray) -> float:
    """The slides' kind of objective with a squared hinge, by its definition: labels 1 and -1, margin 1, halved."""
    signs = np.where(own, 1.0, -1.0)
    outputs = 2 * h @ beta.reshape(h.shape[1], -1) - 1
    hinges = np.maximum(0, 1 - signs * outputs) / 2
    return float((counts[:, None] * hinges**2).sum() + penalty * (beta**2).sum()) / 2


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", [0.1, 10.0])
def test_squared_hinge_is_the_minimum(penalty: float, weighted: bool) -> None:
    """Against scipy's minimiser, which is told the objective alone, and no gradient."""
    generator = torch.Generator().manual_seed(3)
    h = torch.randn(60, 5, dtype=torch.float64, generator=generator)
    own = torch.randint(3, (60,), generator=generator)[:, None] == torch.arange(3)
    t = own.double()
    counts = torch.rand(60, dtype=torch.float64, generator=generator) if weighted else torch.ones(60).double()

    def slope(beta: Tensor) -> Generator[None, None, tuple[Tensor, float]]:
        yield
        v = least_squares.beyond(h @ beta, t)
        return h.T @ (counts[:, None] * v), float((counts[:, None] * v**2).sum())

    answer = ended(least_squares.squared_hinge(summed(h, t, counts), slope, penalty, 500, 1e-14))
    assert answer.facts["tolerance_reached"]
    fixed = (h.numpy(), own.numpy(), penalty, counts.numpy())
    reference = optimize.minimize(hinge_value, np.zeros(15), fixed, method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(answer.beta.numpy(), reference.x.reshape(5, 3), atol=1e-5)
    assert hinge_value(answer.beta.numpy().ravel(), *fixed) <= reference.fun + 1e-12


def test_one_squared_hinge_step_is_ridge(system: tuple[Tensor, Tensor, Gram]) -> None:
    _, _, sums = system

    def never(beta: Tensor) -> Generator[None, None, tuple[Tensor, float]]:
        raise AssertionError(beta)
        yield

    answer = ended(least_squares.squared_hinge(sums, never, 0.5, 1, 1e-6))
    assert torch.equal(answer.beta, least_squares.ridge(sums, 0.5).beta)
    assert answer.facts == {"ridge": 0.5, "steps": 1, "tolerance_reached": False}
