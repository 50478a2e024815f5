"""Linear layers on top of each other are one linear layer, W = W(3) W(2) W(1), and no better when trained.

python scripts/course/linear_depth.py
"""

import torch
from matplotlib.figure import Figure
from pages import Digits, descend, draw, error_rate, net, table
from torch import Tensor, nn

from fcnet.models import FCNet

EPOCHS, RATE, BATCH = 40, 0.05, 50
NETS: dict[str, tuple[list[int], str]] = {
    "64-10": ([], "identity"),
    "64-50-50-10, linear": ([50, 50], "identity"),
    "64-50-50-10, ReLU": ([50, 50], "relu"),
}


def figure(quick: bool) -> Figure:
    """Training loss of a single layer, of a linear deep net, and of one with ReLU."""
    data, epochs = Digits.load(), 3 if quick else EPOCHS
    found = Figure(figsize=(7, 4.5), layout="constrained")
    axes = found.subplots()
    rows = []
    for name, (hidden, activation) in NETS.items():
        model, curve = net(hidden, activation), []
        for epoch in range(epochs):
            order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
            losses = [descend(model, data.x[batch], data.y[batch], RATE)[0] for batch in order.split(BATCH)]
            curve.append(sum(losses) / len(losses))
        axes.semilogy(range(1, epochs + 1), curve, label=name)
        apart = "-"
        if activation == "identity":
            weight, bias = composed(model)
            with torch.no_grad():
                apart = f"{float((model(data.x) - (data.x @ weight.T + bias)).abs().max()):.1e}"
        rows.append([name, f"{curve[-1]:.4f}", f"{100 * error_rate(model, data.test_x, data.test_y):.2f} %", apart])
    axes.set(xlabel="epoch", ylabel="training loss (nats)", title="depth without activations is no depth")
    axes.grid(alpha=0.3)
    axes.legend()
    table(["net", "last loss", "test errors", "largest |net(x) - (W x + b)|"], rows)
    return found


def composed(model: FCNet) -> tuple[Tensor, Tensor]:
    """W (C, D) and b (C,) of the one layer that a net of linear layers is."""
    weight, bias = torch.eye(64, dtype=torch.float64), torch.zeros(64, dtype=torch.float64)
    with torch.no_grad():
        for module in model.children():
            if isinstance(module, nn.Linear):
                weight, bias = module.weight @ weight, module.weight @ bias + module.bias
    return weight, bias


if __name__ == "__main__":
    draw(figure, __doc__)
