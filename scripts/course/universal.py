"""Universal approximation: one hidden layer, F(x) = sum_i v_i σ(w_i x + b_i), fitted to a function on [0, 1].

    python scripts/course/universal.py

The hidden units are drawn and the v_i are found by least squares, as in an extreme learning machine; the error falls as
the number m of hidden units grows (slides, theorem 4.1; Cybenko 1989; Hornik et al. 1989).
"""

import functools
import math

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, logarithmic, table
from torch import Tensor
from words import Words

SHOWN = (3, 10, 50)
WIDTHS = (1, 2, 3, 5, 10, 20, 50, 100, 200)
STEEPEST = 60.0  # weights are drawn from [-60, 60]: units as narrow as the function's waves
SEE = "with more hidden units, the fit follows the function more closely, and the largest error falls."


def target(x: Tensor) -> Tensor:
    """Return a continuous function on [0, 1] with waves, a kink and a slope."""
    return torch.sin(3 * math.pi * x) * x + (x - 0.6).abs()


def figure(quick: bool) -> Drawn:
    """Fit the function with several widths, several times each."""
    x = torch.linspace(0, 1, 401 if quick else 1001, dtype=torch.float64)
    draws = 10 if quick else 20
    fits = {m: [fit(x, m, seed) for seed in range(draws)] for m in WIDTHS}
    medians = {m: float(torch.stack([(one - target(x)).abs().max() for one in fits[m]]).median()) for m in WIDTHS}
    shown = {m: fits[m][0] for m in SHOWN}
    numbers = {f"{m}": error for m, error in medians.items()}
    return Drawn(functools.partial(picture, x, shown, medians, draws), functools.partial(report, medians), numbers, SEE)


def picture(x: Tensor, shown: dict[int, Tensor], medians: dict[int, float], draws: int, say: Words) -> Figure:
    """Draw some of the fits, and the largest error against the number of units."""
    drawn = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = drawn.subplots(1, 2)
    left.plot(x, target(x), color="black", linewidth=5, alpha=0.35, label="f(x)")
    for m, one in shown.items():
        left.plot(x, one, label=f"F(x), m = {m}")
    right.loglog(medians.keys(), medians.values(), marker="o")
    left.set(xlabel="x", title=say("Fits with m hidden units"))
    right.set(xlabel=say("hidden units m"), ylabel=say("largest |F(x) - f(x)|"))
    right.set_title(say("median of {draws} draws", draws=draws))
    left.legend()
    for axis in (right.xaxis, right.yaxis):
        logarithmic(axis)
    right.grid(alpha=0.3)
    return drawn


def report(medians: dict[int, float], say: Words) -> None:
    """Print the largest error of each width."""
    table(["m", say("largest error")], [[str(m), f"{error:.5f}"] for m, error in medians.items()])


def fit(x: Tensor, m: int, seed: int) -> Tensor:
    """Return F at points x (N,), with m sigmoid units and a constant."""
    drawn = torch.Generator().manual_seed(seed)
    w = (2 * torch.rand(m, generator=drawn, dtype=torch.float64) - 1) * STEEPEST
    centres = torch.rand(m, generator=drawn, dtype=torch.float64)
    h = torch.cat([torch.sigmoid(w * (x[:, None] - centres)), torch.ones_like(x)[:, None]], 1)  # b_i = -w_i centre_i
    return h @ torch.linalg.lstsq(h, target(x)[:, None], driver="gelsd").solution[:, 0]


if __name__ == "__main__":
    draw(figure, __doc__)
