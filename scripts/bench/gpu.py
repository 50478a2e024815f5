"""Measure fcnet's training on a GPU: seconds per epoch, ten epochs with their tests, and the GPU's utilisation.

python scripts/bench/gpu.py [--precision bf16] [--step graph] [--seed S] [--data data/mnist]

Runs in fcnet's interpreter, in one process: an epoch to start up, then ten that count, then one under the profiler.
Prints one JSON object.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from fcnet.commands.read import choose_device
from fcnet.config.train import Train
from fcnet.data.dataset import ImageFolder
from fcnet.data.splits import Splits
from fcnet.families.common.fully_connected import FCNet
from fcnet.training.loop import GradientTraining, fit
from fcnet.training.records import EpochRecord

COUNTED = 10


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="measure fcnet's training on a GPU")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--step", choices=("auto", "eager", "graph", "persistent"), default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    return parser.parse_args()


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of spans (start, end): concurrent kernels count only once."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def busy_seconds(run: profile) -> float:
    """Return the seconds in which kernels or copies ran on the GPU; annotations of the program do not count."""
    events = [
        event
        for event in run.events() or []
        if event.device_type == DeviceType.CUDA and not getattr(event, "is_user_annotation", False)
    ]
    return covered((event.time_range.start, event.time_range.end) for event in events) / 1e6


def epochs(training: GradientTraining) -> Iterator[EpochRecord]:
    """Yield the records of a training's epochs."""
    return (record for record in fit(training) if isinstance(record, EpochRecord))


def main() -> None:
    """Train and print."""
    args = arguments()
    device = choose_device("cuda")
    torch.manual_seed(args.seed)
    train, test = (
        ImageFolder.open(args.data / f"{name}-images", args.data / f"{name}-labels.txt").to(device)
        for name in ("train", "t10k")
    )
    net = FCNet(784, [500], len(train.classes)).to(device)
    settings = Train(epochs=COUNTED + 2, batch_size=100, precision=args.precision, step=args.step)
    records = epochs(GradientTraining(net, Splits(train, None, test), settings, args.seed))
    next(records)
    started = time.perf_counter()
    counted = [next(records) for _ in range(COUNTED)]
    whole = time.perf_counter() - started
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        next(records)
    epoch = statistics.median(record.seconds for record in counted)
    # The profiler slows down the program but not the kernels, whose time is compared with an epoch and test without it.
    busy = busy_seconds(profiled) / (whole / COUNTED)
    accuracy = counted[-1].test.accuracy if counted[-1].test else None
    print(json.dumps({"epoch": epoch, "ten_epochs": whole, "busy": busy, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
