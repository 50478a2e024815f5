"""Entropy, cross-entropy and KL divergence, and why minimising cross-entropy also minimises the KL divergence.

    python scripts/course/cross_entropy.py

For a true distribution p and predictions q: cross-entropy = entropy of p + KL(p || q). The entropy does not depend on
q, so both are minimal at the same q, which is p.
"""

import functools
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, table
from torch import Tensor
from words import Words

SEE = "the two curves differ by the entropy of p, so both have their minimum at q = p."
TRUE = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)


@dataclass(frozen=True)
class Along:
    """The quantities, in nats, along a line of predictions: of q of the first class."""

    share: Tensor
    entropy: float
    cross: Tensor
    divergence: Tensor


def figure(quick: bool) -> Drawn:
    """Compute all three quantities along a line of predictions; ``quick`` changes nothing, as it is always fast."""
    del quick
    share = torch.linspace(0.01, 0.99, 491, dtype=torch.float64)
    q = torch.stack([share, (1 - share) * 2 / 3, (1 - share) / 3], 1)  # the other two as 2 to 1, as they are in p
    divergence = (TRUE * (TRUE / q).log()).sum(1).clamp(min=0)  # not -1e-17 by rounding
    found = Along(share, float(-(TRUE * TRUE.log()).sum()), -(TRUE * q.log()).sum(1), divergence)
    numbers = {
        "cross_entropy": float(share[found.cross.argmin()]),
        "kl": float(share[found.divergence.argmin()]),
        "apart": float((found.cross - found.divergence - found.entropy).abs().max()),
    }
    return Drawn(functools.partial(picture, found), functools.partial(report, found, numbers), numbers, SEE)


def picture(found: Along, say: Words) -> Figure:
    """Draw the information of an event, and all three quantities."""
    drawn = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = drawn.subplots(1, 2)
    left.plot(found.share, -found.share.log())
    left.set(xlabel=say("probability P(x)"), ylabel=say("I(x) = -log P(x), nats"))
    left.set_title(say("Rare events carry more information"))
    right.plot(found.share, found.cross, label=say("cross-entropy"))
    right.plot(found.share, found.divergence, label="KL(p || q)")
    right.axhline(found.entropy, linestyle=":", color="C2", label=say("entropy of p"))
    right.axvline(float(TRUE[0]), linestyle="--", color="0.5", label="q = p")
    right.set(xlabel=say("q of the first class (p = 0.7)"), ylabel=say("nats"), ylim=(0, 3))
    right.set_title(say("Cross-entropy = KL + entropy"))
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return drawn


def report(found: Along, numbers: dict[str, float], say: Words) -> None:
    """Print the quantities for some predictions, and where the minima are."""
    rows = [
        [f"{value:.2f}", *(f"{float(x):.4f}" for x in (found.entropy, found.divergence[i], found.cross[i]))]
        for value in (0.3, 0.5, 0.7, 0.9)
        for i in [int((found.share - value).abs().argmin())]
    ]
    table([say("q of class 1"), say("entropy"), "KL", say("cross-entropy")], rows)
    told = "minimum of cross-entropy at q = {cross:.2f}, of KL at q = {kl:.2f}"
    print(say(told, cross=numbers["cross_entropy"], kl=numbers["kl"]))


if __name__ == "__main__":
    draw(figure, __doc__)
