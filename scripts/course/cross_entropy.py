"""Entropy, cross-entropy and KL divergence, and why minimising cross-entropy also minimises the KL divergence.

    python scripts/course/cross_entropy.py

For a true distribution p and predictions q: cross-entropy = entropy of p + KL(p || q). The entropy does not depend on
q, so both are minimal at the same q, which is p.
"""

import torch
from matplotlib.figure import Figure
from pages import Drawn, draw, table

TRUE = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)


def figure(quick: bool) -> Drawn:
    """Draw the information of an event, and all three quantities along a line of predictions."""
    share = torch.linspace(0.01, 0.99, 99 if quick else 500, dtype=torch.float64)
    q = torch.stack([share, (1 - share) * 2 / 3, (1 - share) / 3], 1)  # the other two as 2 to 1, as they are in p
    entropy = -(TRUE * TRUE.log()).sum()
    cross = -(TRUE * q.log()).sum(1)
    divergence = (TRUE * (TRUE / q).log()).sum(1)
    found = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = found.subplots(1, 2)
    left.plot(share, -share.log())
    left.set(xlabel="probability P(x)", ylabel="I(x) = -log P(x), nats", title="Rare events carry more information")
    right.plot(share, cross, label="cross-entropy")
    right.plot(share, divergence, label="KL(p || q)")
    right.axhline(float(entropy), linestyle=":", color="C2", label="entropy of p")
    right.axvline(float(TRUE[0]), linestyle="--", color="0.5", label="q = p")
    title = "Cross-entropy = KL + entropy"
    right.set(xlabel="q of the first class (p = 0.7)", ylabel="nats", ylim=(0, 3), title=title)
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    rows = [
        [f"{value:.2f}", *(f"{float(x):.4f}" for x in (entropy, divergence[i], cross[i]))]
        for value in (0.3, 0.5, 0.7, 0.9)
        for i in [int((share - value).abs().argmin())]
    ]
    table(["q of class 1", "entropy", "KL", "cross-entropy"], rows)
    least, nearest = float(share[cross.argmin()]), float(share[divergence.argmin()])
    print(f"minimum of cross-entropy at q = {least:.2f}, of KL at q = {nearest:.2f}")
    numbers = {"cross_entropy": least, "kl": nearest}
    see = "the two curves differ by the entropy of p, so both have their minimum at q = p."
    return Drawn(found, numbers, see)


if __name__ == "__main__":
    draw(figure, __doc__)
