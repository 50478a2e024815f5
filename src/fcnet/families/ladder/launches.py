"""The launches of a ladder's kernels, as differentiable functions: one forward and one backward for each.

They give what those of ``functions`` give, in fp32, but for the order of sums; matrices may be bfloat16 or fp32.
"""

from subprocess import CalledProcessError
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fcnet.families.ladder import kernels

BLOCK = 16  # columns of a program: 64 bytes of fp32, and enough programs for a GPU in layers of 250 units and more
ROWS = 128  # that a program reads at once, at most: a batch of 100 in one go
SUMMED = 64  # the same where ten sums are kept
WARPS = 8  # of a program


def _columns(m: int) -> int:
    return -(-m // BLOCK)


def _rows(b: int, most: int = ROWS) -> int:
    """Return how many rows a program reads at once: a power of two."""
    return min(most, 1 << (b - 1).bit_length())


def _launch(kernel: Any, grid: tuple[int, ...], *operands: Any, **options: Any) -> None:
    """Launch a kernel on the device of its first operand, a tensor, which need not be the current one."""
    with torch.cuda.device_of(operands[0]):  # type: ignore[no-untyped-call]
        kernel[grid](*operands, **{"BLOCK": BLOCK, "num_warps": WARPS} | options)


def _single(like: Tensor) -> Tensor:
    return torch.empty(like.shape, dtype=torch.float32, device=like.device)


class Normalise(torch.autograd.Function):
    """``functions.normalise`` of z (..., B, M)."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return normalised values, means and standard deviations."""
        ctx.dtype, z = z.dtype, z.contiguous()
        *groups, b, m = z.shape
        normal, mean = _single(z), z.new_empty((*groups, 1, m), dtype=torch.float32)
        deviation = torch.empty_like(mean)
        grid = (_columns(m), mean.numel() // m)
        _launch(kernels.normalise, grid, z, normal, mean, deviation, epsilon, b, m, ROWS=_rows(b))
        ctx.save_for_backward(normal, deviation)
        ctx.mark_non_differentiable(mean, deviation)
        return normal, mean, deviation

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of z, in its type."""
        normal, deviation = ctx.saved_tensors
        b, m = normal.shape[-2:]
        of_z = torch.empty_like(normal, dtype=ctx.dtype)
        grid, slope = (_columns(m), deviation.numel() // m), slope.contiguous()
        _launch(kernels.normalise_backward, grid, slope, normal, deviation, of_z, b, m, ROWS=_rows(b))
        return of_z, None


class Combine(torch.autograd.Function):
    """``functions.combine`` of matrices (B, M) and parameters (10, M)."""

    @staticmethod
    def forward(ctx: Any, corrupted: Tensor, u: Tensor, a: Tensor) -> Tensor:
        """Return reconstructions."""
        corrupted, u, a = corrupted.contiguous(), u.contiguous(), a.contiguous()
        (b, m), found = u.shape, _single(u)
        rows = _rows(b)
        _launch(kernels.combine, (_columns(m), -(-b // rows)), corrupted, u, a, found, b, m, ROWS=rows)
        ctx.save_for_backward(corrupted, u, a)
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients, which are computed from the operands again: it reads less than keeping the parts."""
        corrupted, u, a = ctx.saved_tensors
        (b, m), of_corrupted, of_u, of_a = u.shape, _single(u), _single(u), _single(a)
        operands = (slope.contiguous(), corrupted, u, a, of_corrupted, of_u, of_a, b, m)
        _launch(kernels.combine_backward, (_columns(m),), *operands, ROWS=_rows(b, SUMMED))
        return of_corrupted, of_u, of_a


class Denoise(torch.autograd.Function):
    """``functions.denoise`` of matrices (B, M), and a deviation (M,) or ()."""

    @staticmethod
    def forward(ctx: Any, found: Tensor, z: Tensor, normalised: Tensor, deviation: Tensor) -> Tensor:
        """Return the cost."""
        found, z, normalised, deviation = (one.contiguous() for one in (found, z, normalised, deviation))
        b, m = found.shape
        rows = _rows(b)
        grid = (_columns(m), -(-b // rows))
        parts = torch.empty(grid[0] * grid[1], dtype=torch.float32, device=found.device)
        _launch(kernels.denoise, grid, found, z, deviation, parts, b, m, SCALAR=deviation.dim() == 0, ROWS=rows)
        ctx.save_for_backward(found, z, normalised, deviation)
        return parts.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        """Return the gradients of reconstructions and, if it needs one, of z."""
        found, z, normalised, deviation = ctx.saved_tensors
        (b, m), of_found = found.shape, _single(found)
        of_z = torch.empty_like(z) if ctx.needs_input_grad[1] else None
        written = (of_found, of_found if of_z is None else of_z)  # the second is not written if it is not needed
        options = {"SCALAR": deviation.dim() == 0, "OF_Z": of_z is not None, "ROWS": _rows(b)}
        _launch(
            kernels.denoise_backward, (_columns(m),), slope, found, z, normalised, deviation, *written, b, m, **options
        )
        return of_found, of_z, None, None


def average(
    averages: tuple[Tensor, Tensor, Tensor], mean: Tensor, deviation: Tensor, n: int, epsilon: float, least: float
) -> None:
    """Do what ``functions.average`` does, but for counting the batch."""
    m, columns = len(mean), 256
    _launch(
        *(kernels.average, (-(-m // columns),), *averages, mean, deviation, epsilon, n / (n - 1), least, m),
        BLOCK=columns,
    )


def works(device: torch.device) -> bool:
    """Return whether kernels can be compiled and launched on a device; Triton needs a C compiler for it."""
    try:
        Normalise.apply(torch.zeros(2, 3, device=device), 1.0)
    except (CalledProcessError, OSError, RuntimeError):
        return False
    return True
