"""Saturation and vanishing gradients: the norm of dL/dW(l) by layer, at depth 10, for sigmoid, tanh and ReLU.

    python scripts/course/vanishing.py

At each layer, the error term is multiplied by f'(z) and W^T: sigmoid's derivative is at most 1/4, tanh's at most 1,
ReLU's 0 or 1. Weights are initialised by the usual rule for each (Glorot and Bengio 2010; He et al. 2015).
"""

import functools

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, draw, logarithmic, power_of_ten, table
from words import Words

from fcnet.config.layers import GainInit, KaimingInit, PlainActivation
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.steps.backprop import back_propagate

DEPTH, WIDTH = 10, 100
SHOWN = {"relu": "ReLU"}  # in the figure
SEE = "going back from the output, sigmoid's gradient shrinks at each layer; tanh's and ReLU's keep their size."
INITS = {
    "sigmoid": GainInit(name="xavier_normal"),
    "tanh": GainInit(name="xavier_normal"),
    "relu": KaimingInit(name="kaiming_normal"),
}


def figure(quick: bool) -> Drawn:
    """Compute the norms of weight gradients by layer, averaged over several nets."""
    data = Digits.load()
    found = {}
    for name, init in INITS.items():
        norms = []
        for seed in range(2 if quick else 10):
            torch.manual_seed(seed)
            net = FCNet(64, [WIDTH] * DEPTH, 10, PlainActivation(name=name), init=init).double()
            _, layers = back_propagate(net, data.x, data.y)
            norms.append(torch.stack([layer.weight.norm() for layer in layers]))
        found[name] = (10 ** torch.stack(norms).log10().mean(0)).tolist()
    numbers = {f"{name}: layer {i}": norm for name, norms in found.items() for i, norm in enumerate(norms, 1)}
    return Drawn(functools.partial(picture, found), functools.partial(report, found), numbers, SEE)


def picture(found: dict[str, list[float]], say: Words) -> Figure:
    """Draw the norms by layer."""
    drawn = Figure(figsize=(7, 4.5), layout="constrained")
    axes = drawn.subplots()
    for name, norms in found.items():
        axes.semilogy(range(1, DEPTH + 2), norms, marker="o", label=SHOWN.get(name, name))
    axes.set(xlabel=say("layer l ({last} is the output layer)", last=DEPTH + 1), xticks=range(1, DEPTH + 2))
    axes.set_ylabel(say("norm of dL/dW(l)"))
    axes.set_title(say("before the first step, {depth} hidden layers of {width} units", depth=DEPTH, width=WIDTH))
    logarithmic(axes.yaxis, power_of_ten)
    axes.grid(alpha=0.3)
    axes.legend()
    return drawn


def report(found: dict[str, list[float]], say: Words) -> None:
    """Print the norms of some layers."""
    some = (1, DEPTH // 2, DEPTH, DEPTH + 1)
    rows = [[SHOWN.get(name, name), *(f"{norms[i - 1]:.1e}" for i in some)] for name, norms in found.items()]
    table([say("activation"), *(say("layer {layer}", layer=i) for i in some)], rows)


if __name__ == "__main__":
    draw(figure, __doc__)
