"""What a ladder computes beside products, with derivatives by hand: few passes over memory, in at least fp32.

On a GPU, kernels of ``launches`` compute it, if Triton is installed and numbers are fp32 or bfloat16.
"""

from functools import cache
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fcnet.training.gpu.done import Unavailable, check_triton


def normalise(z: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return z (..., B, M) normalised over the images, and mean and standard deviation (..., 1, M).

    The last two have no gradient.
    """
    own = _launches(z)
    return cast(tuple[Tensor, Tensor, Tensor], (own.Normalise if own else _Normalise).apply(z, epsilon))


def combine(corrupted: Tensor, u: Tensor, a: Tensor) -> Tensor:
    """Return reconstructions (B, M) of corrupted z (B, M), given u (B, M) from the layer above.

    z = (corrupted - m) v + m with m = a1 sigmoid(a2 u + a3) + a4 u + a5 and v = a6 sigmoid(a7 u + a8) + a9 u + a10;
    a (10, M) are parameters of each unit.
    """
    own = _launches(corrupted, u, a)
    return cast(Tensor, (own.Combine if own else _Combine).apply(corrupted, u, a))


def denoise(found: Tensor, z: Tensor, normalised: Tensor, deviation: Tensor) -> Tensor:
    """Return the mean squared difference () between reconstructions (B, M) and clean z, in standard deviations.

    With the mean m and the deviation s of the clean z, normalised z - (found - m) / s is (z - found) / s.

    Args:
        found: the reconstructions.
        z: the clean values before normalisation (B, M).
        normalised: the same, normalised.
        deviation: of z (M,), which is differentiated too; 1 () if z is not normalised, which then needs no gradient.
    """
    own = _launches(found, z, normalised, deviation)
    return cast(Tensor, (own.Denoise if own else _Denoise).apply(found, z, normalised, deviation))


@torch.no_grad()
def average(
    averages: tuple[Tensor, Tensor, Tensor], mean: Tensor, deviation: Tensor, n: int, epsilon: float, least: float
) -> None:
    """Add mean and standard deviation (M,) of a batch of n images to averages.

    Args:
        averages: of means and of unbiased variances (M,), and the number of batches in them (); all are changed.
        mean: of the batch.
        deviation: of the batch, of its biased variance plus epsilon.
        n: images.
        epsilon: that was added.
        least: weight of a batch; more for the first ones, which are averaged equally.
    """
    means, variances, batches = averages
    batches += 1
    if own := _launches(means, variances, mean, deviation):
        own.average(averages, mean, deviation, n, epsilon, least)
        return
    weight = batches.to(mean.dtype).reciprocal().clamp_min(least)
    variance = (deviation.square() - epsilon) * (n / (n - 1))
    means.lerp_(mean, weight)
    variances.lerp_(variance, weight)


def _launches(*tensors: Tensor) -> ModuleType | None:
    """Return ``launches`` if its kernels can compute with tensors, None if torch's have to."""
    if not all(one.is_cuda and one.dtype in (torch.float32, torch.bfloat16) for one in tensors):
        return None
    return _launches_on(tensors[0].device)


@cache
def _launches_on(device: torch.device) -> ModuleType | None:
    """Return ``launches`` if it works on a GPU; looked at once, before any graph is captured."""
    try:
        check_triton(device)
    except Unavailable:
        return None
    from fcnet.families.ladder import launches

    return launches if launches.works(device) else None


def _at_least_single(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
        ctx.dtype, z = z.dtype, _at_least_single(z)
        mean = z.mean(-2, keepdim=True)
        centred = z - mean
        deviation = centred.square().mean(-2, keepdim=True).add_(epsilon).sqrt_()
        normal = centred.div_(deviation)
        ctx.save_for_backward(normal, deviation)
        ctx.mark_non_differentiable(mean, deviation)
        return normal, mean, deviation

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor, None]:
        normal, deviation = ctx.saved_tensors
        along = (slope * normal).mean(-2, keepdim=True)
        found = torch.addcmul(slope - slope.mean(-2, keepdim=True), normal, along, value=-1).div_(deviation)
        return found.to(ctx.dtype), None


class _Combine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, corrupted: Tensor, u: Tensor, a: Tensor) -> Tensor:
        first = torch.addcmul(a[2], a[1], u).sigmoid_()
        second = torch.addcmul(a[7], a[6], u).sigmoid_()
        mean = torch.addcmul(torch.addcmul(a[4], a[3], u), a[0], first)
        share = torch.addcmul(torch.addcmul(a[9], a[8], u), a[5], second)
        rest = corrupted - mean
        ctx.save_for_backward(u, a, first, second, share, rest)
        return torch.addcmul(mean, rest, share)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u, a, first, second, share, rest = ctx.saved_tensors
        of_corrupted = slope * share
        of_mean, of_share = slope - of_corrupted, slope * rest
        of_first = of_mean * first * (1 - first)  # without a1, as of_second is without a6
        of_second = of_share * second * (1 - second)
        of_a = torch.stack(
            [
                (of_mean * first).sum(0),
                (of_first * u).sum(0) * a[0],
                of_first.sum(0) * a[0],
                (of_mean * u).sum(0),
                of_mean.sum(0),
                (of_share * second).sum(0),
                (of_second * u).sum(0) * a[5],
                of_second.sum(0) * a[5],
                (of_share * u).sum(0),
                of_share.sum(0),
            ]
        )
        of_u = of_mean.mul_(a[3]).addcmul_(of_first, a[0] * a[1])
        of_u.add_(of_share.mul_(a[8])).addcmul_(of_second, a[5] * a[6])
        return of_corrupted, of_u, of_a


class _Denoise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, found: Tensor, z: Tensor, normalised: Tensor, deviation: Tensor) -> Tensor:
        ctx.dtype = z.dtype
        rest = (_at_least_single(z) - found).div_(deviation)
        ctx.save_for_backward(rest, normalised, deviation)
        return rest.square().mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        rest, normalised, deviation = ctx.saved_tensors
        factor = slope * 2 / rest.numel() / deviation
        of_z = None
        if ctx.needs_input_grad[1]:
            squares = rest.square().mean(-2, keepdim=True)
            of_z = torch.addcmul(rest, normalised, squares, value=-1).mul_(factor).to(ctx.dtype)
        return rest * -factor, of_z, None, None
