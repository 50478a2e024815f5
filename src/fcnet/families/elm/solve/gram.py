"""The sums that a least-squares problem H beta = T needs of its rows, taken a chunk at a time: N never has to fit.

H is (N, M), of hidden outputs, and T (N, C), of targets. H^T H is symmetric: of its square blocks only those on and
above the diagonal are computed, which is a little more than half of the product.
"""

from typing import Any

import torch
from torch import Tensor

# Columns of a block. Smaller ones save work, 1/2 + BLOCK / 2M of the whole product is left, but multiply slower.
BLOCK = 512


def weighed(h: Tensor, t: Tensor, weights: Tensor | None, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Rows (B, M) and (B, C) whose squares count as much as their weights (B,) say, in a precision."""
    h, t = h.to(dtype), t.to(dtype)
    if weights is None:
        return h, t
    root = weights.to(dtype).sqrt()[:, None]
    return h * root, t * root


class Gram:
    """H^T H and H^T T, summed over the rows of H and T.

    Args:
        units: columns of H, M.
        outputs: columns of T, C.
        dtype: of the sums, and of the products.
        device: where they are.

    Attributes:
        a: H^T H (M, M); of its blocks those below the diagonal are not filled.
        b: H^T T (M, C).
        targets: sum of squared targets.
        n: rows so far.
    """

    def __init__(self, units: int, outputs: int, dtype: torch.dtype, device: torch.device) -> None:
        self.a = torch.zeros(units, units, dtype=dtype, device=device)
        self.b = torch.zeros(units, outputs, dtype=dtype, device=device)
        self.targets = torch.zeros((), dtype=torch.float64, device=device)
        self.n = 0

    def add(self, h: Tensor, t: Tensor, weights: Tensor | None = None) -> None:
        """Add rows: hidden outputs (B, M), targets (B, C), and how much each row counts (B,), 1 without it."""
        h, t = weighed(h, t, weights, self.a.dtype)
        for first in range(0, len(self.a), BLOCK):
            rows = slice(first, first + BLOCK)
            self.a[rows, first:].addmm_(h[:, rows].T, h[:, first:])
        self.b.addmm_(h.T, t)
        self.targets += t.double().square().sum()
        self.n += len(h)

    def upper(self, ridge: float = 0.0) -> Tensor:
        """H^T H + ridge I (M, M), in memory of its own, of which only what is on and above the diagonal counts."""
        matrix = self.a.clone()
        matrix.diagonal().add_(ridge)
        return matrix

    def normal(self, ridge: float = 0.0) -> Tensor:
        """The same whole."""
        whole = self.upper(ridge).triu_()
        whole += whole.triu(1).T
        return whole

    def is_finite(self) -> bool:
        """Whether all sums are."""
        return bool(self.a.isfinite().all() and self.b.isfinite().all())

    def state(self) -> dict[str, Any]:
        """All that is kept, for a checkpoint."""
        return {"a": self.a, "b": self.b, "targets": self.targets, "n": self.n}

    def load(self, state: dict[str, Any]) -> None:
        """Take up the ``state`` of another such object. Raises ValueError where it is of another shape."""
        for name in ("a", "b", "targets"):
            mine, other = getattr(self, name), state[name]
            if mine.shape != other.shape or mine.dtype != other.dtype:
                raise ValueError(f"{name} {tuple(other.shape)} in place of {tuple(mine.shape)}")
            mine.copy_(other)
        self.n = int(state["n"])


class Rows:
    """H and T themselves, for solvers that need them whole.

    Args:
        dtype: to keep them in.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._h: list[Tensor] = []
        self._t: list[Tensor] = []

    def add(self, h: Tensor, t: Tensor, weights: Tensor | None = None) -> None:
        """Add rows, as ``Gram.add``."""
        h, t = weighed(h, t, weights, self._dtype)
        self._h.append(h)
        self._t.append(t)

    def whole(self) -> tuple[Tensor, Tensor]:
        """H (N, M) and T (N, C)."""
        return torch.cat(self._h), torch.cat(self._t)

    def is_finite(self) -> bool:
        """Whether all rows are."""
        return all(bool(h.isfinite().all()) for h in self._h)
