"""Gradient descent on a 2-D surface: paths for several learning rates, and with momentum.

    python scripts/course/descent.py

The surface is J(w) = (w1^2 + 10 w2^2) / 2, a valley with ten times the curvature across as along. Above α = 2 / 10,
steps across the valley grow.
"""

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, table
from torch import Tensor

STEPS = 15
CURVATURES = torch.tensor([1.0, 10.0], dtype=torch.float64)
START = torch.tensor([-9.0, 2.5], dtype=torch.float64)
PATHS = [(0.02, 0.0), (0.1, 0.0), (0.19, 0.0), (0.205, 0.0), (0.1, 0.6)]  # learning rate α, momentum


def figure(quick: bool) -> Drawn:
    """Draw a contour map with a path for each setting; ``quick`` changes nothing, as it is always fast."""
    del quick
    found = Figure(figsize=(9, 6), layout="constrained")
    axes = found.subplots()
    across, down = torch.meshgrid(torch.linspace(-10, 3, 200), torch.linspace(-4, 4, 200), indexing="xy")
    surface = 0.5 * (CURVATURES[0] * across**2 + CURVATURES[1] * down**2)
    axes.contour(across, down, surface, levels=[0.5, 2, 5, 10, 20, 40, 60, 80], colors="0.75", linewidths=0.8)
    rows, numbers = [], {}
    for rate, momentum in PATHS:
        path = descent(rate, momentum, STEPS)
        name = f"α = {rate:g}" + (f", momentum {momentum:g}" if momentum else "")
        axes.plot(path[:, 0], path[:, 1], marker=".", linewidth=1, label=name)
        height = 0.5 * (CURVATURES * path**2).sum(1)
        rows.append([name, *(f"{float(height[step]):.4g}" for step in (0, 1, 3, STEPS))])
        numbers |= {f"{name}: J": float(height[-1]), f"{name}: |w2|": float(path[-1, 1].abs())}
    axes.set(xlabel="w1", ylabel="w2", xlim=(-10, 3), ylim=(-4, 4), title="w <- w - α dJ/dw")
    axes.legend(loc="lower right")
    table(["path", "J at the start", "1 step", "3 steps", f"{STEPS} steps"], rows)
    see = "a small rate is slow, 0.19 zigzags, and above 0.2 each step across the valley is longer than the one before."
    return Drawn(found, numbers, see)


def descent(rate: float, momentum: float, steps: int) -> Tensor:
    """Return the positions (steps + 1, 2) of w."""
    path, moved = [START], torch.zeros_like(START)
    for _ in range(steps):
        moved = momentum * moved - rate * CURVATURES * path[-1]
        path.append(path[-1] + moved)
    return torch.stack(path)


if __name__ == "__main__":
    draw(figure, __doc__)
