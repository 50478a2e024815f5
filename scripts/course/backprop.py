"""Train a net only by the slides' back-propagation, and compare its gradients with autograd's.

    python scripts/course/backprop.py

Prints the largest difference between gradients by hand and by autograd, in float64, for every activation and depths 0
to 5; then trains 64-50-10 by W(l) <- W(l) - α delta(l) a(l-1)^T, and draws the loss.
"""

from typing import get_args

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, descend, draw, error_rate, net, table
from torch.nn import functional

from fcnet.config.layers import ELU, Activation, LeakyReLU, PlainActivation, PReLU
from fcnet.training.steps.backprop import back_propagate

PLAIN = get_args(PlainActivation.model_fields["name"].annotation)
ALL: list[Activation] = [*(PlainActivation(name=name) for name in PLAIN), LeakyReLU(), PReLU(), ELU()]
RATE, BATCH = 0.3, 50


def figure(quick: bool) -> Drawn:
    """Draw the loss of each training step."""
    data = Digits.load()
    depths = range(3 if quick else 6)
    found = {one.name: [apart(one, depth, data) for depth in depths] for one in ALL}
    rows = [[name, *(f"{one:.1e}" for one in row)] for name, row in found.items()]
    table(["largest difference", *(f"depth {depth}" for depth in depths)], rows)
    model, losses = net([50], "relu"), []
    for epoch in range(2 if quick else 30):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
        losses += [descend(model, data.x[batch], data.y[batch], RATE)[0] for batch in order.split(BATCH)]
    wrong = error_rate(model, data.test_x, data.test_y)
    right = f"test accuracy {100 * (1 - wrong):.1f} %"
    print(f"64-50-10 by hand: loss {losses[-1]:.4f} after {len(losses)} steps, {right}")
    drawn = Figure(figsize=(7, 4), layout="constrained")
    axes = drawn.subplots()
    axes.semilogy(losses, linewidth=0.8)
    axes.set(xlabel="step", ylabel="batch loss (nats)")
    axes.set_title(f"64-50-10 by hand, α = {RATE}: {right}")
    axes.grid(alpha=0.3)
    numbers = {"apart": max(max(row) for row in found.values()), "first": losses[0], "last": losses[-1], "wrong": wrong}
    see = "gradients by hand equal those of autograd up to rounding, and gradient descent with them trains the net."
    return Drawn(drawn, numbers, see)


def apart(activation: Activation, depth: int, data: Digits) -> float:
    """Return the largest difference of gradients by hand from autograd's, over the largest gradient of the layer."""
    model = net([20] * depth, activation)
    x, y = data.x[:50], data.y[:50]
    _, layers = back_propagate(model, x, y)
    functional.cross_entropy(model(x), y).backward()
    differences = []
    for number, layer in enumerate(layers, 1):
        linear = model.get_submodule(f"fc{number}")
        for mine, other in ((layer.weight, linear.weight), (layer.bias, linear.bias)):
            assert isinstance(other, torch.nn.Parameter)
            assert other.grad is not None
            differences.append(float((mine - other.grad).abs().max() / other.grad.abs().max()))
    return max(differences)


if __name__ == "__main__":
    draw(figure, __doc__)
