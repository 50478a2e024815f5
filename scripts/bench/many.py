"""Write a very large image folder: MNIST's training images many times, each time shifted differently.

python scripts/bench/many.py FOLDER [--n 1000000] [--data data/mnist]

Runs in fcnet's interpreter. Writes FOLDER/images/0.png ... and FOLDER/images.txt.
"""

import argparse
from pathlib import Path

import numpy as np

from fcnet.data.dataset import ImageFolder
from fcnet.data.images.png import encode_png


def main() -> None:
    """Write the images and their labels."""
    parser = argparse.ArgumentParser(description="write an image folder of very many images")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="image folder")
    args = parser.parse_args()
    source = ImageFolder.open(args.data / "train-images", args.data / "train-labels.txt")
    pixels, labels = source.images.numpy(), source.labels.numpy()
    images = args.folder / "images"
    images.mkdir(parents=True)
    for first in range(0, args.n, len(pixels)):
        number = first // len(pixels)
        shifted = np.roll(pixels, (number % 5 - 2, number // 5 % 5 - 2), axis=(1, 2))
        for i in range(min(len(pixels), args.n - first)):
            (images / f"{first + i}.png").write_bytes(encode_png(shifted[i]))
    chosen = labels[np.arange(args.n) % len(labels)]
    (args.folder / "images.txt").write_text("".join(f"{label}\n" for label in chosen))


if __name__ == "__main__":
    main()
