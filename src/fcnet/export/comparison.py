"""Run an exported graph beside the model that it was made of, on real images."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fcnet.commands.read import held_out, read_split
from fcnet.data.dataset import ImageFolder
from fcnet.errors import DataError
from fcnet.export.graphs import LOGITS, Graph
from fcnet.export.subject import Subject
from fcnet.system.sinks import Sinks
from fcnet.system.text import plural
from fcnet.training.evaluate import EVALUATION_BATCH

TOLERANCE = 1e-4  # largest difference of an output: rounding gives 1e-5 for the logits of digits, which are about 10

# A model with large weights of both signs, as an ELM has, rounds more. Then the difference may be so many times that of
# PyTorch's own float32 and float64, but never more than this share of the largest value.
ROUNDINGS, MOST = 4, 1e-4

Outputs = dict[str, NDArray[Any]]
Run = Callable[[NDArray[np.uint8]], Outputs]

RANDOM, SEED = 1000, 0  # random images, where there are no others


@dataclass
class Difference:
    """How an exported graph differs from its model.

    Attributes:
        images: how many were compared.
        where: what they are.
        largest: by output, the largest difference of a value.
        values: by output, the largest value of the model.
        rounding: by output, the largest difference of the model in float32 and in float64.
        other_classes: images that get another class.
    """

    images: int
    where: str
    largest: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    rounding: dict[str, float] = field(default_factory=dict)
    other_classes: int = 0

    @property
    def small(self) -> bool:
        """Return whether all classes are the same, and all values as close as rounding explains."""
        within = (value < float("inf") and value <= self.allowed(name) for name, value in self.largest.items())
        return not self.other_classes and all(within)

    def allowed(self, name: str) -> float:
        """Return the largest difference of an output that rounding explains."""
        return max(TOLERANCE, min(ROUNDINGS * self.rounding[name], MOST * self.values[name]))

    def facts(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "images": self.images,
            "compared_on": self.where,
            "largest_difference": self.largest,
            "own_rounding": self.rounding,
            "other_classes": self.other_classes,
        }

    def text(self) -> str:
        """Return it in words."""
        values = [f"{name} within {value:.1e}{self._explained(name)}" for name, value in self.largest.items()]
        if LOGITS in self.largest:
            values.insert(0, f"another class for {self.other_classes:,}" if self.other_classes else "the same classes")
        return f"on {self.images:,} {plural(self.images, 'image')}, {self.where}: {', '.join(values)}"

    def _explained(self, name: str) -> str:
        """Return how much PyTorch itself rounds, if the difference is more than usual."""
        return f" (PyTorch itself rounds by {self.rounding[name]:.1e})" if self.largest[name] > TOLERANCE else ""


def images_of(subject: Subject, sinks: Sinks) -> tuple[ImageFolder, str]:
    """Return images to compare on, and what they are: held out ones, else those of training, else random ones."""
    name = held_out(subject.settings) or "train"
    try:
        images = read_split(subject.settings, name, sinks)
        return images, f"{name} ({images.origin})"
    except DataError as error:
        sinks.warn(f"the images of the config cannot be read, comparing on random ones instead: {error.problems[0]}")
    draws = torch.Generator().manual_seed(SEED)
    pixels = torch.randint(0, 256, (RANDOM, *subject.size), dtype=torch.uint8, generator=draws)
    labels = torch.zeros(RANDOM, dtype=torch.int64)
    folder = ImageFolder(pixels, labels, tuple(subject.classes), subject.trained.path.parent, [""] * RANDOM)
    return folder, "random"


@torch.inference_mode()
def compare(graph: Graph, run: Run, images: ImageFolder, where: str) -> Difference:
    """Compare a graph's outputs for bytes with those of the model in PyTorch for the pixels of its own batches.

    Args:
        graph: the model.
        run: returns the outputs of the exported graph, by name, for images uint8 (n, H, W).
        images: on the CPU.
        where: what they are, in words.
    """
    found = Difference(len(images), where)
    exact = copy.deepcopy(graph).double()
    first = 0
    for x, labels in images.batches(EVALUATION_BATCH):
        bytes_ = images.images[first : first + len(labels)].numpy()
        first += len(labels)
        _add(found, graph.compared, _named(graph, x), run(bytes_), _named(exact, x.double()))
    return found


def _named(graph: Graph, x: Tensor) -> Outputs:
    """Return a model's outputs for pixels (n, D), by name."""
    return {name: value.numpy() for name, value in zip(graph.names, graph.outputs(x), strict=True)}


def _add(found: Difference, names: Sequence[str], own: Outputs, other: Outputs, exact: Outputs) -> None:
    """Add the differences of a batch."""
    for name in names:
        for sums, value in (
            (found.largest, own[name].astype(np.float64) - other[name]),
            (found.rounding, own[name] - exact[name]),
            (found.values, own[name]),
        ):
            most = float(np.abs(value).max())
            sums[name] = max(sums.get(name, 0.0), most if np.isfinite(most) else float("inf"))
    if LOGITS in names:
        found.other_classes += int((own[LOGITS].argmax(1) != other[LOGITS].argmax(1)).sum())
