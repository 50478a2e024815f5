"""fcnet from a program: train, evaluate, predict, and read the records while it trains.

    python examples/library.py

Trains the first net of the README (scikit-learn's digits, some seconds) into checkpoints/library, and prints what it
reaches.
"""

from pathlib import Path
from typing import Any

import fcnet


class Epochs:
    """A sink: it is given each record of the training, and keeps the test accuracy after each epoch."""

    def __init__(self) -> None:
        self.accuracies: list[float] = []

    def write(self, record: Any) -> None:
        """Take a record; its ``kind`` says what it is."""
        if record.kind == "epoch":
            self.accuracies.append(record.test.accuracy)

    def close(self) -> None:
        """Do nothing: no file is open."""


def main() -> None:
    """Train, and look at the result in three ways."""
    epochs = Epochs()
    config = fcnet.load_config("configs/digits.yaml", "train.epochs=5")
    result = fcnet.train(config, "checkpoints/library", overwrite=Path("checkpoints/library").exists(), sinks=[epochs])
    print("test accuracy after each epoch:", ", ".join(f"{100 * one:.1f} %" for one in epochs.accuracies))
    print("in", result.path, "the last is", result.metrics["test"]["accuracy"])
    print(fcnet.evaluate(result.path).text())
    image = sorted(Path("data/digits/t10k-images").glob("*.png"))[0]
    print(fcnet.predict(result.path, [image]).text())


if __name__ == "__main__":
    main()
