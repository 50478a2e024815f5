"""``fcnet compare``: which groups of runs are better, and whether that is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.results import columns, listing
from fcnet.results.compare import groups, statistics, testset
from fcnet.results.compare.groups import Group, Grouped
from fcnet.results.compare.statistics import McNemar, Paired, Summary
from fcnet.results.compare.testset import Images
from fcnet.results.row import Row
from fcnet.rundir import find
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import counted, few

__all__ = ["Asked", "Compared", "Comparison", "compare", "run_compare"]

SPLITS = ("test", "validation")
WEIGHTS = ("best", "last")

_LISTED = 6  # runs that a warning names


@dataclass(frozen=True)
class Asked:
    """How runs are compared.

    Attributes:
        by: keys that set groups apart; none for all that differ except the seed.
        against: the reference group, or a run in it; None for the first group.
        split: test or validation.
        weights: best by validation where there are such, or last.
    """

    by: Sequence[str] = ()
    against: str | None = None
    split: str = "test"
    weights: str = "best"


@dataclass(frozen=True)
class Compared:
    """One group.

    Attributes:
        group: its runs.
        metric: accuracy in [0, 1], or the loss if nothing is classified.
        seconds: of the trainings.
        difference: to the reference group, over common pairs; None of the reference itself.
    """

    group: Group
    metric: Summary
    seconds: Summary
    difference: Paired | None = None


@dataclass(frozen=True)
class Comparison:
    """Groups of runs side by side.

    Attributes:
        metric: ``accuracy`` or ``loss``.
        unit: of the loss.
        asked: how they are compared.
        by: keys that set groups apart.
        groups: one or more, in the order of their settings.
        reference: the name of the group that others are compared with.
        two: McNemar's test of exactly two runs, in the order of ``single``; None otherwise.
        single: these two runs.
        left_out: runs that are not compared, with the reason.
        notes: what has to be known about the figures.
    """

    metric: str
    unit: str
    asked: Asked
    by: list[str]
    groups: list[Compared]
    reference: str
    two: McNemar | None = None
    single: list[Row] = field(default_factory=list)
    left_out: list[tuple[Row, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run_compare(words: Sequence[Path], asked: Asked, sinks: Sinks = SILENT) -> Comparison:
    """Compare the runs that words mean.

    Args:
        words: run directories, folders of runs, patterns; none for checkpoints/.
        asked: how.
        sinks: for warnings.

    Raises:
        ConfigError: no run can be compared, or their images or losses are different ones.
    """
    rows = listing.rows(words or [find.ROOT])
    if not rows:
        places = few(words or [find.ROOT], _LISTED)
        raise ConfigError(f"compare: {places}: contains no run; name runs, or folders of runs")
    result = compare(rows, asked)
    for warning in _warnings(result):
        sinks.warn(warning)
    return result


def compare(rows: Sequence[Row], asked: Asked) -> Comparison:
    """Compare runs. Raises ConfigError as ``run_compare``."""
    images = {row.path: testset.of(row, asked.split) for row in rows}
    reasons = [(row, _unfit(row, images[row.path], asked)) for row in rows]
    fit = [row for row, why in reasons if not why]
    left_out = [(row, why) for row, why in reasons if why]
    if not fit:
        raise ConfigError(*_none_left(left_out, asked.split))
    classifies, unit = _one_metric(fit)
    notes = testset.check(fit, [found for row in fit if (found := images[row.path]) is not None], asked.split)
    grouped = groups.group(fit, asked.by)
    left_out += [(row, "has the same settings and seed as another run of its group") for row in grouped.repeated]
    single = [row for one in grouped.groups for row in one.rows]
    metric = "accuracy" if classifies else "loss"
    compared, reference = _differences(grouped.groups, metric, asked)
    result = Comparison(
        metric, unit, asked, grouped.by, compared, reference.name, left_out=left_out, notes=notes + _notes(grouped)
    )
    return _with_mcnemar(replace(result, single=single)) if len(single) == 2 and classifies else result


def _unfit(row: Row, images: Images | None, asked: Asked) -> str:
    """Return why a run cannot be compared; "" if it can."""
    if not row.complete:
        return columns.cell(row, "ended")
    if row.scores(asked.split, asked.weights) is None:
        return f"has no {asked.split} metrics"
    if images is None:
        return f"its environment.json does not say which {asked.split} images it has"
    return ""


def _none_left(left_out: Sequence[tuple[Row, str]], split: str) -> list[str]:
    """Return why no run can be compared, with the first few reasons."""
    shown = [f"{row.path}: {why}" for row, why in left_out[:_LISTED]]
    more = f", and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
    other = "; for validation images, add --split validation" if split == "test" else ""
    return [f"compare: none of {counted(len(left_out), 'run')} can be compared ({'; '.join(shown)}{more}){other}"]


def _one_metric(rows: Sequence[Row]) -> tuple[bool, str]:
    """Return whether runs classify, and the unit of their loss. Raises ConfigError if they minimise different ones."""
    kinds: dict[tuple[bool, str], list[Row]] = {}
    for row in rows:
        assert row.net is not None  # a run without a readable config is damaged, and left out
        kinds.setdefault((row.net.classifies, row.net.unit), []).append(row)
    classifying = {classifies for classifies, _ in kinds}
    if classifying == {True}:
        return True, next(unit for _, unit in kinds)
    if len(kinds) > 1:
        named = [f"{few((row.name for row in alike), 3)} ({unit})" for (_, unit), alike in kinds.items()]
        raise ConfigError(
            f"compare: the runs are measured by different losses: {', '.join(named)}; compare runs of one kind"
        )
    return next(iter(kinds))


def _differences(found: Sequence[Group], metric: str, asked: Asked) -> tuple[list[Compared], Group]:
    """Return groups with their differences to the reference, and that group."""
    reference = found[0] if asked.against is None else groups.find(found, asked.against)
    by_pair = {one.name: dict(zip(one.pairs, _values(one, metric, asked), strict=True)) for one in found}
    base = by_pair[reference.name]
    differences: list[Paired] = []
    for one in found:
        common = [pair for pair in one.pairs if pair in base]
        values = by_pair[one.name]
        differences.append(statistics.paired([values[pair] for pair in common], [base[pair] for pair in common]))
    others = [one is not reference for one in found]
    corrected = statistics.holm([one.p if other else None for one, other in zip(differences, others, strict=True)])
    compared = [
        Compared(
            one,
            statistics.summary(_values(one, metric, asked)),
            statistics.summary([row.seconds or 0.0 for row in one.rows]),
            replace(difference, holm=p) if other else None,
        )
        for one, difference, other, p in zip(found, differences, others, corrected, strict=True)
    ]
    return compared, reference


def _values(one: Group, metric: str, asked: Asked) -> list[float]:
    scores = [row.scores(asked.split, asked.weights) for row in one.rows]
    return [float(getattr(found, metric)) for found in scores if found is not None]


def _notes(grouped: Grouped) -> list[str]:
    """Return what has to be known about the groups."""
    notes = []
    if grouped.mixed:
        notes.append(f"runs of a group differ in {few(grouped.mixed, _LISTED)} too, so its spread is not that of seeds")
    if grouped.beside:
        notes.append(f"groups differ in {few(grouped.beside, _LISTED)} too, not only in {few(grouped.by, _LISTED)}")
    best = {row.best is not None for one in grouped.groups for row in one.rows}
    if len(best) > 1:
        notes.append("some runs have best weights by validation, others the last ones only; --weights last is fairer")
    return notes


def _with_mcnemar(result: Comparison) -> Comparison:
    """Add McNemar's test of the only two runs; if it cannot be made, a note why."""
    from fcnet.results.compare import single  # imports torch

    two, note = single.test(result.single, result.asked.split, result.asked.weights)
    return replace(result, two=two, notes=[*result.notes, *note])


def _warnings(result: Comparison) -> list[str]:
    """Return what was left out, and the notes."""
    by_reason: dict[str, list[Row]] = {}
    for row, why in result.left_out:
        by_reason.setdefault(why, []).append(row)
    left_out = [f"{groups.listed(alike)}: left out: {why}" for why, alike in by_reason.items()]
    return [*left_out, *result.notes]
