"""Gather the report of one run: from its files, and from its model and the images where they are still there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch

from fcnet import schema
from fcnet.commands.read import held_out, read_split
from fcnet.commands.trained import Located
from fcnet.data.dataset import ImageFolder
from fcnet.errors import FcnetError
from fcnet.families.common.family import Shows, Trained
from fcnet.families.common.findings.parts import Part
from fcnet.report import facts
from fcnet.report.drawn import curves, parts
from fcnet.report.drawn.figure import Figure
from fcnet.report.facts import Rows
from fcnet.report.headline import Headline, of_run
from fcnet.report.language import Words
from fcnet.results.compare import testset
from fcnet.results.row import SPLITS, Row, Scores
from fcnet.rundir import directory, log
from fcnet.system import files
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits

T = TypeVar("T")


@dataclass
class One:
    """The report of a run, ready for the template.

    Attributes:
        name: of the run.
        facts: rows of name and value below the title.
        headline: None if there is no figure yet.
        state: what is unusual about how it ended; "" if it came to its end.
        weights: which of the run's they are, if it has several.
        notes: what is missing and why, and what has to be known.
        metrics: header and rows by split.
        curves: charts of the log.
        sections: what the model shows.
        solutions: header and rows of problems solved in closed form.
        ridges: their charts.
        differing: settings that differ from the defaults.
        config: as YAML.
        images: rows of the data.
        machine: rows of the environment.
        commands: with the words before each.
    """

    name: str
    facts: Rows
    headline: Headline | None = None
    state: str = ""
    weights: str = ""
    notes: list[str] = field(default_factory=list)
    metrics: tuple[list[str], Rows] = field(default_factory=lambda: ([], []))
    curves: Sequence[Figure] = ()
    sections: Sequence[parts.Shown] = ()
    solutions: tuple[list[str], Rows] = field(default_factory=lambda: ([], []))
    ridges: Sequence[Figure] = ()
    differing: Rows = field(default_factory=list)
    config: str = ""
    images: Rows = field(default_factory=list)
    machine: Rows = field(default_factory=list)
    commands: Sequence[tuple[str, str]] = ()


@limits.chosen()
def gather(found: Located, row: Row, words: Words, sinks: Sinks = SILENT) -> One:
    """Return the report of a run. What cannot be read is named in its notes.

    Args:
        found: its model and config.
        row: what its files say.
        words: of the language.
        sinks: for warnings.
    """
    settings, run = found.settings, row.path
    part = held_out(settings) or "train"
    which = "last" if found.weights is not None and found.weights.which == "last" else "best"
    page = One(run.resolve().name, _facts(row, words), state=_state(row, words))
    epochs, stages = _log(run, page, words, sinks)
    shown = _shown(found, row, part, page, words, sinks)
    page.headline = of_run(shown, row, part, which, words)
    if part == "train" and page.headline is not None:
        page.notes.append(words("not_held_out"))
    page.metrics = _metrics(row, which, words)
    page.curves = curves.of_run(epochs, settings.model.unit, row.best_epoch, words)
    page.sections = [parts.shown(one, words, words(f"split_{part}")) for one in shown]
    if stages:
        page.solutions = facts.solutions(stages, words)
        page.ridges = list(curves.ridges(stages, words))
    page.differing, page.config = facts.differing(settings, words), schema.dump(settings)
    environment = _environment(run)
    page.images, page.machine = facts.images(environment, words), facts.machine(environment, words)
    chosen = which if found.weights is not None and not found.weights.alone else None
    page.commands = facts.commands(run, environment, part, chosen)
    return page


def _facts(row: Row, words: Words) -> Rows:
    """Return what stands below the title."""
    net = row.net
    epochs = words("dash") if row.epoch is None else str(row.epoch)
    if row.epochs is not None and row.epoch is not None and row.epoch != row.epochs:
        epochs = words("points_of", n=row.epoch, total=row.epochs)
    rows = [
        [words("kind"), "?" if net is None else net.kind],
        [words("net"), "?" if net is None else net.layers],
        [words("epochs"), epochs],
        [words("seed"), words.whole(row.seed)],
        [words("time"), words.duration(row.seconds)],
        [words("ended"), words(f"ended_{row.ended}")],
    ]
    return rows if row.epochs is not None else [one for one in rows if one[0] != words("epochs")]


def _state(row: Row, words: Words) -> str:
    if row.complete:
        return ""
    epoch = words("dash") if row.epoch is None else row.epoch
    return words(f"state_{row.ended}", why=row.why, epoch=epoch, run=row.path)


def _log(run: Path, page: One, words: Words, sinks: Sinks) -> tuple[list[dict[str, Any]], list[Mapping[str, Any]]]:
    """Return a run's records of epochs, and the facts of what was solved last in closed form."""
    try:
        records, damaged = log.read(run)
    except FcnetError as error:
        page.notes.append(words("missing_log", why=error.problems[0]))
        return [], []
    if damaged:
        sinks.warn(damaged)
    epochs = [record for record in records if record["kind"] == "epoch"]
    stages = {record["facts"]["stage"]: record["facts"] for record in records if record["kind"] == "stage"}
    return epochs, list(stages.values())


def _shown(found: Located, row: Row, part: str, page: One, words: Words, sinks: Sinks) -> list[Part]:
    """Return what the model shows of itself and of images, as far as weights and images are there."""
    images = _or_note(lambda: read_split(found.settings, part, sinks), page, words, "missing_images")
    classes = found.settings.data.classes or (() if images is None else images.classes)
    if images is not None:
        _check_images(images, row, part, page, words)
    if images is None and found.settings.model.classifies and not classes:
        return []
    cpu = torch.device("cpu")
    trained = _or_note(lambda: found.load(len(classes), cpu, sinks), page, words, "missing_weights")
    if trained is None or not isinstance(found.family, Shows):
        return []
    if words_of_weights := _weights(trained, words):
        page.weights = words_of_weights
    shows = found.family
    shown = None
    if images is not None:
        shown = _or_note(lambda: shows.shown(trained, images, part), page, words, "missing_weights")
    return [*(shown or ()), *shows.shown(trained, None, part)]


def _or_note(get: Callable[[], T], page: One, words: Words, note: str) -> T | None:
    """Return what a function gets; None, and a note with the reason, if it cannot."""
    try:
        return get()
    except FcnetError as error:
        page.notes.append(words(note, why="; ".join(error.problems[:2])))
        return None


def _weights(trained: Trained, words: Words) -> str:
    """Return which of its run's weights a model has; "" if the run has no others."""
    weights = trained.weights
    if weights is None or weights.alone:
        return ""
    epoch = words("dash") if weights.epoch is None else weights.epoch
    return words("weights_best", epoch=epoch) if weights.which == "best" else words("weights_last")


def _check_images(images: ImageFolder, row: Row, part: str, page: One, words: Words) -> None:
    """Note if the images are others than those of the training."""
    had = testset.of(row, part)
    if had is not None and (images.sha256, len(images)) != (had.pixels, had.n):
        before, now = (f"{n}, {pixels[:8]}" for n, pixels in ((had.n, had.pixels), (len(images), images.sha256)))
        page.notes.append(words("changed_images", split=words(f"split_{part}"), before=before, now=now))


def _metrics(row: Row, which: str, words: Words) -> tuple[list[str], Rows]:
    """Return the metrics of each split: header and rows."""
    found: list[tuple[str, Scores]] = []
    for name in SPLITS:
        scores = row.scores(name, which)
        if scores is not None:
            found.append((words(f"split_{name}"), scores))
    unit = "nats" if row.net is None else row.net.unit
    classifies = any(scores.accuracy is not None for _, scores in found)
    header = [words("split"), words("images"), words("loss_unit", unit=unit)]
    rows = [[name, words.count(scores.n), words.decimal(scores.loss)] for name, scores in found]
    if classifies:
        header.append(words("accuracy"))
        rows = [[*one, words.percent(scores.accuracy)] for one, (_, scores) in zip(rows, found, strict=True)]
    return header, rows


def _environment(run: Path) -> dict[str, Any]:
    """Return environment.json; an empty one if it is missing or damaged, as all in it is for information."""
    try:
        return files.read_json(run / directory.ENVIRONMENT)
    except (OSError, ValueError):
        return {}
