"""Measure how long evaluating the test images of an image folder takes, after one call to warm up.

python scripts/bench/evaluation.py [--data data/mnist]

Runs in fcnet's interpreter, with fresh weights of 784-500-10. Prints one JSON object.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from fcnet.commands.read import choose_device
from fcnet.data.dataset import ImageFolder
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.evaluate import evaluate


def main() -> None:
    """Evaluate twice, and time the second call; reading its result waits for the device."""
    parser = argparse.ArgumentParser(description="measure how long an evaluation takes")
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    folder = parser.parse_args().data
    device = choose_device("auto")
    torch.manual_seed(0)
    split = ImageFolder.open(folder / "t10k-images", folder / "t10k-labels.txt").to(device)
    net = FCNet(784, [500], len(split.classes)).to(device)
    evaluate(net, split)
    started = time.perf_counter()
    found = evaluate(net, split)
    print(json.dumps({"seconds": time.perf_counter() - started, "images": found.n}))


if __name__ == "__main__":
    main()
