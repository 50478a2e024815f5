"""Results as text for people: tables of evaluations and predictions."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from fcnet.inspection import Evaluation, Prediction

MOST_COLUMNS = 20  # classes up to which the confusion matrix is printed


def evaluation(result: Evaluation) -> str:
    """Figures, a row per class, and the confusion matrix where it fits a page."""
    lines = [
        f"model     {result.model}",
        f"images    {result.n}, {result.split}",
        f"loss      {result.loss:.4f}",
        f"accuracy  {100 * result.accuracy:.2f} %",
        "",
    ]
    rows = [["class", "images", "precision", "recall", "F1"]]
    for row in result.per_class:
        rows.append([row["class"], str(row["n"]), *(_percent(row[key]) for key in ("precision", "recall", "f1"))])
    lines += align(rows)
    if len(result.classes) <= MOST_COLUMNS:
        lines += ["", "confusion: a row per true class, a column per predicted class"]
        counts = [[name, *map(str, row)] for name, row in zip(result.classes, result.confusion, strict=True)]
        lines += align([["", *result.classes], *counts])
    else:
        lines += ["", f"the confusion matrix of {len(result.classes)} classes is in --json and in fcnet plot"]
    return "\n".join(lines)


def predictions(results: Sequence[Prediction]) -> str:
    """A row per image."""
    rows = [[one.file, one.predicted, _percent(one.probability)] for one in results]
    return "\n".join(align([["file", "class", "probability"], *rows]))


def predictions_json(results: Sequence[Prediction]) -> str:
    """One JSON object with a list."""
    return json.dumps({"predictions": [asdict(one) for one in results]}, ensure_ascii=False)


def predictions_csv(results: Sequence[Prediction]) -> str:
    """A header, and a row per image with the probability of each class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "predicted", "probability", *results[0].probabilities])
    for one in results:
        writer.writerow([one.file, one.predicted, one.probability, *one.probabilities.values()])
    return text.getvalue().rstrip("\n")


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
