"""Train a net only by the slides' back-propagation, and compare its gradients with autograd's.

    python scripts/course/backprop.py

Prints the largest difference between gradients by hand and by autograd, in float64, for every activation and depths 0
to 5; then trains 64-50-10 by W(l) <- W(l) - α delta(l) a(l-1)^T, and draws the loss: of each
batch, its mean over each epoch, and that of the test images.
"""

import functools
import statistics
from dataclasses import dataclass, field
from typing import get_args

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, descend, draw, error_rate, logarithmic, net, table
from torch.nn import functional
from words import Words

from fcnet.config.layers import ELU, Activation, LeakyReLU, PlainActivation, PReLU
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.steps.backprop import back_propagate

PLAIN = get_args(PlainActivation.model_fields["name"].annotation)
ALL: list[Activation] = [*(PlainActivation(name=name) for name in PLAIN), LeakyReLU(), PReLU(), ELU()]
RATE, BATCH = 0.3, 50
SEE = "gradients by hand equal those of autograd up to rounding, and gradient descent with them trains the net."


def figure(quick: bool) -> Drawn:
    """Compare the gradients, and train a net with those by hand."""
    data = Digits.load()
    depths = range(3 if quick else 6)
    rows = {one.name: [apart(one, depth, data) for depth in depths] for one in ALL}
    run = Training()
    for epoch in range(10 if quick else 30):
        run.epoch(data, epoch)
    wrong = error_rate(run.model, data.test_x, data.test_y)
    numbers = {
        "apart": max(max(row) for row in rows.values()),
        "first": run.losses[0],
        "last": run.losses[-1],
        "smoothed": run.means[-1],
        "test": run.test[-1],
        "wrong": wrong,
    }
    return Drawn(functools.partial(picture, run, wrong), functools.partial(report, rows, run, wrong), numbers, SEE)


@dataclass
class Training:
    """A net 64-50-10 that is trained by hand.

    Attributes:
        model: the net.
        losses: of each step's batch, in nats.
        means: of the batches of each epoch.
        test: of all test images, after each epoch.
    """

    model: FCNet = field(default_factory=lambda: net([50], "relu"))
    losses: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)

    def epoch(self, data: Digits, seed: int) -> None:
        """Do a step for each batch of the training images."""
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(seed))
        found = [descend(self.model, data.x[batch], data.y[batch], RATE)[0] for batch in order.split(BATCH)]
        self.losses += found
        self.means.append(statistics.mean(found))
        self.test.append(float(back_propagate(self.model, data.test_x, data.test_y)[0]))


def picture(run: Training, wrong: float, say: Words) -> Figure:
    """Draw the loss of each step, its mean over each epoch, and the test loss."""
    drawn = Figure(figsize=(7, 4), layout="constrained")
    axes = drawn.subplots()
    epochs, steps = len(run.means), len(run.losses) // len(run.means)
    axes.semilogy(run.losses, linewidth=0.8, alpha=0.35, label=say("training, single batches"))
    middles = [steps * (epoch + 0.5) for epoch in range(epochs)]
    axes.semilogy(middles, run.means, color="C0", linewidth=2, label=say("training, mean of each epoch"))
    ends = [steps * (epoch + 1) for epoch in range(epochs)]
    axes.semilogy(ends, run.test, "--", color="C1", linewidth=2, label=say("test, after each epoch"))
    axes.set(xlabel=say("step"), ylabel=say("loss (nats)"))
    axes.set_title(say("64-50-10 by hand, α = {rate}: test accuracy {right:.1f} %", rate=RATE, right=100 * (1 - wrong)))
    logarithmic(axes.yaxis)
    axes.grid(alpha=0.3)
    axes.legend()
    return drawn


def report(rows: dict[str, list[float]], run: Training, wrong: float, say: Words) -> None:
    """Print the differences from autograd, and the loss and accuracy after training."""
    header = [
        say("largest difference"),
        *(say("depth {depth}", depth=i) for i in range(len(next(iter(rows.values()))))),
    ]
    table(header, [[name, *(f"{one:.1e}" for one in row)] for name, row in rows.items()])
    told = "64-50-10 by hand: after {steps} steps, mean loss of the epoch {loss:.4f}, test accuracy {right:.1f} %"
    print(say(told, steps=len(run.losses), loss=run.means[-1], right=100 * (1 - wrong)))


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
