"""Measure the seconds per epoch of fcnet's training for a number of images, batch size, width and depth.

python scripts/bench/growth.py --n 60000 --batch 100 --width 500 --depth 1 [--data data/mnist]

Runs in fcnet's interpreter. Prints one JSON object.
"""

import argparse
import json
import statistics
from pathlib import Path

import torch

from fcnet.commands.read import choose_device
from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import EpochRecord

EPOCHS = 4  # the first does not count: it starts threads and allocates memory


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="measure one point of the growth curves")
    parser.add_argument("--n", type=int, default=60_000, help="training images")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--width", type=int, default=500, help="units of each hidden layer")
    parser.add_argument("--depth", type=int, default=1, help="hidden layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    return parser.parse_args()


def main() -> None:
    """Train some epochs, and print the median of their seconds."""
    args = arguments()
    torch.set_flush_denormal(True)  # as fcnet train does
    torch.manual_seed(args.seed)
    device = choose_device("auto")
    images = ImageFolder.open(args.data / "train-images", args.data / "train-labels.txt")
    train = images.subset(torch.arange(min(args.n, len(images))))
    net = FCNet(784, [args.width] * args.depth, len(train.classes)).to(device)
    settings = Train(epochs=EPOCHS, batch_size=args.batch)
    training = GradientTraining(net, Splits(train, None, None).to(device), settings, args.seed)
    seconds = [record.seconds for record in fit(training) if isinstance(record, EpochRecord)]
    weights = sum(parameter.numel() for parameter in net.parameters())
    point = {"n": len(train), "batch": args.batch, "width": args.width, "depth": args.depth, "weights": weights}
    print(json.dumps({"seconds": statistics.median(seconds[1:])} | point))


if __name__ == "__main__":
    main()
