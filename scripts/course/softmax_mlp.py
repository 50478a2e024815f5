"""Softmax regression against a multi-layer perceptron on MNIST: no hidden layer and one.

    python scripts/course/softmax_mlp.py

Trains configs/course/perceptron.yaml and configs/course/mlp-relu.yaml with `fcnet train`, where they are not trained
yet, and lays their accuracies over each other. Quick is on scikit-learn's digits.
"""

from matplotlib.figure import Figure
from pages import DIGITS, draw, trained

from fcnet import log, plots


def figure(quick: bool) -> Figure:
    """Accuracy after each epoch."""
    more = [*DIGITS, "train.epochs=2"] if quick else []
    curves = []
    for config, name in (("perceptron", "softmax regression"), ("mlp-relu", "one hidden layer of 500")):
        run = trained(f"configs/course/{config}.yaml", more)
        curve = plots.Curve(name, log.read(run)[0])
        last = curve.of("epoch")[-1]["test"]
        print(
            f"{name}: {100 * last['accuracy']:.2f} % of {last['n']} test images after {len(curve.of('epoch'))} epochs"
        )
        curves.append(curve)
    return plots.accuracy(curves)


if __name__ == "__main__":
    draw(figure, __doc__)
