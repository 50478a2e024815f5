"""The curves of a run's log: loss, loss terms and accuracy over the epochs; and of solutions, the ridges tried."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fcnet.report.drawn.figure import Figure, legend
from fcnet.report.language import Words
from fcnet.report.svg.lines import Line, Mark, Plot, draw
from fcnet.report.svg.scale import linear, powers, whole

SPLITS = (("train", 0, 0), ("validation", 2, 2), ("test", 1, 1))  # with the numbers of colour and pattern

Record = Mapping[str, Any]
Number = Callable[[Record], float | None]


def of_run(epochs: Sequence[Record], unit: str, best: int | None, words: Words) -> list[Figure]:
    """Return the charts of a run; none of fewer than two epochs.

    Args:
        epochs: its records.
        unit: of the loss.
        best: the best epoch by validation, if there is one.
        words: of the language.
    """
    if len(epochs) < 2:
        return []
    terms = list(dict.fromkeys(name for one in epochs for name in one["train"].get("terms", {})))
    shown: list[tuple[str, str, Number, float | None]] = [
        (words("loss"), words("loss_unit", unit=unit), lambda metrics: metrics["loss"], None)
    ]
    if epochs[0]["train"].get("accuracy") is not None:
        name = words("accuracy")
        axis = words("share_unit", name=name)
        shown.append((name, axis, lambda metrics: 100 * metrics["accuracy"], 100.0))
    if len(terms) > 1:
        shown += [(_spaced(name), _spaced(name), _term(name), None) for name in terms]
    figures = (_over_epochs(epochs, what, axis, value, top, best, words) for what, axis, value, top in shown)
    return [one for one in figures if one is not None]


def _spaced(name: str) -> str:
    return name.upper() if name == "kl" else name.replace("_", " ")


def _term(name: str) -> Number:
    return lambda metrics: metrics.get("terms", {}).get(name)


def _over_epochs(
    epochs: Sequence[Record],
    what: str,
    axis: str,
    value: Number,
    ceiling: float | None,
    best: int | None,
    words: Words,
) -> Figure | None:
    """Return a chart of a number of each split; None without any."""
    lines = []
    for split, colour, dash in SPLITS:
        found = [(one["epoch"], value(one[split])) for one in epochs if one[split] is not None]
        points = [(float(x), float(y)) for x, y in found if y is not None]
        if points:
            lines.append(Line(words(f"split_{split}"), points, colour, dash))
    if not lines:
        return None
    heights = [y for line in lines for _, y in line.points]
    x = whole(int(epochs[0]["epoch"]), int(epochs[-1]["epoch"]))
    plot = Plot(x, linear(min(heights), max(heights), ceiling=ceiling), (words("epoch"), axis))
    ends = words("comma").join(f"{line.name} {line.points[-1][1]:.4g}" for line in lines)
    marks = [] if best is None else [Mark(float(best), words("best_mark", epoch=best))]
    title = words.sentence("curve_of", what=what)
    description = words("curve_desc", what=axis, n=len(epochs), ends=ends)
    return Figure(draw(plot, lines, title, description, marks), title, legend(lines))


def ridges(stages: Sequence[Record], words: Words) -> Iterator[Figure]:
    """Yield a chart for each problem whose ridge was chosen from several."""
    for facts in stages:
        points = [(float(one["ridge"]), 100 * float(one["accuracy"])) for one in facts.get("path", [])]
        points = sorted(point for point in points if point[0] > 0)
        if len(points) < 2:
            continue
        name = words("accuracy")
        y = linear(min(y for _, y in points), max(y for _, y in points), ceiling=100.0)
        plot = Plot(powers(points[0][0], points[-1][0]), y, (words("ridge"), words("share_unit", name=name)))
        chosen = f"{facts['ridge']:.3g}"
        chooser = words("by_validation" if facts.get("chosen_by") == "validation" else "by_press")
        title = words("ridge_title", stage=facts["stage"])
        at = next((y for x, y in points if x == facts["ridge"]), max(y for _, y in points))
        told = words("ridge_desc", n=len(points), chooser=chooser, ridge=chosen, accuracy=words.percent(at / 100))
        marks = [Mark(float(facts["ridge"]), words("chosen", ridge=chosen))] if facts["ridge"] > 0 else []
        yield Figure(draw(plot, [Line(name, points)], title, told, marks), told)
