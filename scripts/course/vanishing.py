"""Saturation and vanishing gradients: the norm of dL/dW(l) by layer, at depth 10, for sigmoid, tanh and ReLU.

    python scripts/course/vanishing.py

At each layer, the error term is multiplied by f'(z) and W^T: sigmoid's derivative is at most 1/4, tanh's at most 1,
ReLU's 0 or 1. Weights are initialised by the usual rule for each (Glorot and Bengio 2010; He et al. 2015).
"""

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, draw, table

from fcnet.config.layers import GainInit, KaimingInit, PlainActivation
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.steps.backprop import back_propagate

DEPTH, WIDTH = 10, 100
INITS = {
    "sigmoid": GainInit(name="xavier_normal"),
    "tanh": GainInit(name="xavier_normal"),
    "relu": KaimingInit(name="kaiming_normal"),
}


def figure(quick: bool) -> Drawn:
    """Draw norms of weight gradients by layer, averaged over several nets."""
    data = Digits.load()
    found = Figure(figsize=(7, 4.5), layout="constrained")
    axes = found.subplots()
    rows, numbers = [], {}
    for name, init in INITS.items():
        norms = []
        for seed in range(2 if quick else 10):
            torch.manual_seed(seed)
            net = FCNet(64, [WIDTH] * DEPTH, 10, PlainActivation(name=name), init=init).double()
            _, layers = back_propagate(net, data.x, data.y)
            norms.append(torch.stack([layer.weight.norm() for layer in layers]))
        mean = torch.stack(norms).log10().mean(0)
        axes.semilogy(range(1, DEPTH + 2), 10**mean, marker="o", label=name)
        rows.append([name, *(f"{10**value:.1e}" for value in mean[[0, 4, 9, 10]].tolist())])
        numbers |= {f"{name}: layer {layer}": 10**value for layer, value in enumerate(mean.tolist(), 1)}
    axes.set(xlabel="layer l (11 is the output layer)", ylabel="norm of dL/dW(l)", xticks=range(1, DEPTH + 2))
    axes.set_title(f"before the first step, {DEPTH} hidden layers of {WIDTH} units")
    axes.grid(alpha=0.3)
    axes.legend()
    table(["activation", "layer 1", "layer 5", "layer 10", "layer 11"], rows)
    see = "going back from the output, sigmoid's gradient shrinks at each layer; tanh's and ReLU's keep their size."
    return Drawn(found, numbers, see)


if __name__ == "__main__":
    draw(figure, __doc__)
