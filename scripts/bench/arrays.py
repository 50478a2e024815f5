"""Write an image folder as a single file, which the benchmark's programs read.

python scripts/bench/arrays.py data/mnist ARRAYS.npz

Runs in fcnet's interpreter. The file is not compressed and has train_images uint8 (N, 28, 28), train_labels int64 (N,),
test_images and test_labels.
"""

import argparse
from pathlib import Path

import numpy as np

from fcnet.data.dataset import ImageFolder


def main() -> None:
    """Read with fcnet, write with numpy."""
    parser = argparse.ArgumentParser(description="write an image folder as one .npz file")
    parser.add_argument("data", type=Path, help="image folder with train-images, train-labels.txt, t10k-...")
    parser.add_argument("out", type=Path, help="file to write")
    args = parser.parse_args()
    arrays = {}
    for name, split in (("train", "train"), ("test", "t10k")):
        folder = ImageFolder.open(args.data / f"{split}-images", args.data / f"{split}-labels.txt")
        arrays |= {f"{name}_images": folder.images.numpy(), f"{name}_labels": folder.labels.numpy()}
    np.savez(args.out, **arrays)


if __name__ == "__main__":
    main()
