"""Ladder networks as a module: the encoder classifies; with the decoder, it learns to denoise its layers."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from fcnet.families.common import plain
from fcnet.families.ladder.config import LadderModel
from fcnet.families.ladder.functions import average, combine, denoise, normalise

EPSILON = 1e-10  # added to variances, as in the authors' program
MOMENTUM = 0.01  # weight of a batch in the averages of means and variances; more for the first 100 batches

Noise = torch.Generator | None  # None for torch's global generator


class Normalised(nn.BatchNorm1d):
    """Batch normalisation, then a shift and, of the outputs, a scale: h = scale * (z + bias).

    Args:
        width: units.
        scaled: whether there is a scale; ReLU layers need none.
    """

    def __init__(self, width: int, scaled: bool) -> None:
        super().__init__(width, eps=EPSILON, momentum=MOMENTUM, affine=False)
        self.bias = nn.Parameter(torch.zeros(width))
        self.scale = nn.Parameter(torch.ones(width)) if scaled else None

    def forward(self, z: Tensor) -> Tensor:
        """Return h (B, M) of z (B, M), normalised by the averages of training."""
        assert self.running_mean is not None
        assert self.running_var is not None
        return self.shifted((z - self.running_mean) * (self.running_var + self.eps).rsqrt())

    def shifted(self, z: Tensor) -> Tensor:
        """Return h (..., M) of a normalised z (..., M)."""
        h = z + self.bias
        return h if self.scale is None else h * self.scale

    def described(self) -> plain.Plain:
        """Return it as plain layers."""
        norm, bias = plain.normalisation(self), self.bias.detach().double().cpu()
        scale = torch.ones(()) if self.scale is None else self.scale.detach().double().cpu()
        return plain.Plain((plain.Affine(norm.factor * scale, (norm.shift + bias) * scale),))

    def average(self, mean: Tensor, deviation: Tensor, n: int) -> None:
        """Add mean and standard deviation (M,) of a batch of n images to the averages."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        averages = self.running_mean, self.running_var, self.num_batches_tracked
        average(averages, mean, deviation, n, self.eps, MOMENTUM)


class Rung(nn.Module):
    """A layer of the decoder: reconstructs z from its corrupted value and from the layer above.

    Args:
        width: units.
        above: units of the layer above; None for the topmost layer, to which the corrupted outputs are given.
    """

    def __init__(self, width: int, above: int | None) -> None:
        super().__init__()
        self.fc = None if above is None else linear(above, width)
        # The ten parameters of the authors' combinator, a1 to a10, of each unit; a2 and a7 begin at 1.
        self.a = nn.Parameter(torch.zeros(10, width))
        with torch.no_grad():
            self.a[[1, 6]] = 1

    def forward(self, corrupted: Tensor, above: Tensor) -> Tensor:
        """Return reconstructions (B, M) of corrupted z (B, M) and the layer above (B, M')."""
        u, _, _ = normalise(above if self.fc is None else self.fc(above), EPSILON)
        return combine(corrupted, u, self.a)


def linear(before: int, after: int) -> nn.Linear:
    """Return a layer without biases, its weights drawn from N(0, 1 / inputs) with torch's global generator."""
    layer = nn.Linear(before, after, bias=False, device="meta").to_empty(device="cpu")
    nn.init.normal_(layer.weight, std=before**-0.5)
    return layer


@dataclass(frozen=True)
class Clean:
    """A layer of the clean encoder.

    Attributes:
        z: before its normalisation (B, M).
        normalised: the same, normalised; neither it nor the deviation has a gradient of its own.
        deviation: standard deviation that it was divided by (M,).
    """

    z: Tensor
    normalised: Tensor
    deviation: Tensor


@dataclass(frozen=True)
class Trace:
    """What the encoders give for groups of images, each normalised by itself.

    Attributes:
        logits: of the corrupted images of each group (G, B, C).
        corrupted: z with noise of the last group, of each layer, input first (B, M).
        clean: the clean images of the last group, of each layer up to the last one with a denoising cost.
    """

    logits: Tensor
    corrupted: list[Tensor]
    clean: list[Clean]


class Ladder(nn.Module):
    """A ladder network. As a module it classifies by the clean encoder, with averages of means and variances.

    Args:
        sizes: units of each layer, from the pixels to the outputs.
        noises: standard deviation of the noise of each layer.
        costs: weight of the denoising cost of each layer. Decoder layers below the lowest one with a cost are left out.
    """

    def __init__(self, sizes: Sequence[int], noises: Sequence[float], costs: Sequence[float]) -> None:
        super().__init__()
        self.noises, self.costs, self.top = list(noises), list(costs), len(sizes) - 1
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        for layer, (before, after) in enumerate(pairwise(sizes), 1):
            parts[f"fc{layer}"] = linear(before, after)
            parts[f"bn{layer}"] = Normalised(after, scaled=layer == self.top)
            if layer < self.top:
                parts[f"act{layer}"] = nn.ReLU()
        self.encoder = nn.Sequential(parts)
        with_cost = [layer for layer, cost in enumerate(costs) if cost]
        self._highest = max(with_cost, default=0)  # up to this layer, the clean encoder has gradients
        lowest = min(with_cost, default=len(sizes))
        rungs = {
            str(layer): Rung(sizes[layer], None if layer == self.top else sizes[layer + 1])
            for layer in range(self.top, lowest - 1, -1)
        }
        self.decoder = nn.ModuleDict(rungs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, C) of pixels (B, D) or images (B, 1, H, W) in [0, 1]."""
        logits: Tensor = self.encoder(x.flatten(1))
        return logits

    def described(self) -> plain.Plain:
        """Return the clean encoder as plain layers."""
        return plain.Plain(plain.of(self.encoder))

    def encode(self, images: Tensor, noise: Noise = None) -> Trace:
        """Return what the encoders give for G groups of images (G, B, D): all corrupted, and the last one clean too.

        Up to the last layer with a denoising cost, one product computes both. Above it, only the averages need the
        clean images, which then have no gradient.
        """
        x = torch.cat([images, images[-1:]])
        h = self._with_noise(x, 0, len(images), noise)
        trace = Trace(h, [h[-2]], [Clean(x[-1], x[-1], x.new_ones(()))])
        clean = h[-1]
        for layer in range(1, self.top + 1):
            if layer == self._highest + 1:
                h, clean = h[:-1], h[-1]
            h = self._layer(layer, h, trace, len(images), noise)
        with torch.no_grad():
            for layer in range(self._highest + 1, self.top + 1):
                clean = self._layer(layer, clean[None], None, 0, noise)[0]
        return replace(trace, logits=h[: len(images)])

    def decode(self, trace: Trace) -> Tensor:
        """Return the sum () of the weighted denoising costs of all layers."""
        above = trace.logits[-1].softmax(-1)
        total = above.new_zeros(())
        for name, rung in self.decoder.items():
            layer = int(name)
            above = rung(trace.corrupted[layer], above)
            if self.costs[layer]:
                clean = trace.clean[layer]
                total = total + self.costs[layer] * denoise(above, clean.z, clean.normalised, clean.deviation)
        return total

    def _layer(self, layer: int, h: Tensor, trace: Trace | None, corrupted: int, noise: Noise) -> Tensor:
        """Return h of a layer for groups of h below (G, B, M), and add to a trace; the first groups are corrupted."""
        fc, bn = self.encoder.get_submodule(f"fc{layer}"), self.encoder.get_submodule(f"bn{layer}")
        assert isinstance(bn, Normalised)
        before = fc(h)
        normal, mean, deviation = normalise(before, bn.eps)
        if len(h) > corrupted:  # the last group is clean
            bn.average(mean[-1, 0], deviation[-1, 0], h.shape[1])
            if trace is not None:
                trace.clean.append(Clean(before[-1], normal[-1].detach(), deviation[-1, 0]))
        z = self._with_noise(normal, layer, corrupted, noise)
        if trace is not None:
            trace.corrupted.append(z[corrupted - 1])
        h = bn.shifted(z)
        return h.relu() if layer < self.top else h

    def _with_noise(self, z: Tensor, layer: int, corrupted: int, noise: Noise) -> Tensor:
        """Add the noise of a layer to the first groups of z (G, B, M)."""
        std = self.noises[layer]
        if not std or not corrupted:
            return z
        drawn = torch.zeros_like(z)
        drawn[:corrupted].normal_(std=std, generator=noise)
        return z + drawn


def build(spec: LadderModel, size: tuple[int, int], classes: int) -> Ladder:
    """Return the net of a config for images of a size (height, width), with fresh weights."""
    return Ladder([math.prod(size), *spec.hidden, classes], spec.noises, spec.costs)
