"""The activation functions of the slides and their derivatives.

python scripts/course/activations.py
"""

import functools

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, table
from torch import Tensor
from words import Words

from fcnet.config.layers import ELU, Activation, LeakyReLU, PlainActivation, PReLU
from fcnet.families.common.layers import activation_module
from fcnet.training.steps.backprop import derivative

SHOWN: dict[str, Activation] = {
    "sigmoid: 1 / (1 + exp(-x))": PlainActivation(name="sigmoid"),
    "tanh": PlainActivation(name="tanh"),
    "ReLU: max(0, x)": PlainActivation(name="relu"),
    "LeakyReLU: γ = 0.1": LeakyReLU(slope=0.1),
    "PReLU: γ learned, here 0.25": PReLU(slope=0.25),
    "ELU: γ = 1": ELU(alpha=1.0),
    "softplus: log(1 + exp(x))": PlainActivation(name="softplus"),
    "GELU": PlainActivation(name="gelu"),
    "SiLU": PlainActivation(name="silu"),
}
SEE = "sigmoid's derivative is at most 0.25, tanh's and ReLU's at most 1; where a function is flat, it is near 0."


def figure(quick: bool) -> Drawn:
    """Compute each function with its derivative; ``quick`` changes nothing, as it is always fast."""
    del quick
    z = torch.linspace(-5, 5, 501, dtype=torch.float64)[:, None]
    functions = {name: activation_module(spec, 1).double() for name, spec in SHOWN.items()}
    found = {name: (f(z).detach(), derivative(f, z).detach()) for name, f in functions.items()}
    numbers = {name.partition(":")[0]: float(slope.max()) for name, (_, slope) in found.items()}
    return Drawn(functools.partial(picture, z, found), functools.partial(report, numbers), numbers, SEE)


def picture(z: Tensor, found: dict[str, tuple[Tensor, Tensor]], say: Words) -> Figure:
    """Draw each function with its derivative."""
    drawn = Figure(figsize=(9, 7.5), layout="constrained")
    for axes, (name, (value, slope)) in zip(drawn.subplots(3, 3).flatten(), found.items(), strict=True):
        axes.plot(z, value, label="f(x)")
        axes.plot(z, slope, "--", label="f'(x)")
        axes.axhline(0, color="0.7", linewidth=0.8)
        axes.axvline(0, color="0.7", linewidth=0.8)
        axes.set_ylim(-1.4, 2.2)
        axes.set_title(say(name), fontsize=10)
    drawn.axes[0].legend(fontsize=8)
    return drawn


def report(numbers: dict[str, float], say: Words) -> None:
    """Print the largest derivative of each function."""
    table([say("function"), say("largest derivative")], [[name, f"{slope:.3f}"] for name, slope in numbers.items()])


if __name__ == "__main__":
    draw(figure, __doc__)
