"""Stacked linear layers are one linear layer, W = W(3) W(2) W(1): the decision boundary stays a straight line.

    python scripts/course/linear_depth.py

The two-moons data set, classified by a single layer, by three linear ones, and by three with ReLU between them.
"""

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import Drawn, descend, draw, error_rate, table
from sklearn.datasets import make_moons
from torch import Tensor, nn

from fcnet.config.layers import PlainActivation
from fcnet.families.common.fully_connected import FCNet

STEPS, QUICK_STEPS, RATE = 3000, 800, 0.5
NETS: dict[str, tuple[list[int], str]] = {
    "2-2, one layer": ([], "identity"),
    "2-20-20-2, linear": ([20, 20], "identity"),
    "2-20-20-2, ReLU": ([20, 20], "relu"),
}


def figure(quick: bool) -> Drawn:
    """Draw the decision boundary of each net."""
    points, classes = make_moons(400, noise=0.12, random_state=0)
    x, y = torch.from_numpy(points), torch.from_numpy(classes)
    found = Figure(figsize=(11, 3.8), layout="constrained")
    rows, numbers = [], {}
    for axes, (name, (hidden, activation)) in zip(found.subplots(1, 3, sharey=True), NETS.items(), strict=True):
        torch.manual_seed(0)
        model = FCNet(2, hidden, 2, PlainActivation(name=activation)).double()
        losses = [descend(model, x, y, RATE)[0] for _ in range(QUICK_STEPS if quick else STEPS)]
        apart = "-"
        if activation == "identity":
            weight, bias = composed(model)
            with torch.no_grad():
                apart = f"{float((model(x) - (x @ weight.T + bias)).abs().max()):.1e}"
        wrong = error_rate(model, x, y)
        numbers[name] = 100 * (1 - wrong)
        rows.append([name, f"{losses[-1]:.4f}", f"{100 * wrong:.1f} %", apart])
        boundary(axes, model, x, y)
        axes.set_title(f"{name}: accuracy {100 * (1 - wrong):.1f} %")
    table(["net", "loss", "error", "largest |net(x) - (W x + b)|"], rows)
    see = "three linear layers give the same straight boundary as one; with ReLU between them, the boundary bends."
    return Drawn(found, numbers, see)


def boundary(axes: Axes, model: FCNet, x: Tensor, y: Tensor) -> None:
    """Draw the points (N, 2) over the probability of the second class."""
    across, up = torch.linspace(-1.7, 2.7, 150), torch.linspace(-1.2, 1.7, 100)
    grid = torch.stack(torch.meshgrid(across, up, indexing="xy"), -1).double()
    with torch.no_grad():
        probability = model(grid.flatten(0, 1)).softmax(1)[:, 1].reshape(len(up), len(across))
    axes.contourf(across, up, probability, levels=[0, 0.25, 0.5, 0.75, 1], cmap="coolwarm", alpha=0.5)
    axes.scatter(*x.T, c=y, cmap="coolwarm", s=8)
    axes.set(xlabel="x1", ylabel="x2")


def composed(model: FCNet) -> tuple[Tensor, Tensor]:
    """Return W (2, 2) and b (2,) of the single layer that is equivalent to a net of linear layers."""
    weight, bias = torch.eye(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    with torch.no_grad():
        for module in model.children():
            if isinstance(module, nn.Linear):
                weight, bias = module.weight @ weight, module.weight @ bias + module.bias
    return weight, bias


if __name__ == "__main__":
    draw(figure, __doc__)
