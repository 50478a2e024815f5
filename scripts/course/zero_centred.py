"""Zero-centred activations: the same net with tanh and with sigmoid, by gradient descent.

    python scripts/course/zero_centred.py

Sigmoid's outputs are all positive, so an image moves all weights of a unit in the next layer in the same direction
(bias shift), and its slope at 0 is a quarter of tanh's.
"""

import functools
import statistics

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, descend, draw, logarithmic, net, table
from words import Words

HIDDEN, RATE, BATCH = [50, 50], 0.3, 50
SEE = "with tanh, whose outputs have both signs, the loss falls much sooner than with sigmoid."


def figure(quick: bool) -> Drawn:
    """Compute the training loss after each epoch, averaged over several nets."""
    data, epochs = Digits.load(), 3 if quick else 40
    found = {}
    for name in ("sigmoid", "tanh"):
        curves = [losses(name, seed, data, epochs) for seed in range(1 if quick else 5)]
        found[name] = torch.tensor(curves).mean(0).tolist()
    numbers = {name: curve[-1] for name, curve in found.items()}
    numbers |= {f"{name}: first epoch": curve[0] for name, curve in found.items()}
    return Drawn(functools.partial(picture, found), functools.partial(report, found), numbers, SEE)


def losses(activation: str, seed: int, data: Digits, epochs: int) -> list[float]:
    """Train a net, and return the mean loss of each epoch."""
    model, found = net(HIDDEN, activation, seed), []
    for epoch in range(epochs):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
        found.append(
            statistics.fmean(descend(model, data.x[batch], data.y[batch], RATE)[0] for batch in order.split(BATCH))
        )
    return found


def picture(found: dict[str, list[float]], say: Words) -> Figure:
    """Draw the curves of both."""
    drawn = Figure(figsize=(7, 4.5), layout="constrained")
    axes = drawn.subplots()
    for name, curve in found.items():
        axes.semilogy(range(1, len(curve) + 1), curve, label=name)
    axes.set(xlabel=say("epoch"), ylabel=say("training loss (nats)"))
    axes.set_title(say("64-50-50-10, gradient descent, α = {rate}", rate=RATE))
    logarithmic(axes.yaxis)
    axes.grid(alpha=0.3)
    axes.legend()
    return drawn


def report(found: dict[str, list[float]], say: Words) -> None:
    """Print the loss at the beginning and at the end, and when it was below 0.5."""
    rows, epochs = [], len(found["tanh"])
    for name, curve in found.items():
        first = next((epoch for epoch, value in enumerate(curve, 1) if value < 0.5), None)
        rows.append([name, f"{curve[0]:.3f}", f"{curve[-1]:.4f}", str(first or "-")])
    loss = [say("loss, epoch {epoch}", epoch=epoch) for epoch in (1, epochs)]
    table([say("activation"), *loss, say("first epoch below 0.5")], rows)


if __name__ == "__main__":
    draw(figure, __doc__)
