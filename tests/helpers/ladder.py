"""The cost of a ladder network in NumPy, one image batch at a time, straight from algorithm 1 of Rasmus et al. 2015."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
EPSILON = 1e-10


def batch_norm(z: Array) -> tuple[Array, Array, Array]:
    """z normalised over the images, its mean and its standard deviation."""
    mean, deviation = z.mean(0), np.sqrt(z.var(0) + EPSILON)
    return (z - mean) / deviation, mean, deviation


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(1, keepdims=True))
    found: Array = e / e.sum(1, keepdims=True)
    return found


def sigmoid(x: Array) -> Array:
    found: Array = 1 / (1 + np.exp(-x))
    return found


def encoded(weights: dict[str, Array], x: Array, noises: Sequence[Array | float]) -> tuple[Array, list[Array], list]:
    """Outputs before the softmax, z of each layer with noise, and means and deviations."""
    top = len(noises) - 1
    h = x + noises[0]
    z, statistics = [h], [(np.zeros(x.shape[1]), np.ones(x.shape[1]))]
    for layer in range(1, top + 1):
        normal, mean, deviation = batch_norm(h @ weights[f"encoder.fc{layer}.weight"].T)
        z.append(normal + noises[layer])
        statistics.append((mean, deviation))
        h = z[-1] + weights[f"encoder.bn{layer}.bias"]
        h = h * weights[f"encoder.bn{layer}.scale"] if layer == top else np.maximum(h, 0)
    return h, z, statistics


def combined(z: Array, u: Array, a: Array) -> Array:
    """The authors' combinator g(z, u)."""
    m = a[0] * sigmoid(a[1] * u + a[2]) + a[3] * u + a[4]
    v = a[5] * sigmoid(a[6] * u + a[7]) + a[8] * u + a[9]
    return (z - m) * v + m


def denoising(weights: dict[str, Array], x: Array, noises: Sequence[Array], costs: Sequence[float]) -> Array:
    """The weighted costs of all layers for images without labels, input first."""
    outputs, corrupted, _ = encoded(weights, x, noises)
    _, clean, statistics = encoded(weights, x, [0.0] * len(noises))
    above, found = softmax(outputs), np.zeros(len(costs))
    for layer in range(len(costs) - 1, -1, -1):
        if f"decoder.{layer}.a" not in weights:
            break
        if layer < len(costs) - 1:
            above = above @ weights[f"decoder.{layer}.fc.weight"].T
        above = combined(corrupted[layer], batch_norm(above)[0], weights[f"decoder.{layer}.a"])
        mean, deviation = statistics[layer]
        found[layer] = costs[layer] * np.square(clean[layer] - (above - mean) / deviation).mean()
    return found


def cross_entropy(weights: dict[str, Array], x: Array, labels: NDArray[np.int64], noises: Sequence[Array]) -> float:
    """Of the corrupted outputs for images with labels."""
    outputs, _, _ = encoded(weights, x, noises)
    return float(-np.log(softmax(outputs)[np.arange(len(x)), labels]).mean())
