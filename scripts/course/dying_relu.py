"""Dying ReLU: a unit that is 0 for every training image has no gradient, and never recovers.

    python scripts/course/dying_relu.py

A few steps with too large a learning rate move units to where they are never above 0; then training continues with a
small rate. The figure shows the share of hidden units whose error term is then 0 for every training image, for ReLU,
and for LeakyReLU, whose derivative below 0 is γ.
"""

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, descend, draw, error_rate, net, table
from torch import Tensor

from fcnet.config.layers import LeakyReLU, PlainActivation
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.steps.backprop import back_propagate

HIDDEN, BATCH = [100, 100], 50
RATES = [0.1, 0.5, 1.0, 1.25, 1.5, 2.0]  # of the first steps
FIRST, SMALL, EPOCHS = 10, 0.1, 30
SHOWN = {"ReLU": PlainActivation(name="relu"), "LeakyReLU, γ = 0.1": LeakyReLU(slope=0.1)}


def figure(quick: bool) -> Drawn:
    """Draw dead units and test error against the rate of the first steps, averaged over several nets."""
    data, seeds, epochs = Digits.load(), range(1 if quick else 5), 20 if quick else EPOCHS
    rates = [RATES[0], RATES[-1]] if quick else RATES
    found = Figure(figsize=(9, 4), layout="constrained")
    left, right = found.subplots(1, 2)
    rows, numbers = [], {}
    for name, spec in SHOWN.items():
        dead, errors = [], []
        for rate in rates:
            models = [trained(net(HIDDEN, spec, seed), data, rate, epochs) for seed in seeds]
            dead.append(100 * sum(dead_units(model, data.x, data.y) for model in models) / len(models))
            errors.append(100 * sum(error_rate(model, data.test_x, data.test_y) for model in models) / len(models))
            rows.append([name, f"{rate:g}", f"{dead[-1]:.1f} %", f"{errors[-1]:.1f} %"])
        numbers |= {f"{name}: dead at {rate:g}": share for rate, share in zip(rates, dead, strict=True)}
        numbers |= {f"{name}: wrong at {rate:g}": share for rate, share in zip(rates, errors, strict=True)}
        left.plot(rates, dead, marker="o", label=name)
        right.plot(rates, errors, marker="o", label=name)
    left.set(ylabel="hidden units without a gradient (%)", title="dead units")
    right.set(ylabel="test error (%)", title="test error")
    for axes in (left, right):
        axes.set_xlabel(f"learning rate of the first {FIRST} steps, then {SMALL}")
        axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
        axes.grid(alpha=0.3)
        axes.legend()
    table(["activation", "first rate", "dead units", "test error"], rows)
    see = "if the first steps are too large, a fifth of ReLU's units stay dead; none of LeakyReLU's do."
    return Drawn(found, numbers, see)


def trained(model: FCNet, data: Digits, rate: float, epochs: int) -> FCNet:
    """Train a net for some steps with a rate, then with a small one; return it."""
    step = 0
    for epoch in range(epochs):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
        for batch in order.split(BATCH):
            descend(model, data.x[batch], data.y[batch], rate if step < FIRST else SMALL)
            step += 1
    return model


def dead_units(model: FCNet, x: Tensor, y: Tensor) -> float:
    """Return the share of hidden units whose error term is 0 for all images."""
    _, layers = back_propagate(model, x, y)
    return float(torch.cat([(layer.delta == 0).all(0) for layer in layers[:-1]]).double().mean())


if __name__ == "__main__":
    draw(figure, __doc__)
