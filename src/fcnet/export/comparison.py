"""Run an exported graph beside the model that it was made of, on real images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fcnet.commands.read import held_out, read_split
from fcnet.data.dataset import ImageFolder
from fcnet.errors import DataError
from fcnet.export.graphs import LOGITS, Graph
from fcnet.export.subject import Subject
from fcnet.system.sinks import Sinks
from fcnet.training.evaluate import EVALUATION_BATCH

# Largest difference of an output's values: the first, or the second times the largest value, whichever is more.
# Rounding gives 1e-5 for the logits of digits, which are about 10; an ELM may have larger ones, and larger rounding.
TOLERANCE, RELATIVE = 1e-4, 1e-5

Run = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]

RANDOM, SEED = 1000, 0  # random images, where there are no others


@dataclass
class Difference:
    """How an exported graph differs from its model.

    Attributes:
        images: how many were compared.
        where: what they are.
        largest: by output, the largest difference of a value.
        values: by output, the largest value of the model.
        other_classes: images that get another class.
    """

    images: int
    where: str
    largest: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    other_classes: int = 0

    @property
    def small(self) -> bool:
        """Return whether all classes are the same, and all values within the tolerance."""
        return not self.other_classes and all(value <= self.allowed(name) for name, value in self.largest.items())

    def allowed(self, name: str) -> float:
        """Return the largest difference of an output that rounding explains."""
        return max(TOLERANCE, RELATIVE * self.values[name])

    def facts(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "images": self.images,
            "compared_on": self.where,
            "largest_difference": self.largest,
            "other_classes": self.other_classes,
        }

    def text(self) -> str:
        """Return it in words."""
        values = [f"{name} within {value:.1e}" for name, value in self.largest.items()]
        if LOGITS in self.largest:
            values.insert(0, f"another class for {self.other_classes:,}" if self.other_classes else "the same classes")
        return f"on {self.images:,} images, {self.where}: {', '.join(values)}"


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
    first = 0
    for x, labels in images.batches(EVALUATION_BATCH):
        bytes_ = images.images[first : first + len(labels)].numpy()
        first += len(labels)
        own = dict(zip(graph.names, graph.outputs(x), strict=True))
        _add(found, graph.compared, {name: value.numpy() for name, value in own.items()}, run(bytes_))
    return found


def _add(found: Difference, names: Sequence[str], own: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> None:
    """Add the differences of a batch."""
    for name in names:
        most = float(np.abs(own[name].astype(np.float64) - other[name]).max())
        most = most if np.isfinite(most) else float("inf")
        found.largest[name] = max(found.largest.get(name, 0.0), most)
        found.values[name] = max(found.values.get(name, 0.0), float(np.abs(own[name]).max()))
    if LOGITS in names:
        found.other_classes += int((own[LOGITS].argmax(1) != other[LOGITS].argmax(1)).sum())
