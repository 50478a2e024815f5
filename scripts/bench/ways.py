"""Compare every way to take steps on a GPU with the eager step, and time it, on kinds of nets.

python scripts/bench/ways.py [--data data/mnist] [--device cuda] [CASE ...]

Prints one JSON object per net and way. With ``--device cpu``, only the eager step is timed, to try the program out.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from fcnet import families, schema
from fcnet.commands.read import choose_device, read_splits
from fcnet.commands.training.prepare import prepare
from fcnet.data.splits import Splits
from fcnet.schema import Config
from fcnet.training.gpu import bursts
from fcnet.training.gpu.bursts import Problem
from fcnet.training.gpu.done import Burst, Unavailable
from fcnet.training.gpu.epoch import problem_of
from fcnet.training.gpu.graph import GraphBurst
from fcnet.training.gpu.proof import Snapshot, difference
from fcnet.training.gpu.slots import TorchSlots
from fcnet.training.loop import GradientTraining
from fcnet.training.steps.plan import Plan

TIMED, EAGER, REPEATS = 300, 50, 5  # steps of a timing, eagerly, and how often

NOISE = {"kind": "autoencoder", "hidden": [1000], "code_activation": "relu"}
VAE = {"kind": "autoencoder", "hidden": [200, 200, 50], "activation": "gelu", "loss": "cross_entropy", "binarise": True}
DEEP = [1000, 500, 300]

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "plain, bf16": {"train": {"precision": "bf16"}},
    "adamw, label smoothing, cosine": {
        "train": {"label_smoothing": 0.1, "optimizer": {"name": "adamw"}, "schedule": "cosine"}
    },
    "sgd, nesterov": {"train": {"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True}}},
    "tanh": {"model": {"activation": "tanh"}},
    "deep": {"model": {"hidden": DEEP}},
    "deep, bf16": {"model": {"hidden": DEEP}, "train": {"precision": "bf16"}},
    "batch norm, dropout": {"model": {"hidden": [500, 300], "batch_norm": True, "dropout": 0.3}},
    "wide: 2000": {"model": {"hidden": [2000]}},
    "wide and deep: 1000-1000-1000": {"model": {"hidden": [1000, 1000, 1000]}},
    "l2, clipping": {"train": {"l2": 1e-4, "clip_grad_norm": 1.0}},
    "prelu": {"model": {"activation": "prelu"}},
    "denoising": {"model": NOISE | {"corruption": {"name": "masking", "share": 0.5}}},
    "contractive": {"model": NOISE | {"contractive": {"weight": 0.1}}},
    "variational": {"model": VAE | {"variational": {"samples": 50}}},
}


def training_of(case: dict[str, Any], splits: Splits, settings: Config, device: torch.device) -> GradientTraining:
    """Return a training before its first step."""
    model, resident = prepare(settings, splits, device)
    training = families.of(settings.model).trainer(model, resident, settings)
    assert isinstance(training, GradientTraining), case
    return training


def seconds(run: Callable[[], object], steps: int, device: torch.device) -> float:
    """Return the median of the seconds of a step."""

    def once() -> float:
        wait(device)
        began = time.perf_counter()
        run()
        wait(device)
        return (time.perf_counter() - began) / steps

    once()
    return statistics.median(once() for _ in range(REPEATS))


def wait(device: torch.device) -> None:
    """Wait for a GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def measured(training: GradientTraining, device: torch.device) -> Iterator[dict[str, Any]]:
    """Yield the seconds of the eager step, and difference and seconds of each other way."""
    problem = problem_of(training)
    before = problem.snapshot()
    slots = TorchSlots(problem.step, problem.images, EAGER, problem.terms)

    def eagerly() -> None:
        for slot in range(EAGER):
            slots(slot)

    yield {"way": "eager", "name": problem.step.name, "us": 1e6 * seconds(eagerly, EAGER, device)}
    before.restore()
    for way in bursts.ways(problem) if device.type == "cuda" else ():
        try:
            yield {"way": way.kind} | one(problem, way.build, before, training.plan)
        except Unavailable as error:
            yield {"way": way.kind, "not": str(error)}
        except RuntimeError as error:
            yield {"way": way.kind, "failed": " ".join(str(error).split())[:300]}
        before.restore()


def one(
    problem: Problem,
    build: Callable[[], Burst],
    before: Snapshot,
    plan: Plan,
) -> dict[str, Any]:
    """Return difference and seconds of one way."""
    device = problem.images.pixels.device
    began = time.perf_counter()
    burst = build()
    if isinstance(burst, GraphBurst):
        burst.warm_up()
    wait(device)
    start = time.perf_counter() - began
    before.restore()
    eager = bursts.eager(problem)
    found = difference(before, eager, burst)
    order, lrs = plan.of(1)
    size = problem.images.batch

    def run() -> None:
        burst(order[: TIMED * size], lrs[:TIMED])

    step = seconds(run, TIMED, device)
    return {
        "name": burst.name,
        "difference": str(found),
        "worst": max(found.loss, found.change),
        "us": 1e6 * step,
        "start": start,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"any of: {'; '.join(CASES)} (default: all)")
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    parser.add_argument("--device", default="cuda", help="cuda or cpu")
    args = parser.parse_args()
    device, splits = choose_device(args.device), None
    for name in args.cases or CASES:
        root = {"data": {"source": "mnist", "root": str(args.data), "image_size": [28, 28]}}
        settings = schema.Config.model_validate(root | CASES[name])
        splits = splits or read_splits(settings)
        for found in measured(training_of(CASES[name], splits, settings, device), device):
            print(json.dumps({"case": name} | found), flush=True)


if __name__ == "__main__":
    main()
