"""Dying ReLU: units that are 0 for every training image have no gradient and never come back.

    python scripts/course/dying_relu.py

Share of dead hidden units after a few epochs of gradient descent against the learning rate, for ReLU, and of units
that are negative for every image for LeakyReLU, which still have the gradient γ.
"""

import torch
from matplotlib.figure import Figure
from pages import Digits, descend, draw, error_rate, net, table
from torch import Tensor

from fcnet.backprop import back_propagate
from fcnet.model_schema import LeakyReLU, PlainActivation
from fcnet.models import FCNet

HIDDEN, BATCH = [100, 100], 50
RATES = [0.03, 0.1, 0.3, 1.0, 2.0, 3.0]


def figure(quick: bool) -> Figure:
    """Dead units and test errors against the learning rate."""
    data = Digits.load()
    found = Figure(figsize=(9, 4), layout="constrained")
    left, right = found.subplots(1, 2)
    rows = []
    for name, spec in {"ReLU": PlainActivation(name="relu"), "LeakyReLU, γ = 0.1": LeakyReLU(slope=0.1)}.items():
        shares, errors = [], []
        for rate in RATES[1::2] if quick else RATES:
            model = net(HIDDEN, spec)
            for epoch in range(2 if quick else 20):
                order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
                for batch in order.split(BATCH):
                    descend(model, data.x[batch], data.y[batch], rate)
            shares.append(never_positive(model, data.x, data.y))
            errors.append(error_rate(model, data.test_x, data.test_y))
            rows.append([name, f"{rate:g}", f"{100 * shares[-1]:.1f} %", f"{100 * errors[-1]:.1f} %"])
        rates = RATES[1::2] if quick else RATES
        left.semilogx(rates, [100 * share for share in shares], marker="o", label=name)
        right.semilogx(rates, [100 * error for error in errors], marker="o", label=name)
    left.set(xlabel="learning rate α", ylabel="hidden units never above 0 (%)", title="dead units")
    right.set(xlabel="learning rate α", ylabel="test images wrong (%)", title="what it costs")
    for axes in (left, right):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    table(["activation", "α", "never above 0", "test errors"], rows)
    return found


def never_positive(model: FCNet, x: Tensor, y: Tensor) -> float:
    """Share of hidden units whose net input is above 0 for no image."""
    _, layers = back_propagate(model, x, y)
    return float(torch.cat([(layer.z > 0).any(0) for layer in layers[:-1]]).logical_not().double().mean())


if __name__ == "__main__":
    draw(figure, __doc__)
