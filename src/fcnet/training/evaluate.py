"""Run a model over images: outputs and metrics."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.data.dataset import ImageFolder
from fcnet.training.metrics import Metrics, RunningMetrics
from fcnet.training.objective import Classify, Objective

# Images per batch when no gradient is needed: 3 MB of pixels, which stay in a CPU's cache.
EVALUATION_BATCH = 1000

# The same on a GPU, where a batch costs little more than its launch.
GPU_BATCH = 10_000

EVALUATION_SEED = 0  # of noise: arbitrary, but always the same

CLASSIFY = Classify()

SCALES = (0.1, 100.0)  # range of the factor that turns outputs into logits
HALVINGS = 24  # of the interval of its logarithm: gives seven digits


@torch.inference_mode()
def predict(model: nn.Module, split: ImageFolder) -> Tensor:
    """Return logits (N, C) of all images of a split, on its device, in the precision of the model's weights."""
    model.eval()
    dtype = next(model.parameters()).dtype
    batch = GPU_BATCH if split.labels.is_cuda else EVALUATION_BATCH
    return torch.cat([model(pixels) for pixels, _ in split.batches(batch, dtype=dtype)])


def evaluate_some(model: nn.Module, split: ImageFolder, objective: Objective) -> Metrics:
    """Return the metrics of a model over the first images of a split."""
    return _measured(model, objective, islice(_batches(model, split), 1))


def evaluate(model: nn.Module, split: ImageFolder, objective: Objective = CLASSIFY) -> Metrics:
    """Return the metrics of a model over all images of a split, without label smoothing or l2.

    Random draws, such as noise, are the same at each call, and leave torch's generators unchanged.
    """
    if objective.classifies:  # in a single sum, which is most accurate
        return Metrics.of(predict(model, split), split.labels)
    return _measured(model, objective, _batches(model, split))


def _batches(model: nn.Module, split: ImageFolder) -> Iterator[tuple[Tensor, Tensor]]:
    return iter(split.batches(EVALUATION_BATCH, dtype=next(model.parameters()).dtype))


@torch.no_grad()
def _measured(model: nn.Module, objective: Objective, batches: Iterator[tuple[Tensor, Tensor]]) -> Metrics:
    model.eval()
    device = next(model.parameters()).device
    running = RunningMetrics(device, objective.terms)
    with fixed_noise(device):
        for pixels, labels in batches:
            running.add(objective.of_batch(model, pixels, labels), labels)
    return running.reduce()


@contextmanager
def fixed_noise(device: torch.device) -> Iterator[None]:
    """Seed torch's global generators with a constant inside the context, and restore them afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(EVALUATION_SEED)
        yield


def best_scale(outputs: Tensor, labels: Tensor) -> float:
    """Return the factor within ``SCALES`` by which outputs (N, C) have the least cross-entropy.

    Cross-entropy is convex in the factor, so the zero of its slope is found by bisection. A common factor changes no
    prediction (temperature scaling, Guo et al. 2017).
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
