"""What models show beside answers: weights, reconstructions, codes, samples, and how outliers are told apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fcnet.families.common.findings.parts import (
    Answers,
    Codes,
    FirstLayer,
    Part,
    Reconstructions,
    Samples,
    Separation,
)
from fcnet.report.drawn import answers as answered
from fcnet.report.drawn import images
from fcnet.report.drawn.figure import Entry, Figure
from fcnet.report.language import Words
from fcnet.report.svg import bars, scatter
from fcnet.system.text import few

LARGE = 0.995  # quantile of the weights at which their colours end, so that a few do not make the others pale
CLASSES = 12  # normal classes that are named


@dataclass(frozen=True)
class Picture:
    """An image: its address, what it shows, and the words below it; the sides of a sheet in images."""

    address: str
    alt: str
    words: str = ""
    columns: int = 1


@dataclass(frozen=True)
class Shown:
    """A section of the report.

    Attributes:
        kind: of the section, which chooses its title and its place.
        notes: sentences.
        pictures: in a row that wraps, or below each other.
        figures: charts.
        answers: of a classifier.
    """

    kind: str
    notes: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    figures: Sequence[Figure] = field(default_factory=list)
    answers: answered.Shown | None = None


def shown(part: Part, words: Words, split: str) -> Shown:
    """Return a part ready for the template; ``split`` are the words for its images."""
    return _BY_TYPE[type(part)](part, words, split)


def _answers(part: Answers, words: Words, split: str) -> Shown:  # noqa: ARG001
    return Shown("answers", answers=answered.shown(part, words))


def _weights(part: FirstLayer, words: Words, split: str) -> Shown:  # noqa: ARG001
    limit = float(np.quantile(np.abs(part.weights), LARGE))
    pictures = []
    for i, (weights, norm) in enumerate(zip(part.weights, part.norms.tolist(), strict=True)):
        name = f"#{part.numbers[i]}" if part.names is None else part.names[i]
        alt = words("unit_alt", name=name, norm=f"{norm:.3g}")
        pictures.append(Picture(images.signed(weights, limit), alt, f"{name} · {norm:.2f}"))
    what = words(f"what_{part.what}")
    note = words("weights_note", n=len(pictures), total=part.total, what=what, limit=f"{limit:.2g}")
    return Shown("weights", [note], pictures)


def _reconstructions(part: Reconstructions, words: Words, split: str) -> Shown:
    metrics = {name: f"{value:.2f}" for name, value in part.metrics.items()}
    error, psnr = metrics["squared_error"], metrics["psnr"]
    notes = [words("reconstructions_note", error=error, psnr=psnr, n=part.n, split=split)]
    if "psnr_corrupted" in metrics:
        notes.append(words("denoising_note", before=metrics["psnr_corrupted"], after=metrics["psnr_output"]))
    order = [name for name in ("original", "corrupted", "reconstruction") if name in part.rows]
    rows = [(words(f"row_{name}"), part.rows[name]) for name in order]
    return Shown(
        "reconstructions",
        notes,
        [
            Picture(images.sheet(row, len(row)), words("row_alt", n=len(row), row=name), name, len(row))
            for name, row in rows
        ],
    )


def _codes(part: Codes, words: Words, split: str) -> Shown:  # noqa: ARG001
    if part.share is None:
        note = words("codes_note_one") if part.values == 1 else words("codes_note", k=part.values)
        names = [words("code_axis", n=1), words("empty_axis") if part.values == 1 else words("code_axis", n=2)]
    else:
        note = words("codes_note_pca", k=part.values, share=words.percent(part.share, 0))
        names = [words("component_axis", n=n) for n in (1, 2)]
    title = words("codes_title", n=len(part.points))
    svg = scatter.draw(part.points, part.labels, part.classes, (names[0], names[1]), title, words("codes_desc"))
    return Shown("codes", [note], figures=[Figure(svg, title)])


def _samples(part: Samples, words: Words, split: str) -> Shown:  # noqa: ARG001
    told = words(f"samples_{part.source}")
    return Shown("samples", [], [Picture(images.sheet(part.images, part.columns), told, told, part.columns)])


def _separation(part: Separation, words: Words, split: str) -> Shown:  # noqa: ARG001
    auroc, quantity = words.percent(part.auroc), words(f"quantity_{part.quantity}")
    counts = {"normal": len(part.normal), "outliers": len(part.outliers)}
    svg = bars.histogram(
        [part.normal.tolist(), part.outliers.tolist()],
        [0, 1],
        (quantity, words("share_of_images")),
        words("separation_title"),
        words("separation_desc", quantity=quantity, auroc=auroc, **counts),
    )
    legend = [Entry(words("normal"), 0), Entry(words("outliers"), 1)]
    note = words("separation_note", classes=few(part.classes, CLASSES), auroc=auroc)
    return Shown("separation", [note], figures=[Figure(svg, words("separation_title"), legend)])


_BY_TYPE: Mapping[type, Callable[[Any, Words, str], Shown]] = {
    Answers: _answers,
    FirstLayer: _weights,
    Reconstructions: _reconstructions,
    Codes: _codes,
    Samples: _samples,
    Separation: _separation,
}
