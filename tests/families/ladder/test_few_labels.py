"""What unlabelled images are good for, on MNIST."""

import gzip
from pathlib import Path

import numpy as np
import torch

from fcnet import families
from fcnet.commands.training.prepare import prepare
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits, keep_labels
from fcnet.schema import Config
from fcnet.training.evaluate import evaluate

CONFIG = {
    "data": {"source": "mnist", "root": "data/mnist", "labelled": 100},
    "train": {"epochs": 20, "optimizer": {"lr": 4e-3}, "schedule": {"name": "linear", "hold": 0.5}},
}


def some(files: Path, split: str, n: int) -> ImageFolder:
    """The first images of one of the official files."""
    found = []
    for kind, head in (("images", 16), ("labels", 8)):
        (path,) = files.glob(f"{split}-{kind}*.gz")
        found.append(np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=head).copy())
    images, labels = torch.from_numpy(found[0]).view(-1, 28, 28)[:n], torch.from_numpy(found[1])[:n]
    return ImageFolder(images, labels.long(), tuple("0123456789"), files, [f"{i}.png" for i in range(n)])


def mistakes(splits: Splits, denoising: list[float] | float) -> float:
    """The share of test images that a small ladder classifies wrongly."""
    config = Config.model_validate(CONFIG | {"model": {"kind": "ladder", "hidden": [200, 50], "denoising": denoising}})
    net, splits = prepare(config, splits, torch.device("cpu"))
    for _ in families.of(config.model).trainer(net, splits, config).records():
        pass
    assert splits.test is not None
    accuracy = evaluate(net, splits.test).accuracy
    assert accuracy is not None
    return 1 - accuracy


def test_unlabelled_digits_help(mnist_files: Path) -> None:
    """Of 5,000 digits 100 have labels: the same net without denoising costs makes far more mistakes."""
    splits = Splits(some(mnist_files, "train", 5000), None, some(mnist_files, "t10k", 2000))
    splits = keep_labels(splits, 100, seed=0, unlabelled=True)
    found = {name: mistakes(splits, costs) for name, costs in (("ladder", [1000.0, 10.0, 0.1, 0.1]), ("alone", 0.0))}
    print(found)
    assert found["ladder"] < 0.8 * found["alone"]
