"""Extreme learning machines against the multi-layer perceptron: test error and seconds by number of hidden units.

    python scripts/course/elm_width.py

Trains configs/course/elm.yaml and configs/course/mlp-relu.yaml for several widths with `fcnet train`, unless they are
already trained. With --quick, fewer widths, on scikit-learn's digits.
"""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from pages import DIGITS, Drawn, draw, table, trained

from fcnet.rundir import log

WIDTHS = {"elm": [50, 100, 200, 500, 1000, 2000, 4000], "mlp-relu": [50, 200, 500]}
QUICK_EPOCHS = "train.epochs=60"  # 900 steps, as in one and a half epochs of MNIST
QUICK = {"elm": [50, 200, 800], "mlp-relu": [50]}
NAMES = {"elm": "ELM, closed form", "mlp-relu": "MLP, Adam"}

PLAIN = FuncFormatter(lambda value, _: f"{value:g}")  # 20, not 2 x 10^1


def figure(quick: bool) -> Drawn:
    """Draw test error and training seconds against the width."""
    found = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = found.subplots(1, 2)
    rows, numbers = [], {}
    for config, widths in (QUICK if quick else WIDTHS).items():
        name, errors, times = NAMES[config], [], []
        settings = [*DIGITS, *([QUICK_EPOCHS] if config == "mlp-relu" else [])] if quick else []
        for width in widths:
            hidden = str(width) if config == "elm" else f"[{width}]"
            run = trained(config, [*settings, f"model.hidden={hidden}"])
            epochs = [record for record in log.read(run)[0] if record["kind"] == "epoch"]
            errors.append(100 * (1 - epochs[-1]["test"]["accuracy"]))
            times.append(sum(record["seconds"] for record in epochs))
            rows.append([name, str(width), f"{errors[-1]:.2f} %", f"{times[-1]:.1f}"])
            numbers |= {f"{config}-{width}: wrong": errors[-1], f"{config}-{width}: seconds": times[-1]}
        left.loglog(widths, errors, marker="o", label=name)
        right.loglog(widths, times, marker="o", label=name)
    left.set(title="test error", xlabel="hidden units", ylabel="test error (%)")
    right.set(title="time", xlabel="hidden units", ylabel="seconds of training")
    for axes, place in ((left, "best"), (right, "upper left")):
        axes.grid(alpha=0.3, which="both")
        axes.legend(loc=place)
        axes.set_xticks((QUICK if quick else WIDTHS)["elm"], minor=False)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PLAIN)
    table(["net", "hidden units", "test error", "seconds"], rows)
    see = "an ELM needs many random units: its error falls with its width, and a trained net of equal width has less."
    return Drawn(found, numbers, see)


if __name__ == "__main__":
    draw(figure, __doc__)
