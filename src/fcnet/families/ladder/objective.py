"""The objective of ladder networks: classify corrupted images, and denoise every layer."""

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from fcnet.data.dataset import ImageFolder
from fcnet.families.ladder.model import Ladder
from fcnet.training.metrics import Output
from fcnet.training.objective import Classify
from fcnet.training.randomness import Randomness


@dataclass(frozen=True, eq=False)
class Labelled:
    """The images whose labels may be used.

    Attributes:
        pixels: uint8 (n, D).
        labels: int64 (n,).
    """

    pixels: Tensor
    labels: Tensor

    @classmethod
    def of(cls, images: ImageFolder) -> "Labelled | None":
        """Return those of training images, on the device of their labels; None if all may be used."""
        if images.labelled is None:
            return None
        device = images.labels.device
        some = images.images[images.labelled.to(images.images.device)].flatten(1)
        return cls(some.to(device), images.labels[images.labelled.to(device)])

    def drawn(self, n: int, dtype: torch.dtype, draws: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return pixels (n, D) in [0, 1] and labels (n,) of images in random order: as many of each as possible."""
        count = len(self.labels)
        rounds = -(-n // count)
        keys = torch.rand(rounds, count, dtype=torch.float64, device=self.labels.device, generator=draws)
        rows = keys.argsort(dim=1, stable=True).flatten()[:n]
        return self.pixels[rows].to(dtype).div_(255), self.labels[rows]


@dataclass(frozen=True)
class Climb(Classify):
    """Cross-entropy of the corrupted encoder, plus the denoising costs; evaluation is that of the clean encoder.

    Attributes:
        label_smoothing: as for ``Classify``.
        labelled: the images with labels, of which as many are drawn as are in the batch; None if each image has one.
        noise: draws the noise; None for torch's global generator.
        draws: chooses labelled images; None for torch's global generator.
    """

    labelled: Labelled | None = None
    noise: torch.Generator | None = None
    draws: torch.Generator | None = None

    name: ClassVar[str] = "ladder"
    terms: ClassVar[tuple[str, ...]] = ("cross_entropy", "denoising")

    def drawing_from(self, randomness: Randomness) -> "Climb":
        """Return the same objective, whose random numbers come from named streams."""
        draws = None if self.labelled is None else randomness.stream("labelled")
        return replace(self, noise=randomness.stream("noise"), draws=draws)

    def of_batch(self, model: nn.Module, pixels: Tensor, labels: Tensor) -> Output:
        """Return loss, logits and terms of pixels (B, D); their labels (B,) are not used if only some images have one.

        A net in evaluation classifies clean images.
        """
        net = cast(Ladder, model)
        if not net.training:
            return super().of_batch(net, pixels, labels)
        groups = pixels[None]
        if self.labelled is not None:
            some, labels = self.labelled.drawn(len(pixels), pixels.dtype, self.draws)
            groups = torch.stack([some, pixels])
        trace = net.encode(groups, self.noise)
        logits = trace.logits[0]
        cross_entropy, denoising = self.loss(logits, labels), net.decode(trace)
        terms = torch.stack([cross_entropy.detach(), denoising.detach()])
        return Output(cross_entropy + denoising, logits, terms, labels=labels)
