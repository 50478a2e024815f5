"""Gradient descent on a 2-D surface: paths for several learning rates, and with momentum.

    python scripts/course/descent.py

The surface is J(w) = (w1^2 + 10 w2^2) / 2, a valley with ten times the curvature across as along. Above α = 2 / 10,
steps across the valley grow.
"""

import functools

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, table
from torch import Tensor
from words import Words

STEPS = 15
CURVATURES = torch.tensor([1.0, 10.0], dtype=torch.float64)
START = torch.tensor([-9.0, 2.5], dtype=torch.float64)
PATHS = [(0.02, 0.0), (0.1, 0.0), (0.19, 0.0), (0.205, 0.0), (0.1, 0.6)]  # learning rate α, momentum
SEE = "a small rate is slow, 0.19 zigzags, and above 0.2 each step across the valley is longer than the one before."


def figure(quick: bool) -> Drawn:
    """Descend with each setting; ``quick`` changes nothing, as it is always fast."""
    del quick
    paths = {setting: descent(*setting, STEPS) for setting in PATHS}
    numbers = {}
    for setting, path in paths.items():
        name = named(setting, Words("en"))
        numbers |= {f"{name}: J": float(heights(path)[-1]), f"{name}: |w2|": float(path[-1, 1].abs())}
    return Drawn(functools.partial(picture, paths), functools.partial(report, paths), numbers, SEE)


def picture(paths: dict[tuple[float, float], Tensor], say: Words) -> Figure:
    """Draw a contour map with the paths; the legend is below it, because the paths cross all of the map."""
    drawn = Figure(figsize=(9, 6), layout="constrained")
    axes = drawn.subplots()
    across, down = torch.meshgrid(torch.linspace(-10, 3, 200), torch.linspace(-4, 4, 200), indexing="xy")
    surface = 0.5 * (CURVATURES[0] * across**2 + CURVATURES[1] * down**2)
    axes.contour(across, down, surface, levels=[0.5, 2, 5, 10, 20, 40, 60, 80], colors="0.75", linewidths=0.8)
    for setting, path in paths.items():
        axes.plot(path[:, 0], path[:, 1], marker=".", linewidth=1, label=named(setting, say))
    axes.set(xlabel="w1", ylabel="w2", xlim=(-10, 3), ylim=(-4, 4), title="w ← w - α dJ/dw")
    drawn.legend(loc="outside lower center", ncols=len(paths))
    return drawn


def report(paths: dict[tuple[float, float], Tensor], say: Words) -> None:
    """Print J at the start and after some steps of each path."""
    shown = (1, 3, STEPS)
    header = [say("path"), say("J at the start"), *(say("step {step}", step=step) for step in shown)]
    rows = [
        [named(setting, say), *(f"{float(heights(path)[step]):.4g}" for step in (0, *shown))]
        for setting, path in paths.items()
    ]
    table(header, rows)


def named(setting: tuple[float, float], say: Words) -> str:
    """Return the name of a setting: its learning rate, and its momentum if there is any."""
    rate, momentum = setting
    return say("α = {rate:g}, momentum {momentum:g}", rate=rate, momentum=momentum) if momentum else f"α = {rate:g}"


def heights(path: Tensor) -> Tensor:
    """Return J (steps + 1,) along a path (steps + 1, 2)."""
    return 0.5 * (CURVATURES * path**2).sum(1)


def descent(rate: float, momentum: float, steps: int) -> Tensor:
    """Return the positions (steps + 1, 2) of w."""
    path, moved = [START], torch.zeros_like(START)
    for _ in range(steps):
        moved = momentum * moved - rate * CURVATURES * path[-1]
        path.append(path[-1] + moved)
    return torch.stack(path)


if __name__ == "__main__":
    draw(figure, __doc__)
