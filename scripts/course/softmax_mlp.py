"""Softmax regression against a multi-layer perceptron on MNIST: no hidden layer against one.

    python scripts/course/softmax_mlp.py

Trains configs/course/perceptron.yaml and configs/course/mlp-relu.yaml with `fcnet train`, unless they are already
trained, and compares their accuracies. With --quick, on scikit-learn's digits.
"""

import functools
from typing import Any

from matplotlib.figure import Figure
from pages import DIGITS, Drawn, draw, table, trained
from words import Words

from fcnet.rundir import log

NETS = {"perceptron": "softmax regression", "mlp-relu": "one hidden layer of 500"}
SEE = "with one hidden layer, accuracy is higher than that of a linear model from the first epochs on."


def figure(quick: bool) -> Drawn:
    """Train both nets."""
    found = {}
    for config in NETS:
        records = log.read(trained(config, DIGITS if quick else []))[0]
        found[config] = [record for record in records if record["kind"] == "epoch"]
    numbers = {config: 100 * epochs[-1]["test"]["accuracy"] for config, epochs in found.items()}
    numbers |= {f"{config}: first": 100 * epochs[0]["test"]["accuracy"] for config, epochs in found.items()}
    return Drawn(functools.partial(picture, found), functools.partial(report, found), numbers, SEE)


def picture(found: dict[str, list[dict[str, Any]]], say: Words) -> Figure:
    """Draw the accuracy after each epoch."""
    drawn = Figure(figsize=(7.2, 4.5), layout="constrained")
    axes = drawn.subplots()
    for i, (config, epochs) in enumerate(found.items()):
        for split, style, label in (
            ("train", "-", "{net}: training, during each epoch"),
            ("test", "--", "{net}: test, after each epoch"),
        ):
            y = [100 * record[split]["accuracy"] for record in epochs]
            x = [record["epoch"] for record in epochs]
            opacity = 0.6 if split == "train" else 1
            axes.plot(x, y, style, color=f"C{i}", alpha=opacity, marker=".", label=say(label, net=say(NETS[config])))
    axes.set(xlabel=say("epoch"), ylabel=say("accuracy (%)"))
    axes.set_xticks(range(1, len(epochs) + 1, -(-len(epochs) // 12)))
    axes.grid(alpha=0.3)
    axes.legend()
    return drawn


def report(found: dict[str, list[dict[str, Any]]], say: Words) -> None:
    """Print the test accuracy of both nets."""
    rows = []
    for config, epochs in found.items():
        test = epochs[-1]["test"]
        rows.append([say(NETS[config]), str(len(epochs)), str(test["n"]), f"{100 * test['accuracy']:.2f} %"])
    table([say("net"), say("epochs"), say("test images"), say("accuracy")], rows)


if __name__ == "__main__":
    draw(figure, __doc__, threads=None)
