"""The benchmark's floor: only the five matrix products of each step, on resident random tensors.

python scripts/peers/matmuls.py ARRAYS.npz --epochs 4 [--bf16] [--seed S] [--threads T]

For each product, a trial at the start selects the fastest of several public torch calls, which differs between
processors. No pixels are gathered, no loss is computed, no weight is changed; the file of images only gives the number
of steps of an epoch. Prints one JSON object per epoch, without a test. Uses the GPU if torch finds one; there, the five
calls are replayed as one CUDA graph, so that launching them costs little.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

BATCH, INPUTS, HIDDEN, OUTPUTS = 100, 784, 500, 10
TRIALS, CALLS = 7, 30  # of each candidate, in turn; the best trial counts
LONGEST = 2.0  # seconds of the trials for a product, each candidate having had one: enough where it is that slow

Product = Callable[[], Tensor]


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="the five matrix products of a step of 784-500-10")
    parser.add_argument("arrays", type=Path, help=".npz with train_labels; the images are not read")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's choice)")
    parser.add_argument("--bf16", action="store_true", help="operands and results in bfloat16")
    return parser.parse_args()


def clock(device: torch.device) -> float:
    """Return the time in seconds, after waiting for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def ways(a: Tensor, b: Tensor) -> list[Product]:
    """Return ways to compute a @ b, with b in either memory layout, and the product in either layout."""
    out = a.new_empty(len(a), b.shape[1])
    turned = a.new_empty(b.shape[1], len(a))
    stored = [b.contiguous(), b.T.contiguous().T]
    plain = [lambda b=b: torch.mm(a, b, out=out) for b in stored]
    return [
        *plain,
        *(lambda b=b: torch.mm(a, b) for b in stored),
        *(lambda b=b: functional.linear(a, b.T) for b in stored),
        *(lambda b=b: torch.mm(b.T, a.T, out=turned) for b in stored),
    ]


def fastest(candidates: list[Product], device: torch.device) -> Product:
    """Return the candidate whose best trial is the shortest."""
    best, begun = [float("inf")] * len(candidates), clock(device)
    for trial in range(TRIALS):
        if trial and clock(device) - begun > LONGEST:
            break
        for i, product in enumerate(candidates):
            started = clock(device)
            for _ in range(CALLS):
                product()
            best[i] = min(best[i], clock(device) - started)
    return candidates[best.index(min(best))]


def step_of(products: list[Product], device: torch.device) -> Callable[[], None]:
    """Return a function that computes all products in turn; on the GPU, a recorded graph."""

    def step() -> None:
        for product in products:
            product()

    if device.type != "cuda":
        return step
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


@torch.inference_mode()
def main() -> None:
    """Select the calls, then repeat them."""
    args = arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with np.load(args.arrays) as arrays:
        steps = -(-len(arrays["train_labels"]) // BATCH)

    def tensor(*shape: int) -> Tensor:
        return torch.randn(shape, device=device).to(torch.bfloat16 if args.bf16 else torch.float32)

    x, w1, w2 = tensor(BATCH, INPUTS), tensor(HIDDEN, INPUTS), tensor(OUTPUTS, HIDDEN)
    h, dh, dz = tensor(BATCH, HIDDEN), tensor(BATCH, HIDDEN), tensor(BATCH, OUTPUTS)
    # Forward through both layers; then the gradient of w2, that of the hidden layer, and that of w1.
    products = [(x, w1.T), (h, w2.T), (dz.T, h), (dz, w2), (dh.T, x)]
    step = step_of([fastest(ways(a, b), device) for a, b in products], device)
    for epoch in range(1, args.epochs + 1):
        started = clock(device)
        for _ in range(steps):
            step()
        figures = {"seconds": clock(device) - started, "test_seconds": None, "test_accuracy": None}
        print(json.dumps({"epoch": epoch} | figures), flush=True)


if __name__ == "__main__":
    main()
