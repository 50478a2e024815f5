"""Zero-centred activations: the same net with tanh and with sigmoid, by gradient descent.

    python scripts/course/zero_centred.py

Sigmoid's outputs are all positive, so an image moves all weights of a unit in the next layer in the same direction
(bias shift), and its slope at 0 is a quarter of tanh's.
"""

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, descend, draw, net, table

HIDDEN, RATE, BATCH = [50, 50], 0.3, 50


def figure(quick: bool) -> Drawn:
    """Draw the training loss after each epoch, averaged over several nets."""
    data, epochs = Digits.load(), 3 if quick else 40
    found = Figure(figsize=(7, 4.5), layout="constrained")
    axes = found.subplots()
    rows, numbers = [], {}
    for name in ("sigmoid", "tanh"):
        curves = []
        for seed in range(1 if quick else 5):
            model, curve = net(HIDDEN, name, seed), []
            for epoch in range(epochs):
                order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
                losses = [descend(model, data.x[batch], data.y[batch], RATE)[0] for batch in order.split(BATCH)]
                curve.append(sum(losses) / len(losses))
            curves.append(curve)
        mean = torch.tensor(curves).mean(0)
        axes.semilogy(range(1, epochs + 1), mean, label=name)
        numbers |= {name: float(mean[-1]), f"{name}: first epoch": float(mean[0])}
        first = next((epoch for epoch, value in enumerate(mean.tolist(), 1) if value < 0.5), None)
        rows.append([name, f"{float(mean[0]):.3f}", f"{float(mean[-1]):.4f}", str(first or "-")])
    axes.set(xlabel="epoch", ylabel="training loss (nats)", title=f"64-50-50-10, gradient descent, α = {RATE}")
    axes.grid(alpha=0.3)
    axes.legend()
    table(["activation", "loss, epoch 1", f"loss, epoch {epochs}", "first epoch below 0.5"], rows)
    see = "with tanh, whose outputs have both signs, the loss falls much sooner than with sigmoid."
    return Drawn(found, numbers, see)


if __name__ == "__main__":
    draw(figure, __doc__)
