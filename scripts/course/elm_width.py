"""Extreme learning machines against the multi-layer perceptron: accuracy and seconds by the number of hidden units.

    python scripts/course/elm_width.py

Trains configs/course/elm.yaml and configs/course/mlp-relu.yaml for several widths with `fcnet train`, where they are
not trained yet. Quick is on scikit-learn's digits.
"""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from pages import DIGITS, draw, table, trained

from fcnet import log

WIDTHS = {"elm": ([50, 100, 200, 500, 1000, 2000, 4000], "ELM, closed form"), "mlp-relu": ([50, 200, 500], "MLP, Adam")}

PLAIN = FuncFormatter(lambda value, _: f"{value:g}")  # 20, not 2 x 10^1


def figure(quick: bool) -> Figure:
    """Test errors and training seconds against the width."""
    found = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = found.subplots(1, 2)
    rows = []
    for config, (widths, name) in WIDTHS.items():
        errors, times = [], []
        for width in widths[:2] if quick else widths:
            hidden = str(width) if config == "elm" else f"[{width}]"
            more = [*DIGITS, *([] if config == "elm" else ["train.epochs=2"])] if quick else []
            run = trained(f"configs/course/{config}.yaml", [*more, f"model.hidden={hidden}"])
            epochs = [record for record in log.read(run)[0] if record["kind"] == "epoch"]
            errors.append(100 * (1 - epochs[-1]["test"]["accuracy"]))
            times.append(sum(record["seconds"] for record in epochs))
            rows.append([name, str(width), f"{errors[-1]:.2f} %", f"{times[-1]:.1f}"])
        shown = widths[: len(errors)]
        left.loglog(shown, errors, marker="o", label=name)
        right.loglog(shown, times, marker="o", label=name)
    left.set(title="errors", xlabel="hidden units", ylabel="test images wrong (%)")
    right.set(title="time", xlabel="hidden units", ylabel="seconds of training")
    for axes, place in ((left, "best"), (right, "upper left")):
        axes.grid(alpha=0.3, which="both")
        axes.legend(loc=place)
        axes.set_xticks(WIDTHS["elm"][0], minor=False)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PLAIN)
    table(["net", "hidden units", "test errors", "seconds"], rows)
    return found


if __name__ == "__main__":
    draw(figure, __doc__)
