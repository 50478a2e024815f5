"""Dying ReLU: a unit that is 0 for every training image has no gradient, and cannot recover by itself.

    python scripts/course/dying_relu.py

A few steps with too large a learning rate move units to where they are never above 0; then training continues with a
small rate. The figure shows the share of hidden units whose error term is then 0 for every training image, for ReLU,
and for LeakyReLU, whose derivative below 0 is γ; and whether those that died in the first steps stay dead.
"""

import functools
import statistics
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from pages import Digits, Drawn, descend, draw, error_rate, net, table
from torch import Tensor
from words import Words

from fcnet.config.layers import LeakyReLU, PlainActivation
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.steps.backprop import back_propagate

HIDDEN, BATCH = [100, 100], 50
RATES = [0.1, 0.5, 1.0, 1.25, 1.5, 2.0]  # of the first steps
FIRST, SMALL, EPOCHS, STEPS = 10, 0.1, 30, 29  # steps, rate, epochs, steps of an epoch
SHOWN = {"ReLU": PlainActivation(name="relu"), "LeakyReLU, γ = 0.1": LeakyReLU(slope=0.1)}
SEE = (
    "if the first steps are too large, a fifth of ReLU's units die, and none of LeakyReLU's; those of layer 1 stay"
    " dead, and some of layer 2 come back, because layer 1 moves their inputs; the others are enough for these digits:"
    " the test error hardly changes."
)


@dataclass(frozen=True)
class Trained:
    """A net of one activation after training, or the mean of several, in per cent.

    Attributes:
        start: hidden units without a gradient before the first step.
        dead: after the last epoch.
        still: of each hidden layer, the units that are without a gradient ever since the first steps: after these, and
            after each epoch.
        wrong: test error after the last epoch.
    """

    start: float
    dead: float
    still: list[list[float]]
    wrong: float


def figure(quick: bool) -> Drawn:
    """Train several nets of each activation with each rate of the first steps."""
    data, seeds, epochs = Digits.load(), range(1 if quick else 5), 20 if quick else EPOCHS
    rates = [RATES[0], RATES[-1]] if quick else RATES
    found, numbers = {}, {}
    for name, spec in SHOWN.items():
        for rate in rates:
            one = mean([trained(net(HIDDEN, spec, seed), data, rate, epochs) for seed in seeds])
            found[name, rate] = one
            numbers |= {f"{name}: dead at {rate:g}": one.dead, f"{name}: wrong at {rate:g}": one.wrong}
        numbers[f"{name}: dead at the start"] = one.start
        for layer, still in enumerate(one.still, 1):
            numbers |= {f"{name}: layer {layer}, first": still[0], f"{name}: layer {layer}, last": still[-1]}
    return Drawn(functools.partial(picture, rates, found), functools.partial(report, found), numbers, SEE)


def picture(rates: list[float], found: dict[tuple[str, float], Trained], say: Words) -> Figure:
    """Draw dead units against the rate of the first steps, and how many stay dead while training goes on."""
    drawn = Figure(figsize=(9, 4), layout="constrained")
    left, right = drawn.subplots(1, 2, sharey=True)
    for i, name in enumerate(SHOWN):
        left.plot(rates, [found[name, rate].dead for rate in rates], marker="o", label=name)
        for layer, still in enumerate(found[name, rates[-1]].still, 1):
            label = say("{name}, layer {layer}", name=name, layer=layer)
            style = "-" if layer == 1 else "--"
            right.plot([FIRST / STEPS, *range(1, len(still))], still, style, color=f"C{i}", marker=".", label=label)
    left.set(ylabel=say("hidden units without a gradient (%)"), title=say("dead units after training"))
    left.set_xlabel(say("learning rate of the first {first} steps, then {small}", first=FIRST, small=SMALL))
    right.set(xlabel=say("epoch"), title=say("dead since the first steps, with rate {rate:g}", rate=rates[-1]))
    for axes in (left, right):
        axes.set_ylim(-1, None)  # the line at 0 is on the edge otherwise
        axes.grid(alpha=0.3)
    left.legend()
    right.legend(loc="center", bbox_to_anchor=(0.5, 0.33))  # between the curves of both activations
    return drawn


def report(found: dict[tuple[str, float], Trained], say: Words) -> None:
    """Print dead units and test error of each activation and rate."""
    header = [say("activation"), say("first rate"), say("dead units"), say("test error")]
    rows = [[name, f"{rate:g}", f"{one.dead:.1f} %", f"{one.wrong:.1f} %"] for (name, rate), one in found.items()]
    table(header, rows)


def trained(model: FCNet, data: Digits, rate: float, epochs: int) -> Trained:
    """Train a net for some steps with a rate, then with a small one; return what became of it."""
    step, start, still = 0, dead_units(model, data.x, data.y), []
    for epoch in range(epochs):
        order = torch.randperm(len(data.x), generator=torch.Generator().manual_seed(epoch))
        for batch in order.split(BATCH):
            descend(model, data.x[batch], data.y[batch], rate if step < FIRST else SMALL)
            step += 1
            if step == FIRST:
                still.append(dead_units(model, data.x, data.y))
        still.append(still[-1] & dead_units(model, data.x, data.y))
    wrong = 100 * error_rate(model, data.test_x, data.test_y)
    layers = torch.stack(still).double().mean(2).T.mul(100).tolist()
    return Trained(per_cent(start), per_cent(dead_units(model, data.x, data.y)), layers, wrong)


def mean(several: list[Trained]) -> Trained:
    """Return the means over several nets."""
    still = torch.tensor([one.still for one in several]).mean(0).tolist()
    start, dead, wrong = (statistics.mean(getattr(one, name) for one in several) for name in ("start", "dead", "wrong"))
    return Trained(start, dead, still, wrong)


def dead_units(model: FCNet, x: Tensor, y: Tensor) -> Tensor:
    """Return for each hidden layer and unit (2, 100) whether its error term is 0 for all images."""
    _, layers = back_propagate(model, x, y)
    return torch.stack([(layer.delta == 0).all(0) for layer in layers[:-1]])


def per_cent(units: Tensor) -> float:
    """Return the share of units that are true, in per cent."""
    return 100 * float(units.double().mean())


if __name__ == "__main__":
    draw(figure, __doc__)
