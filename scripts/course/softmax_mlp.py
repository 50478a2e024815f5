"""Softmax regression against a multi-layer perceptron on MNIST: no hidden layer against one.

    python scripts/course/softmax_mlp.py

Trains configs/course/perceptron.yaml and configs/course/mlp-relu.yaml with `fcnet train`, unless they are already
trained, and compares their accuracies. With --quick, on scikit-learn's digits.
"""

from pages import DIGITS, Drawn, draw, trained

from fcnet.plots import curves
from fcnet.rundir import log


def figure(quick: bool) -> Drawn:
    """Draw the accuracy after each epoch."""
    more = DIGITS if quick else []
    several, numbers = [], {}
    for config, name in (("perceptron", "softmax regression"), ("mlp-relu", "one hidden layer of 500")):
        run = trained(config, more)
        curve = curves.Curve(name, log.read(run)[0])
        last = curve.of("epoch")[-1]["test"]
        print(
            f"{name}: accuracy {100 * last['accuracy']:.2f} % on {last['n']} test images after"
            f" {len(curve.of('epoch'))} epochs"
        )
        numbers[config] = 100 * last["accuracy"]
        several.append(curve)
    see = "with one hidden layer, accuracy is higher than that of a linear model from the first epochs on."
    return Drawn(curves.accuracy(several), numbers, see)


if __name__ == "__main__":
    draw(figure, __doc__)
