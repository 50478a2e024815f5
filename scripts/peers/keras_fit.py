"""The benchmark's job in Keras 3 on JAX: ``compile``, and one ``fit`` over all epochs.

python scripts/peers/keras_fit.py ARRAYS.npz --epochs 10 [--seed S] [--threads T]

Prints one JSON object per epoch. Uses the GPU if JAX is built for it and finds one.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="784-500-10 in Keras 3 on JAX")
    parser.add_argument("arrays", type=Path, help=".npz with train_images, train_labels, test_images, test_labels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="cores that the process may use (default: all; Linux only)")
    return parser.parse_args()


ARGS = arguments()
if ARGS.threads:  # JAX has no such setting: it starts a thread for each core that it may use
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: ARGS.threads])
os.environ["KERAS_BACKEND"] = "jax"  # Keras reads it when it is imported

import jax  # noqa: E402
import keras  # noqa: E402


class Report(keras.callbacks.Callback):
    """Times each epoch's training, and the test that ``fit`` does after it."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Start the clock of the training."""
        self.started = self.tested = time.perf_counter()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Stop the clock of the training, after waiting for its last step."""
        jax.block_until_ready([variable.value for variable in self.model.trainable_variables])
        self.tested = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the results of the epoch, after its test."""
        figures = {
            "seconds": self.tested - self.started,
            "test_seconds": time.perf_counter() - self.tested,
            "test_accuracy": float((logs or {})["val_accuracy"]),
        }
        print(json.dumps({"epoch": epoch + 1} | figures), flush=True)


def main() -> None:
    """Train, and test after each epoch."""
    keras.utils.set_random_seed(ARGS.seed)
    with np.load(ARGS.arrays) as arrays:
        images, test_images = (
            arrays[name].reshape(-1, 784).astype(np.float32) / 255 for name in ("train_images", "test_images")
        )
        labels, test_labels = (arrays[name].astype(np.int32) for name in ("train_labels", "test_labels"))
    model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(500, activation="relu"), keras.layers.Dense(10)])
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        images,
        labels,
        batch_size=100,
        epochs=ARGS.epochs,
        validation_data=(test_images, test_labels),
        validation_batch_size=1000,
        callbacks=[Report()],
        verbose=0,
    )


if __name__ == "__main__":
    main()
