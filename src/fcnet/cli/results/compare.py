"""``fcnet compare``: its options, and the call."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.help import complete
from fcnet.cli.words import Json, Which, answer, path, warn
from fcnet.errors import ConfigError
from fcnet.system import paths, signals, streams
from fcnet.system.sinks import Message, Sinks

EXAMPLE = "Example: fcnet compare runs/width --by model.hidden --out figures"


class Split(StrEnum):
    """Held-out splits."""

    TEST = "test"
    VALIDATION = "validation"


class _Warnings:
    """A sink that shows warnings alone, without torch."""

    def write(self, record: object) -> None:
        if isinstance(record, Message) and record.level == "warning":
            warn(record.text)

    def close(self) -> None:
        pass


Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        autocompletion=complete.run_or_file,
        help="Run directories, or folders of runs such as a sweep's (default: checkpoints/).",
    ),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY",
        help="Group by this key of the configs, by folder or by run (default: by all that differs but the seed); may be"
        " given several times.",
    ),
]
Against = Annotated[
    str | None,
    typer.Option(metavar="GROUP", help="Group, or run of it, to compare others with (default: the first)."),
]
Out = Annotated[
    Path | None, path("--out", "DIR", "Folder for figures: loss and accuracy with bands, every run as a point.")
]


def compare(
    runs: Runs = None,
    by: By = None,
    against: Against = None,
    split: Annotated[
        Split, typer.Option(metavar="test|validation", help="Images whose metrics are compared (default: test).")
    ] = Split.TEST,
    weights: Annotated[
        Which,
        typer.Option(
            metavar="best|last", help="Weights of the best epoch by validation, where there are such, or the last."
        ),
    ] = Which.BEST,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row per group.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    out: Out = None,
) -> None:
    """Compare groups of runs, with statistics.

    Mean, standard deviation and 95 % interval over seeds, paired t-tests, and McNemar's test of two runs.
    """
    if json + csv + markdown > 1:
        raise ConfigError("--json, --csv, --markdown: choose one of them")

    from fcnet.results.compare.comparison import Asked, run_compare
    from fcnet.results.compare.report import Report

    keys = [key.strip() for word in by or [] for key in word.split(",") if key.strip()]
    sinks = Sinks([_Warnings()])
    found = run_compare(runs or [], Asked(keys, against, split.value, weights.value), sinks)
    figures: list[Path] = []
    if out is not None:
        with signals.importing():
            from fcnet.results.compare.figures import draw
        figures = draw(found, out, sinks)
    report = Report(found, figures)
    if markdown:
        streams.write(sys.stdout, report.markdown(), for_programs=True)
    else:
        answer(report, json, csv)
