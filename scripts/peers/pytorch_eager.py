"""The benchmark's job in plain PyTorch: resident tensors, shuffled mini-batches, autograd, the fused Adam.

python scripts/peers/pytorch_eager.py ARRAYS.npz --epochs 10 [--bf16] [--seed S] [--threads T]

Prints one JSON object per epoch. Uses the GPU if torch finds one.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH = 100


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="784-500-10 in plain PyTorch")
    parser.add_argument("arrays", type=Path, help=".npz with train_images, train_labels, test_images, test_labels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: torch's choice)")
    parser.add_argument("--bf16", action="store_true", help="matrix products in bfloat16, by autocast")
    return parser.parse_args()


def read(path: Path, device: torch.device) -> list[Tensor]:
    """Return training images (N, 784) in [0, 1], labels (N,), test images and test labels, on the device."""
    with np.load(path) as arrays:
        images, labels, test_images, test_labels = (
            torch.from_numpy(arrays[f"{split}_{what}"]).to(device)
            for split in ("train", "test")
            for what in ("images", "labels")
        )
    return [images.flatten(1).float() / 255, labels.long(), test_images.flatten(1).float() / 255, test_labels.long()]


def clock(device: torch.device) -> float:
    """Return the time in seconds, after waiting for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor, precision: torch.autocast
) -> None:
    """Train one epoch in a new random order."""
    model.train()
    for batch in torch.randperm(len(images), device=images.device).split(BATCH):
        with precision:
            loss = functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.inference_mode()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the accuracy."""
    model.eval()
    return (model(images).argmax(1) == labels).double().mean().item()


def main() -> None:
    """Train, and test after each epoch."""
    args = arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    images, labels, test_images, test_labels = read(args.arrays, device)
    model = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    precision = torch.autocast(device.type, torch.bfloat16, enabled=args.bf16)
    for epoch in range(1, args.epochs + 1):
        started = clock(device)
        train_epoch(model, optimizer, images, labels, precision)
        trained = clock(device)
        right = accuracy(model, test_images, test_labels)
        figures = {"seconds": trained - started, "test_seconds": clock(device) - trained, "test_accuracy": right}
        print(json.dumps({"epoch": epoch} | figures), flush=True)


if __name__ == "__main__":
    main()
