"""Stacked linear layers are one linear layer, W = W(3) W(2) W(1): the decision boundary stays a straight line.

    python scripts/course/linear_depth.py

The two-moons data set, classified by a single layer, by three linear ones, and by three with ReLU between them.
"""

import functools
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import Drawn, descend, draw, error_rate, table
from sklearn.datasets import make_moons
from torch import Tensor, nn
from words import Words

from fcnet.config.layers import PlainActivation
from fcnet.families.common.fully_connected import FCNet

STEPS, QUICK_STEPS, RATE = 3000, 800, 0.5
NETS: dict[str, tuple[list[int], str]] = {
    "one layer, 2-2": ([], "identity"),
    "three linear layers, 2-20-20-2": ([20, 20], "identity"),
    "three layers with ReLU, 2-20-20-2": ([20, 20], "relu"),
}
SEE = "three linear layers give the same straight boundary as one; with ReLU between them, the boundary bends."


@dataclass(frozen=True)
class Trained:
    """A net after training.

    Attributes:
        name: what it is made of.
        model: the net.
        loss: training loss, in nats.
        right: accuracy on the training points, in per cent.
        apart: largest difference from the single layer that is equivalent to it; None if it is not linear.
    """

    name: str
    model: FCNet
    loss: float
    right: float
    apart: float | None


def figure(quick: bool) -> Drawn:
    """Train each net on the two moons."""
    points, classes = make_moons(400, noise=0.12, random_state=0)
    x, y = torch.from_numpy(points), torch.from_numpy(classes)
    found = [trained(name, *spec, x, y, QUICK_STEPS if quick else STEPS) for name, spec in NETS.items()]
    numbers = {one.name: one.right for one in found}
    return Drawn(functools.partial(picture, found, x, y), functools.partial(report, found), numbers, SEE)


def trained(name: str, hidden: list[int], activation: str, x: Tensor, y: Tensor, steps: int) -> Trained:
    """Return a net that was trained by gradient descent on points x (N, 2) of classes y (N,)."""
    torch.manual_seed(0)
    model = FCNet(2, hidden, 2, PlainActivation(name=activation)).double()
    losses = [descend(model, x, y, RATE)[0] for _ in range(steps)]
    apart = None
    if activation == "identity":
        weight, bias = composed(model)
        with torch.no_grad():
            apart = float((model(x) - (x @ weight.T + bias)).abs().max())
    return Trained(name, model, losses[-1], 100 * (1 - error_rate(model, x, y)), apart)


def picture(found: list[Trained], x: Tensor, y: Tensor, say: Words) -> Figure:
    """Draw the decision boundary of each net."""
    drawn = Figure(figsize=(11, 3.8), layout="constrained")
    several = drawn.subplots(1, len(found), sharey=True)
    for axes, one in zip(several, found, strict=True):
        boundary(axes, one.model, x, y)
        axes.set(xlabel="x1")
        axes.set_title(f"{say(one.name)}\n{say('accuracy {right:.1f} %', right=one.right)}", fontsize=11)
    several[0].set_ylabel("x2")
    return drawn


def report(found: list[Trained], say: Words) -> None:
    """Print loss, accuracy, and how far each net is from a single layer."""
    header = [say("net"), say("loss"), say("accuracy"), say("largest |net(x) - (W x + b)|")]
    rows = [
        [say(one.name), f"{one.loss:.4f}", f"{one.right:.1f} %", "-" if one.apart is None else f"{one.apart:.1e}"]
        for one in found
    ]
    table(header, rows)


def boundary(axes: Axes, model: FCNet, x: Tensor, y: Tensor) -> None:
    """Draw the points (N, 2) over the probability of the second class."""
    across, up = torch.linspace(-1.7, 2.7, 150), torch.linspace(-1.2, 1.7, 100)
    grid = torch.stack(torch.meshgrid(across, up, indexing="xy"), -1).double()
    with torch.no_grad():
        probability = model(grid.flatten(0, 1)).softmax(1)[:, 1].reshape(len(up), len(across))
    axes.contourf(across, up, probability, levels=[0, 0.25, 0.5, 0.75, 1], cmap="coolwarm", alpha=0.5)
    axes.scatter(*x.T, c=y, cmap="coolwarm", s=8)


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
