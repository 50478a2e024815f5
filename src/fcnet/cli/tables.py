"""Results as text for people: tables of evaluations and predictions."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict

from fcnet.families.autoencoder.evaluate import Reconstruction, Restored
from fcnet.families.common.classify import Evaluation, Prediction
from fcnet.system.streams import visible
from fcnet.system.text import left, right, width

MOST_COLUMNS = 20  # classes up to which the confusion matrix is printed


def figures(result: Evaluation | Reconstruction) -> str:
    """What an evaluation found."""
    return evaluation(result) if isinstance(result, Evaluation) else reconstruction(result)


def reconstruction(result: Reconstruction) -> str:
    """The figures of an autoencoder, a line each."""
    parts = result.parts if len(result.parts) > 1 else {}
    rows = [
        ("model", result.model),
        ("images", f"{result.n}, {result.split}"),
        ("loss", f"{result.loss:.4f}"),
        *((f"  {name.replace('_', ' ')}", f"{value:.4f}") for name, value in parts.items()),
        ("squared error", f"{result.squared_error:.4f} per image, {result.psnr:.2f} dB"),
    ]
    if result.denoising is not None:
        before, after = result.denoising["psnr_corrupted"], result.denoising["psnr_output"]
        rows.append(("denoising", f"{after:.2f} dB, of {before:.2f} dB with noise"))
    if result.likelihood is not None:
        found = result.likelihood
        rows.append(("ELBO", f"{found['elbo']:.2f} nats"))
        bound, samples = found["importance_weighted_bound"], found["samples"]
        rows.append(("likelihood", f"at least {bound:.2f} nats, by {samples:.0f} importance samples"))
    if result.outliers is not None:
        found = result.outliers
        rows.append(
            ("AUROC", f"{100 * found['auroc']:.2f} %, {found['normal']:.0f} normal, {found['outliers']:.0f} outliers")
        )
    columns = max(width(name) for name, _ in rows)
    return "\n".join(f"{left(name, columns)}  {value}" for name, value in rows)


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


def predictions(results: Sequence[Prediction] | Sequence[Restored]) -> str:
    """A row per image."""
    if isinstance(results[0], Restored):
        return "\n".join(align([list(_RESTORED), *(_restored(one) for one in results if isinstance(one, Restored))]))
    results = [one for one in results if isinstance(one, Prediction)]
    rows = [[one.file, one.predicted, _percent(one.probability)] for one in results]
    return "\n".join(align([["file", "class", "probability"], *rows]))


_RESTORED = ("file", "squared error", "written to")


def _restored(one: Restored) -> list[str]:
    return [one.file, f"{one.squared_error:.4f}", one.output or "-"]


def predictions_json(results: Sequence[Prediction] | Sequence[Restored]) -> str:
    """One JSON object with a list."""
    return json.dumps({"predictions": [asdict(one) for one in results]}, ensure_ascii=False)


def predictions_csv(results: Sequence[Prediction] | Sequence[Restored]) -> str:
    """A header, and a row per image: with the probability of each class, or with its error."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first = results[0]
    writer.writerow(
        list(asdict(first))
        if isinstance(first, Restored)
        else ["file", "predicted", "probability", *first.probabilities]
    )
    for one in results:
        values = asdict(one).values() if isinstance(one, Restored) else one.probabilities.values()
        start = [] if isinstance(one, Restored) else [one.file, one.predicted, one.probability]
        writer.writerow([*start, *values])
    return text.getvalue().rstrip("\n")


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right, as wide as a terminal shows them.

    The end of a line in a name is written out.
    """
    rows = [[visible(cell).replace("\n", "\\n").replace("\t", "\\t") for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([left(row[0], widths[0]), *(right(cell, w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
