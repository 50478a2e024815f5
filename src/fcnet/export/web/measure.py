"""What storing weights in few bytes costs: measured on the held-out images of the run, with the stored weights."""

from dataclasses import dataclass

import torch
from torch import Tensor

from fcnet.data.dataset import ImageFolder
from fcnet.export.web.packing import Packed
from fcnet.families.common import classify, plain
from fcnet.families.common.family import Trained
from fcnet.system.text import counted

POINTS = 0.001  # of the images, a tenth of a point: the most that int8 may cost in accuracy unless it was asked for
SHARE = 0.01  # of an autoencoder's squared error: the same
REFUSED = 0.02  # of the held-out images are called uncertain, or unusual, as in `fcnet predict`
AT_ONCE = 1000  # images


@dataclass(frozen=True)
class Measured:
    """A net and its page over the same images.

    Attributes:
        split: the images.
        n: how many.
        what: ``accuracy``, in [0, 1], or ``squared error``, summed over the pixels, averaged over images.
        run: of the net as trained.
        page: of the net as stored.
        limit: a probability that a share of ``REFUSED`` of the answers are below; of an autoencoder, a squared error
            that as many are above.
    """

    split: str
    n: int
    what: str
    run: float
    page: float
    limit: float

    @property
    def costs(self) -> bool:
        """Return whether the page is clearly worse than the run."""
        if self.what == "accuracy":
            return round(self.n * (self.run - self.page)) > POINTS * self.n
        return self.page > (1 + SHARE) * self.run

    def text(self) -> str:
        """Return both in words."""
        if self.what == "accuracy":
            shown = f"{100 * self.page:.2f} % in the page, {100 * self.run:.2f} % as trained"
        else:
            shown = f"{self.page:.4f} per image in the page, {self.run:.4f} as trained"
        return f"{shown}, on {counted(self.n, f'{self.split} image')}"


@dataclass(frozen=True)
class Reference:
    """A run's held-out images, and what its net as trained makes of them.

    Attributes:
        images: labelled, if the net classifies.
        split: their name.
        outputs: (N, M) logits, or reconstructed pixels.
    """

    images: ImageFolder
    split: str
    outputs: Tensor


def reference(trained: Trained, images: ImageFolder, split: str) -> Reference:
    """Return what a net, on the CPU, makes of images. Raises CheckpointError if that is not finite."""
    return Reference(images, split, classify.logits_of(trained, images))


@torch.no_grad()
def measure(packed: Packed, beside: Reference) -> Measured:
    """Return what a net as stored does on images, beside the net as trained."""
    parts = [plain.run(packed.net.layers, x) for x, _ in beside.images.batches(AT_ONCE)]
    stored, n = torch.cat(parts), len(beside.images)
    if packed.net.code is None:
        run, page = (_accuracy(one, beside.images.labels) for one in (beside.outputs, stored))
        top = stored.double().softmax(1).amax(1)
        return Measured(beside.split, n, "accuracy", run, page, float(top.quantile(REFUSED)))
    whole, errors = (_errors(one, beside.images) for one in (beside.outputs, stored))
    limit = float(errors.quantile(1 - REFUSED))
    return Measured(beside.split, n, "squared error", float(whole.mean()), float(errors.mean()), limit)


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(1) == labels).double().mean())


def _errors(outputs: Tensor, images: ImageFolder) -> Tensor:
    """Return the squared errors float64 (N,) of reconstructions (N, D)."""
    parts = zip(torch.split(outputs, AT_ONCE), images.batches(AT_ONCE), strict=True)
    return torch.cat([(found.double() - x.double()).square().sum(1) for found, (x, _) in parts])
