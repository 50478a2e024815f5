"""Least squares in closed form: the output weights of extreme learning machines.

The slides' objective is |beta|_p + C |H beta - T|_q. With squared Euclidean norms and ridge = 1/C, it is solved by
(H^T H + ridge I) beta = H^T T; with ridge 0 by the Moore-Penrose inverse, beta = H^+ T; with p = 1 and l1 = 1/(2C) by
proximal gradient steps. A squared hinge loss takes several least-squares steps.
"""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fcnet.families.elm.solve.gram import Gram

HIDDEN_EPS = torch.finfo(torch.float32).eps  # hidden outputs come from a net in float32

POWER_STEPS = 30  # of the power iteration that estimates a condition number

GAP_EVERY = 20  # steps of the lasso between computations of the duality gap, which costs as much as a step


@dataclass(frozen=True)
class Answer:
    """Output weights.

    Attributes:
        beta: (M, C).
        condition: condition number of the inverted matrix, H^T H + ridge I or H; None if none was inverted.
        facts: further facts about the solution.
    """

    beta: Tensor
    condition: float | None
    facts: dict[str, Any] = field(default_factory=dict)


class NotDefiniteError(ArithmeticError):
    """H^T H + ridge I is not positive definite in this precision."""


def ridge(gram: Gram, penalty: float) -> Answer:
    """Minimise |H beta - T|^2 + penalty |beta|^2, by Cholesky.

    Raises:
        NotDefiniteError: the penalty is too small for rounding errors.
    """
    factor = factorised(gram, penalty)
    beta = torch.cholesky_solve(gram.b, factor, upper=True)
    return Answer(beta, condition_of(factor), {"ridge": penalty})


def factorised(gram: Gram, penalty: float) -> Tensor:
    """Return the upper triangular U (M, M) with U^T U = H^T H + penalty I.

    Raises:
        NotDefiniteError: the penalty is too small for rounding errors.
    """
    factor: Tensor
    factor, info = torch.linalg.cholesky_ex(gram.upper(penalty), upper=True)
    if int(info):
        raise NotDefiniteError
    return factor


def condition_of(factor: Tensor) -> float:
    """Return the condition number of U^T U, from the upper triangular U (M, M): its largest over its least eigenvalue.

    Both are estimated by power iteration, of the matrix and of its inverse, which makes the ratio slightly too small.
    """
    largest = _power(lambda v: factor.T @ (factor @ v), factor)
    return largest * _power(lambda v: torch.cholesky_solve(v, factor, upper=True), factor)


def _power(multiply: Callable[[Tensor], Tensor], like: Tensor) -> float:
    """Return the largest eigenvalue of a symmetric positive matrix (M, M), of size, type and device of ``like``."""
    v = torch.linspace(1, 2, len(like), dtype=like.dtype, device=like.device)[:, None]
    size = torch.zeros(())
    for _ in range(POWER_STEPS):
        v = multiply(v / v.norm())
        size = v.norm()
        if not size:
            break
    return float(size)


@dataclass(frozen=True)
class Spectrum:
    """H^T H = Q diag(values) Q^T: one factorisation for every ridge.

    Attributes:
        values: (M,), ascending; those that rounding made negative are 0.
        vectors: Q (M, M), a column each.
        projected: Q^T H^T T (M, C).
    """

    values: Tensor
    vectors: Tensor
    projected: Tensor

    @classmethod
    def of(cls, gram: Gram) -> "Spectrum":
        """Return the factorisation of the sums so far."""
        values, vectors = torch.linalg.eigh(gram.upper(), UPLO="U")
        return cls(values.clamp_min(0), vectors, vectors.T @ gram.b)

    def rotated(self, penalty: float) -> Tensor:
        """Return Q^T beta (M, C) for a ridge: the outputs are (H Q) times this."""
        return self.projected / (self.values + penalty)[:, None]

    def solve(self, penalty: float) -> Answer:
        """Minimise |H beta - T|^2 + penalty |beta|^2."""
        values = self.values + penalty
        return Answer(self.vectors @ self.rotated(penalty), float(values[-1] / values[0]), {"ridge": penalty})


def left_out(
    spectrum: Spectrum, h: Tensor, t: Tensor, penalties: Sequence[float], counts: Tensor | None = None
) -> Tensor:
    """Return each row's output if that row is left out of the sums, for several ridges: (P, B, C).

    PRESS (Allen 1974): with the leverage g_i = h_i (H^T H + ridge I)^-1 h_i^T of row i, its output from all other rows
    is (y_i - g_i t_i) / (1 - g_i).

    Args:
        spectrum: of all rows.
        h: hidden outputs (B, M) of some of them.
        t: their targets (B, C).
        penalties: the ridges, P of them.
        counts: the weight of each row (B,), 1 by default.
    """
    rotated = h @ spectrum.vectors
    squares = rotated.square() if counts is None else rotated.square() * counts.to(h.dtype)[:, None]
    found = []
    for penalty in penalties:
        outputs = rotated @ spectrum.rotated(penalty)
        leverage = (squares @ (1 / (spectrum.values + penalty)))[:, None]
        found.append((outputs - leverage * t) / (1 - leverage))
    return torch.stack(found)


def pseudo_inverse(h: Tensor, t: Tensor, cutoff: float | None = None) -> Answer:
    """Return H^+ T, the shortest of the solutions with least squared error, by singular values.

    Args:
        h: (N, M).
        t: (N, C).
        cutoff: singular values below this share of the largest count as 0; default: the rounding error of hidden
            outputs in float32.
    """
    u, values, v = torch.linalg.svd(h, full_matrices=False)
    cutoff = HIDDEN_EPS * max(h.shape) if cutoff is None else cutoff
    kept = values > cutoff * values[0]
    inverse = torch.where(kept, 1 / values, 0.0)
    beta = v.T @ (inverse[:, None] * (u.T @ t))
    rank = int(kept.sum())
    return Answer(beta, float(values[0] / values[rank - 1]) if rank else None, {"rank": rank})


class Momentum:
    """Nesterov's momentum, which restarts when it points uphill.

    Nesterov 1983 as in Beck and Teboulle 2009, equations 4.2 and 4.3; O'Donoghue and Candes 2015, section 3.2.

    Attributes:
        ahead: the point at which to compute the next gradient.
    """

    def __init__(self, start: Tensor) -> None:
        self.ahead = self._last = start
        self._momentum = 1.0

    def move(self, new: Tensor, gradient: Tensor) -> None:
        """Record a step to ``new`` along the gradient at ``ahead``."""
        uphill = bool((gradient * (new - self._last)).sum() > 0)
        following = (1 + math.sqrt(1 + 4 * self._momentum**2)) / 2
        self.ahead = new if uphill else new + (self._momentum - 1) / following * (new - self._last)
        self._last, self._momentum = new, 1.0 if uphill else following


def lasso(gram: Gram, l1: float, tolerance: float, steps: int) -> Generator[None, None, Answer]:
    """Minimise 1/2 |H beta - T|^2 + l1 |beta|_1, by FISTA (Beck and Teboulle 2009); yields regularly.

    Stops when the duality gap is at most ``tolerance`` times half of |T|^2, or after ``steps`` steps.
    """
    matrix, b, targets = gram.normal(), gram.b, float(gram.targets)
    largest = 1.02 * _power(lambda v: matrix @ v, matrix)  # the estimate is a little low
    length = 1 / largest if largest else 0.0
    beta = torch.zeros_like(b)
    nesterov, gap, step = Momentum(beta), math.inf, 0
    while gap > tolerance * 0.5 * targets and step < steps:
        step += 1
        ahead = nesterov.ahead
        moved = ahead - length * (matrix @ ahead - b)
        new = moved.sign() * (moved.abs() - length * l1).clamp_min(0)
        nesterov.move(new, ahead - new)
        beta = new
        if step % GAP_EVERY == 0 or step == steps:
            gap = duality_gap(matrix, b, targets, beta, l1)
            yield
    reached = gap <= tolerance * 0.5 * targets
    return Answer(beta, None, {"l1": l1, "steps": step, "gap": gap, "gap_reached": reached})


def duality_gap(matrix: Tensor, b: Tensor, targets: float, beta: Tensor, l1: float) -> float:
    """Return how far 1/2 |H beta - T|^2 + l1 |beta|_1 can be above its minimum, from H^T H, H^T T and |T|^2."""
    product = matrix @ beta
    fitted, crossed = float((beta * product).sum()), float((beta * b).sum())
    squared = fitted - 2 * crossed + targets  # |H beta - T|^2
    slope = float((b - product).abs().max())  # |H^T (T - H beta)|_inf
    scale = min(1.0, l1 / slope) if slope else 1.0
    # The dual point is scale * (T - H beta): T^T u - |u|^2 / 2.
    dual = scale * (targets - crossed) - 0.5 * scale**2 * squared
    return 0.5 * squared + l1 * float(beta.abs().sum()) - dual


Slopes = Callable[[Tensor], Generator[None, None, tuple[Tensor, float]]]


def beyond(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return by how much outputs (B, C) miss targets of 0 and 1; 0 for outputs above a 1 or below a 0."""
    missed = outputs - targets
    return torch.where(targets > 0, missed.clamp_max(0), missed.clamp_min(0))


def squared_hinge(
    gram: Gram, slope: Slopes, penalty: float, steps: int, tolerance: float
) -> Generator[None, None, Answer]:
    """Minimise f = 1/2 |beyond(H beta, T)|^2 + penalty/2 |beta|^2, by accelerated least-squares steps.

    An output beyond its target costs nothing, as in one-vs-rest support vector machines with squared hinge loss.
    H^T H + penalty I is at least the second derivative of f, so each step, a solution with this one factor, lowers f
    (majorisation; Nesterov's momentum as in the lasso). The first step is the ridge solution.

    Args:
        gram: of all rows.
        slope: computes the sums H^T beyond(H beta, T) (M, C) and |beyond(H beta, T)|^2 over all rows; yields regularly.
        penalty: the ridge.
        steps: maximum number of steps.
        tolerance: stops when a step lowers f by less than this share.

    Raises:
        NotDefiniteError: the penalty is too small for rounding errors.
    """
    factor = factorised(gram, penalty)
    yield
    beta = torch.cholesky_solve(gram.b, factor, upper=True)
    nesterov, step, falls = Momentum(beta), 1, True
    while falls and step < steps:
        step += 1
        ahead = nesterov.ahead
        sums, missed = yield from slope(ahead)
        gradient = sums + penalty * ahead
        move = torch.cholesky_solve(gradient, factor, upper=True)
        beta = ahead - move
        falls = bool((gradient * move).sum() > tolerance * (missed + penalty * ahead.square().sum()))
        nesterov.move(beta, gradient)
    return Answer(beta, condition_of(factor), {"ridge": penalty, "steps": step, "tolerance_reached": not falls})
