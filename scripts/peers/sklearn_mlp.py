"""The benchmark's job in scikit-learn: MLPClassifier, one ``partial_fit`` per epoch.

python scripts/peers/sklearn_mlp.py ARRAYS.npz --epochs 10 [--seed S] [--threads T]

``partial_fit`` passes once over the images in mini-batches and keeps Adam's averages between calls; ``fit`` with
``warm_start`` would reset them at each epoch. Prints one JSON object per epoch. Always runs on the CPU.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="784-500-10 in scikit-learn")
    parser.add_argument("arrays", type=Path, help=".npz with train_images, train_labels, test_images, test_labels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="threads of the matrix library (default: its own choice)")
    return parser.parse_args()


def main() -> None:
    """Train, and test after each epoch."""
    args = arguments()
    with np.load(args.arrays) as arrays:
        images, test_images = (
            arrays[name].reshape(-1, 784).astype(np.float32) / 255 for name in ("train_images", "test_images")
        )
        labels, test_labels = arrays["train_labels"], arrays["test_labels"]
    model = MLPClassifier(
        (500,), solver="adam", alpha=0.0, batch_size=100, learning_rate_init=1e-3, random_state=args.seed
    )
    with threadpool_limits(args.threads):
        for epoch in range(1, args.epochs + 1):
            started = time.perf_counter()
            model.partial_fit(images, labels, classes=np.arange(10))
            trained = time.perf_counter()
            right = float(model.score(test_images, test_labels))
            figures = {
                "seconds": trained - started,
                "test_seconds": time.perf_counter() - trained,
                "test_accuracy": right,
            }
            print(json.dumps({"epoch": epoch} | figures), flush=True)


if __name__ == "__main__":
    main()
