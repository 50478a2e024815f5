"""The objective of autoencoders: reconstruct an image, also from a corrupted one, with a regularised code.

Losses are summed over the pixels of an image and averaged over images; penalties are averaged over images too.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from fcnet.families.autoencoder.codes import Noise, draws, importance_bound
from fcnet.families.autoencoder.config import (
    AutoencoderModel,
    CorruptionSpec,
    GaussianNoise,
    KLSparsity,
    KSparse,
    L1Sparsity,
    MaskingNoise,
    SaltAndPepper,
    Variational,
)
from fcnet.families.autoencoder.model import AutoEncoder, at_least_single
from fcnet.training.metrics import Output
from fcnet.training.randomness import Randomness

CACHED = 2**17  # values processed together on a CPU: half a megabyte in single precision, which fits its caches


@dataclass(frozen=True)
class Reconstruct:
    """The target of an image is the image itself.

    Attributes:
        spec: the model's config.
        below: computes the net's inputs from pixels (B, D): the layers before the one that is trained alone.
        noise: draws corruption, codes and pixels; None for torch's global generator.
    """

    spec: AutoencoderModel
    below: nn.Module | None = None
    noise: Noise = None

    name: ClassVar[str] = "reconstruction"
    classifies: ClassVar[bool] = False

    @property
    def terms(self) -> tuple[str, ...]:
        """Return the names of the loss's terms, before any weight ``beta``, and of the squared error.

        With several importance samples, the loss is the bound, not the sum of the terms, which are those of the ELBO.
        """
        spec = self.spec
        names = ["reconstruction"]
        if spec.variational is not None:
            names.append("kl")
        if spec.contractive is not None or isinstance(spec.sparse, KLSparsity | L1Sparsity):
            names.append("penalty")
        if spec.loss != "squared":
            names.append("squared_error")
        return tuple(names)

    def drawing_from(self, randomness: Randomness) -> "Reconstruct":
        """Return the same objective for training, whose noise comes from a stream."""
        return replace(self, noise=randomness.stream("noise"))

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:  # noqa: ARG002
        """Return loss and terms of a net for pixels (B, D); labels are not used."""
        net, spec = cast(AutoEncoder, model), self.spec
        target = binarised(pixels, self.noise) if spec.binarise else pixels
        if self.below is not None:
            with torch.no_grad():
                target = self.below(target)
        x = target if spec.corruption is None else corrupt(target, spec.corruption, self.noise)
        if spec.variational is not None:
            loss, outputs, terms = self._variational(net, x, target, spec.variational)
        else:
            code, penalty = penalised(net, x, spec, self.noise)
            outputs = net.decoder(code)
            terms = [self.compare(net, outputs[None], target).mean()]
            loss = terms[0]
            if penalty is not None:
                loss = loss + penalty
                terms.append(penalty)
        if spec.loss != "squared":
            terms.append(squared_error(net.pixels(outputs.detach()), target).mean())
        return Output(loss, terms=torch.stack([term.detach() for term in terms]))

    def compare(self, net: AutoEncoder, outputs: Tensor, target: Tensor) -> Tensor:
        """Return the losses (S, B) of a decoder's outputs (S, B, D) for targets (B, D), summed over the pixels."""
        if self.spec.loss == "cross_entropy":
            return cast(Tensor, PixelCrossEntropy.apply(outputs, target))
        return squared_error(net.pixels(at_least_single(outputs)), target)

    def _variational(
        self, net: AutoEncoder, x: Tensor, target: Tensor, variational: Variational
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return loss (), outputs (B, D), and the terms reconstruction and KL divergence ()."""
        found = self.weighted(net, x, target, variational.samples)
        terms = [found.losses.mean(), found.divergence.mean()]
        if variational.samples == 1:
            return terms[0] + variational.beta * terms[1], found.outputs[0], terms
        return -importance_bound(found.log_weights).mean(), found.outputs[0], terms

    def weighted(self, net: AutoEncoder, x: Tensor, target: Tensor, samples: int) -> "Weighted":
        """Draw codes of inputs (B, D) and weigh them for targets (B, D)."""
        found = draws(net, x, samples, self.noise)
        outputs: Tensor = net.decoder(found.first.flatten(0, 1)).unflatten(0, (samples, len(x)))
        losses = self.compare(net, outputs, target)
        return Weighted(-losses + found.ratio, outputs, losses, found.divergence)


@dataclass(frozen=True)
class Weighted:
    """Draws of codes with their importance weights.

    Attributes:
        log_weights: log p(x, h) / q(h | x) (S, B); if the loss is the squared error, log p(x | h) lacks its constant,
            -D/2 log pi.
        outputs: of the decoder (S, B, D).
        losses: -log p(x | h) (S, B), up to that constant.
        divergence: KL divergence of the codes (B,).
    """

    log_weights: Tensor
    outputs: Tensor
    losses: Tensor
    divergence: Tensor


class PixelCrossEntropy(torch.autograd.Function):
    """Cross-entropy (S, B) in nats between targets (B, D) in [0, 1] and the sigmoids of logits (S, B, D).

    It is log(1 + e^o) - o t, summed over the pixels, with log(1 + e^o) = max(o, 0) - log(sigmoid(|o|)). It differs from
    torch's own by at most 1e-7 per pixel in single precision, and takes an eighth of the time on a CPU: torch's
    ``log1p`` is not vectorised, and its intermediates do not stay in the cache. The derivative has the logits' type.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, cached: int = CACHED) -> Tensor:
        """Return the losses; save what their derivative needs. On a CPU, ``cached`` values are processed together."""
        ctx.save_for_backward(logits, target)
        ctx.cached = cached
        found = []
        for piece in torch.split(logits, _samples_in_cache(logits, cached)):
            o = at_least_single(piece)
            found.append((o.relu() - o * target).sub_(o.abs().sigmoid_().log_()).sum(-1))
        return torch.cat(found)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None, None]:
        """Return (sigmoid(logits) - target) of each loss times its slope (S, B)."""
        logits, target = ctx.saved_tensors
        found, some = torch.empty_like(logits), _samples_in_cache(logits, ctx.cached)
        for out, piece, slope in zip(*(torch.split(one, some) for one in (found, logits, slopes)), strict=True):
            out.copy_(at_least_single(piece).sigmoid().sub_(target).mul_(slope.unsqueeze(-1)))
        return found, None, None


def _samples_in_cache(logits: Tensor, cached: int) -> int:
    """Return how many samples of (S, B, D) are processed together: all on a GPU, as many as fit the cache on a CPU."""
    return len(logits) if logits.is_cuda else max(cached // max(logits[0].numel(), 1), 1)


def squared_error(pixels: Tensor, target: Tensor) -> Tensor:
    """Return the squared error (...), summed over the pixels of (..., D)."""
    return (pixels - target).square().sum(-1)


def rand_like(x: Tensor, noise: Noise) -> Tensor:
    """Return numbers uniform in [0, 1), of the shape and type of x."""
    return torch.rand(x.shape, dtype=x.dtype, device=x.device, generator=noise)


def randn_like(x: Tensor, noise: Noise) -> Tensor:
    """Return numbers of N(0, 1), of the shape and type of x."""
    return torch.randn(x.shape, dtype=x.dtype, device=x.device, generator=noise)


def binarised(pixels: Tensor, noise: Noise = None) -> Tensor:
    """Return pixels 0 or 1, drawn with the values (B, D) as probabilities; thrice as fast as ``torch.bernoulli``."""
    return (rand_like(pixels, noise) < pixels).to(pixels.dtype)


def corrupt(x: Tensor, corruption: CorruptionSpec, noise: Noise = None) -> Tensor:
    """Return corrupted inputs (B, D)."""
    match corruption:
        case GaussianNoise(std=std):
            return x + std * randn_like(x, noise)
        case MaskingNoise(share=share):
            return x * (rand_like(x, noise) >= share)
        case SaltAndPepper(share=share):
            chance = rand_like(x, noise)
            return torch.where(chance < share, (chance < share / 2).to(x.dtype), x)


def penalised(net: AutoEncoder, x: Tensor, spec: AutoencoderModel, noise: Noise = None) -> tuple[Tensor, Tensor | None]:
    """Return codes (B, K) of inputs (B, D), and the penalty () if they are sparse or contractive."""
    penalties = []
    if spec.contractive is None:
        code = net.encode(x)
    else:
        code, norms = contraction(net, x, spec.contractive.probes, noise)
        penalties.append(spec.contractive.weight * norms.mean())
    match spec.sparse:
        case KLSparsity(target=target, weight=weight):
            penalties.append(weight * activation_divergence(code, target))
        case L1Sparsity(weight=weight):
            penalties.append(weight * code.abs().sum(1).mean())
        case KSparse() | None:  # k_sparse is a module of the net
            pass
    return code, sum(penalties[1:], penalties[0]) if penalties else None


def activation_divergence(code: Tensor, target: float) -> Tensor:
    """Return the sum over units of KL(target || mean activation over the batch) () of codes (B, K), in nats."""
    least = torch.finfo(code.dtype).eps  # a sigmoid rounded to 0 or 1 would have an infinite divergence
    mean = code.mean(0).clamp(least, 1 - least)
    negentropy = target * math.log(target) + (1 - target) * math.log1p(-target)
    return (negentropy - target * mean.log() - (1 - target) * (1 - mean).log()).sum()


def contraction(net: AutoEncoder, x: Tensor, probes: int, noise: Noise = None) -> tuple[Tensor, Tensor]:
    """Return codes (B, K) of inputs (B, D), and squared Frobenius norms (B,) of their Jacobians dh/dx.

    For an encoder of one layer, h = f(W x + b), it is sum_j f'(z_j)^2 |W_j|^2 (Rifai et al. 2011, equation 2). For a
    deeper one, it is estimated as the mean of |v^T J|^2 over random v of ±1 (Hutchinson 1990).
    """
    with torch.enable_grad():
        layers = list(net.encoder.children())
        if len(layers) == 1 and isinstance(layers[0], nn.Linear):
            z = at_least_single(net.encoder(x))
            z = z if z.requires_grad else z.requires_grad_()
            code: Tensor = net.code(z)
            (slopes,) = torch.autograd.grad(code.sum(), z, create_graph=True)
            # Not a matrix product: with `precision: bf16`, that would be rounded to bfloat16.
            return code, (slopes.square() * layers[0].weight.square().sum(1)).sum(1)
        x = x.detach().requires_grad_()
        code = net.encode(x)
        norms = x.new_zeros(len(x))
        for _ in range(probes):
            v = torch.randint(0, 2, code.shape, device=x.device, generator=noise).to(x.dtype) * 2 - 1
            (row,) = torch.autograd.grad((code * v).sum(), x, create_graph=True)
            norms = norms + row.square().sum(1) / probes
        return code, norms


@torch.no_grad()
def log_likelihood(net: AutoEncoder, spec: AutoencoderModel, pixels: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """Return the importance-weighted bound of log p(x) (B,), and the ELBO (B,), in nats, of pixels (B, D).

    With cross-entropy, p(x | z) is the probability of pixels that are 0 or 1; with the squared error, it is a Gaussian
    density with variance 1/2.
    """
    found = Reconstruct(spec).weighted(net, pixels, pixels, samples)
    elbo = -found.losses.mean(0) - found.divergence
    constant = 0.0 if spec.loss == "cross_entropy" else pixels.shape[1] / 2 * math.log(math.pi)
    return importance_bound(found.log_weights) - constant, elbo - constant
