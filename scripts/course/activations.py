"""The activation functions of the slides and their derivatives.

python scripts/course/activations.py
"""

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw

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


def figure(quick: bool) -> Drawn:
    """Draw each function with its derivative."""
    z = torch.linspace(-5, 5, 51 if quick else 501, dtype=torch.float64)[:, None]
    found, numbers = Figure(figsize=(9, 7.5), layout="constrained"), {}
    for axes, (name, spec) in zip(found.subplots(3, 3).flatten(), SHOWN.items(), strict=True):
        f = activation_module(spec, 1).double()
        axes.plot(z, f(z).detach(), label="f(x)")
        slope = derivative(f, z).detach()
        axes.plot(z, slope, "--", label="f'(x)")
        axes.axhline(0, color="0.7", linewidth=0.8)
        axes.axvline(0, color="0.7", linewidth=0.8)
        axes.set_ylim(-1.4, 2.2)
        axes.set_title(name, fontsize=10)
        numbers[name.partition(":")[0]] = float(slope.max())
        print(f"{name}: derivative at most {float(slope.max()):.3f}")
    found.axes[0].legend(fontsize=8)
    see = "sigmoid's derivative is at most 0.25, tanh's and ReLU's at most 1; where a function is flat, it is near 0."
    return Drawn(found, numbers, see)


if __name__ == "__main__":
    draw(figure, __doc__)
