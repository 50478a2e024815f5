"""Universal approximation: one hidden layer, F(x) = sum_i v_i σ(w_i x + b_i), fitted to a function on [0, 1].

    python scripts/course/universal.py

The hidden units are drawn and the v_i are found by least squares, as in an extreme learning machine; the error falls as
the number m of hidden units grows (slides, theorem 4.1; Cybenko 1989; Hornik et al. 1989).
"""

import math

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, table
from torch import Tensor

SHOWN = (3, 10, 50)
WIDTHS = (1, 2, 3, 5, 10, 20, 50, 100, 200)
STEEPEST = 60.0  # weights are drawn from [-60, 60]: units as narrow as the function's waves


def target(x: Tensor) -> Tensor:
    """Return a continuous function on [0, 1] with waves, a kink and a slope."""
    return torch.sin(3 * math.pi * x) * x + (x - 0.6).abs()


def figure(quick: bool) -> Drawn:
    """Draw some of the fits, and the largest error against the number of units."""
    x = torch.linspace(0, 1, 401 if quick else 1001, dtype=torch.float64)
    draws = 10 if quick else 20
    found = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = found.subplots(1, 2)
    left.plot(x, target(x), color="black", linewidth=2.5, alpha=0.4, label="f(x)")
    medians = []
    for m in WIDTHS:
        fits = [fit(x, m, seed) for seed in range(draws)]
        errors = torch.stack([(one - target(x)).abs().max() for one in fits])
        medians.append(float(errors.median()))
        if m in SHOWN:
            left.plot(x, fits[0], label=f"F(x), m = {m}")
    right.loglog(WIDTHS, medians, marker="o")
    left.set(xlabel="x", title="Fits with m hidden units")
    right.set(xlabel="hidden units m", ylabel="largest |F(x) - f(x)|", title=f"median of {draws} draws")
    left.legend()
    right.grid(alpha=0.3)
    table(["m", "largest error"], [[str(m), f"{error:.5f}"] for m, error in zip(WIDTHS, medians, strict=True)])
    numbers = {f"{m}": error for m, error in zip(WIDTHS, medians, strict=True)}
    see = "with more hidden units, the fit follows the function more closely, and the largest error falls."
    return Drawn(found, numbers, see)


def fit(x: Tensor, m: int, seed: int) -> Tensor:
    """Return F at points x (N,), with m sigmoid units and a constant."""
    drawn = torch.Generator().manual_seed(seed)
    w = (2 * torch.rand(m, generator=drawn, dtype=torch.float64) - 1) * STEEPEST
    centres = torch.rand(m, generator=drawn, dtype=torch.float64)
    h = torch.cat([torch.sigmoid(w * (x[:, None] - centres)), torch.ones_like(x)[:, None]], 1)  # b_i = -w_i centre_i
    return h @ torch.linalg.lstsq(h, target(x)[:, None], driver="gelsd").solution[:, 0]


if __name__ == "__main__":
    draw(figure, __doc__)
