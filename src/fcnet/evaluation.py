"""What a model makes of images: outputs, and figures of them."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.data import ImageFolder
from fcnet.metrics import Metrics

# Images per batch where no gradient is needed: 3 MB of pixels, which stay in a CPU's cache.
EVALUATION_BATCH = 1000

SCALES = (0.1, 100.0)  # between which the factor that makes logits of outputs is looked for
HALVINGS = 24  # of its logarithm: seven digits


@torch.inference_mode()
def predict(model: nn.Module, split: ImageFolder) -> Tensor:
    """Logits (N, C) of all images of a split, on its device, as exact as the model's weights."""
    model.eval()
    dtype = next(model.parameters()).dtype
    return torch.cat([model(pixels) for pixels, _ in split.batches(EVALUATION_BATCH, dtype=dtype)])


@torch.inference_mode()
def evaluate_some(model: nn.Module, split: ImageFolder) -> Metrics:
    """Figures of a model over the first images of a split."""
    model.eval()
    pixels, labels = next(iter(split.batches(EVALUATION_BATCH, dtype=next(model.parameters()).dtype)))
    return Metrics.of(model(pixels), labels)


def evaluate(model: nn.Module, split: ImageFolder) -> Metrics:
    """Figures of a model over all images of a split, without label smoothing or l2."""
    return Metrics.of(predict(model, split), split.labels)


def best_scale(outputs: Tensor, labels: Tensor) -> float:
    """The factor, between ``SCALES``, whose products with outputs (N, C) have the least cross-entropy.

    Cross-entropy is convex in it: where its slope is 0 is found by halving. One factor for all outputs changes no
    class (Guo et al. 2017, temperature scaling).
    """
    outputs = outputs.double()
    right = outputs.gather(1, labels[:, None])[:, 0]
    low, high = SCALES
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        expected = (functional.softmax(middle * outputs, 1) * outputs).sum(1)
        if float((expected - right).sum()) > 0:  # the slope of their sum
            high = middle
        else:
            low = middle
    return low
