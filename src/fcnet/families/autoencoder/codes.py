"""Codes drawn from Gaussians, and what their densities add to a variational bound."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from fcnet.families.autoencoder.model import AutoEncoder

Noise = torch.Generator | None  # None for torch's global generator


def drawn(mean: Tensor, log_variance: Tensor, samples: int, generator: Noise = None) -> tuple[Tensor, Tensor]:
    """Return codes (S, B, K) drawn from Gaussians (B, K), and their noise (Kingma and Welling 2014, section 2.4)."""
    noise = torch.randn(samples, *mean.shape, dtype=mean.dtype, device=mean.device, generator=generator)
    return mean + (0.5 * log_variance).exp() * noise, noise


def gaussian_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, 1)) (B,) in nats of (B, K); Kingma and Welling 2014, appendix B."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def importance_bound(weights: Tensor) -> Tensor:
    """Return the bound (B,) of log p(x) for log weights (S, B), which rises with S (Burda et al. 2015, equation 8)."""
    return weights.logsumexp(0) - math.log(len(weights))


@dataclass(frozen=True)
class Draws:
    """Values of all stochastic layers, drawn for the images of a batch.

    Attributes:
        first: those of the first stochastic layer (S, B, K), which the decoder takes.
        ratio: log p(h1, h2, ...) - log q(h1, h2, ... | x) of each draw (S, B).
        divergence: KL(q || p) (B,) in nats: exact for one layer and N(0, 1), otherwise the mean of the draws.
    """

    first: Tensor
    ratio: Tensor
    divergence: Tensor


def draws(net: AutoEncoder, x: Tensor, samples: int, noise: Noise = None) -> Draws:
    """Draw values of each stochastic layer for images (B, D), from the first to the last (Burda et al. 2015).

    q(h | x) = q(h1 | x) q(h2 | h1) ..., and p(h) = p(h1 | h2) ... p(hL), the last of which is the prior of the codes.
    The terms log 2 pi of p and q are the same and left out.
    """
    mean, log_variance = net.posterior(x)
    code, unit = drawn(mean, log_variance, samples, noise)
    if not net.above and net.pseudo_inputs is None:
        prior, posterior = -0.5 * code.square(), -0.5 * (log_variance + unit.square())
        return Draws(code, (prior - posterior).sum(-1), gaussian_divergence(mean, log_variance))
    codes, ratio = [code], 0.5 * (log_variance + unit.square()).sum(-1)
    for level in net.above:
        mean, log_variance = level.posterior(codes[-1])
        (code,), unit = drawn(mean, log_variance, 1, noise)
        codes.append(code)
        ratio = ratio + 0.5 * (log_variance + unit[0].square()).sum(-1)
    for level, (below, above) in zip(net.above, pairwise(codes), strict=True):
        mean, log_variance = level.prior(above)
        ratio = ratio - 0.5 * (log_variance + (below - mean).square() * (-log_variance).exp()).sum(-1)
    ratio = ratio + log_prior(net, codes[-1])
    return Draws(codes[0], ratio, -ratio.mean(0))


def log_prior(net: AutoEncoder, code: Tensor) -> Tensor:
    """Return log p (...) of codes (..., K) by a net's prior, without the term -K/2 log 2 pi."""
    gaussians = net.prior()
    if gaussians is None:
        return -0.5 * code.square().sum(-1)
    mean, log_variance = gaussians
    # A product in bfloat16 would be too coarse for squares that are subtracted.
    with torch.autocast(code.device.type, enabled=False):
        precision = (-log_variance).exp()
        constant = (mean.square() * precision + log_variance).sum(1)
        squares = code.square() @ precision.T - 2 * code @ (mean * precision).T + constant  # (..., P)
    return (-0.5 * squares).logsumexp(-1) - math.log(len(mean))


def sampled(net: AutoEncoder, count: int, size: int) -> Tensor:
    """Return codes (count, size) drawn from a net's prior on the CPU by torch's global generator."""
    gaussians, noise = net.prior(), torch.randn(count, size)
    if gaussians is None:
        return noise
    mean, log_variance = gaussians
    chosen = torch.randint(len(mean), (count,))
    return mean[chosen] + (0.5 * log_variance[chosen]).exp() * noise
