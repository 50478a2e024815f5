"""The sums over the rows of a least-squares problem H beta = T, added chunk by chunk, so that H need not fit in memory.

H (N, M) are hidden outputs, and T (N, C) targets. H^T H is symmetric: only its square blocks on and above the diagonal
are computed, which is a little more than half of the product.
"""

from typing import Any

import torch
from torch import Tensor

# Columns of a block. Smaller blocks save work (1/2 + BLOCK / 2M of the product is computed), but multiply more slowly.
BLOCK = 512


def weighed(h: Tensor, t: Tensor, weights: Tensor | None, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return rows (B, M) and (B, C), scaled by the roots of their weights (B,), in a precision."""
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
        block: columns that are multiplied at once.

    Attributes:
        a: H^T H (M, M); the blocks below the diagonal are not filled.
        b: H^T T (M, C).
        targets: sum of squared targets.
        n: rows so far.
    """

    def __init__(self, units: int, outputs: int, dtype: torch.dtype, device: torch.device, block: int = BLOCK) -> None:
        self._block = block
        self.a = torch.zeros(units, units, dtype=dtype, device=device)
        self.b = torch.zeros(units, outputs, dtype=dtype, device=device)
        self.targets = torch.zeros((), dtype=torch.float64, device=device)
        self.n = 0

    def add(self, h: Tensor, t: Tensor, weights: Tensor | None = None) -> None:
        """Add rows: hidden outputs (B, M), targets (B, C), and the weight of each row (B,), 1 by default."""
        h, t = weighed(h, t, weights, self.a.dtype)
        for first in range(0, len(self.a), self._block):
            rows = slice(first, first + self._block)
            self.a[rows, first:].addmm_(h[:, rows].T, h[:, first:])
        self.b.addmm_(h.T, t)
        self.targets += t.double().square().sum()
        self.n += len(h)

    def upper(self, ridge: float = 0.0) -> Tensor:
        """Return a copy of H^T H + ridge I (M, M), valid only on and above the diagonal."""
        matrix = self.a.clone()
        matrix.diagonal().add_(ridge)
        return matrix

    def normal(self, ridge: float = 0.0) -> Tensor:
        """Return a copy of H^T H + ridge I (M, M), with both triangles."""
        whole = self.upper(ridge).triu_()
        whole += whole.triu(1).T
        return whole

    def is_finite(self) -> bool:
        """Return whether all sums are finite."""
        return bool(self.a.isfinite().all() and self.b.isfinite().all())

    def state(self) -> dict[str, Any]:
        """Return the whole state, for a checkpoint."""
        return {"a": self.a, "b": self.b, "targets": self.targets, "n": self.n}

    def load(self, state: dict[str, Any]) -> None:
        """Load the ``state`` of another object. Raises ValueError if shapes or types differ."""
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
        """Add rows, like ``Gram.add``."""
        h, t = weighed(h, t, weights, self._dtype)
        self._h.append(h)
        self._t.append(t)

    def whole(self) -> tuple[Tensor, Tensor]:
        """Return H (N, M) and T (N, C)."""
        return torch.cat(self._h), torch.cat(self._t)

    def is_finite(self) -> bool:
        """Return whether all rows are finite."""
        return all(bool(h.isfinite().all()) for h in self._h)
