"""Codes drawn from Gaussians, and what their densities add to a variational bound."""

import math

import torch
from torch import Tensor

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
