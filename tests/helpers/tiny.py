"""A tiny data set of PNGs, and configs for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image

from fcnet.data.dataset import ImageFolder

SIDE = 6  # pixels: tiny images keep the suite fast
CLASSES = 3


def pictures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n images (n, SIDE, SIDE) and labels: class c has a bright band in rows 2c and 2c + 1, on dark noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    images = generator.integers(0, 60, (n, SIDE, SIDE), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 2, 1:-1] += 150
    return images, labels


def folder(n: int, seed: int) -> ImageFolder:
    """The same as a split in memory."""
    pixels, labels = pictures(n, seed)
    names = tuple(str(label) for label in range(CLASSES))
    return ImageFolder(
        torch.from_numpy(pixels), torch.from_numpy(labels), names, Path(), [f"{i}.png" for i in range(n)]
    )


def write_numbered(folder: Path, images: np.ndarray, labels: Sequence[object] | np.ndarray) -> None:
    """The course's layout: FOLDER/0.png ... and FOLDER.txt, written with Pillow."""
    folder.mkdir(parents=True)
    for i, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    folder.with_suffix(".txt").write_text("".join(f"{label}\n" for label in labels))


def tiny_config(root: Path) -> dict[str, Any]:
    """A config for the tiny data; change and write it."""
    return {
        "data": {
            "train": {"images": str(root / "train"), "labels": str(root / "train.txt")},
            "test": {"images": str(root / "test"), "labels": str(root / "test.txt")},
            "image_size": [SIDE, SIDE],
        },
        "model": {"hidden": [8]},
        "train": {"epochs": 3, "batch_size": 7, "optimizer": {"lr": 0.02}, "log_every": 4},
        "device": "cpu",
        "plots": False,  # as in most tests of trainings: drawing takes longer than training
    }


def write_config(path: Path, values: dict[str, Any]) -> Path:
    """Write a config file."""
    path.write_text(yaml.safe_dump(values))
    return path
