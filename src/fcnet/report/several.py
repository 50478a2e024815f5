"""Gather the report of several runs: how they compare, the best one, and all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fcnet.errors import ConfigError
from fcnet.report.best import Best, best
from fcnet.report.drawn import groups
from fcnet.report.drawn.figure import Figure
from fcnet.report.headline import Headline
from fcnet.report.language import Words
from fcnet.report.numbers import LONGEST, Numbers, Table
from fcnet.results import columns
from fcnet.results.compare.comparison import Asked, Comparison, compare
from fcnet.results.compare.report import p_text
from fcnet.results.row import Row
from fcnet.schema import INCIDENTAL
from fcnet.system.text import few, short

MOST_ROWS = 300  # runs in the table
LISTED = 6  # runs that a note names
_ELSEWHERE = ("seed", "model.hidden", "model.kind", "data.classes")  # keys that other columns tell


@dataclass
class Several:
    """The report of several runs, ready for the template.

    Attributes:
        name: of the folder, or how many runs there are.
        headline: the mean of the best group.
        notes: what has to be known.
        caption: of the comparison.
        groups: of the comparison, with header.
        differences: to the reference, with header.
        reference: the name of the group that others are compared with.
        figures: charts.
        remarks: on the comparison.
        banded: whether any group has several runs.
        best: the best run; None if there is none, and ``no_best`` says why.
        runs: all runs, with header.
        done: what is said about how many have ended.
    """

    name: str
    headline: Headline | None = None
    notes: list[str] = field(default_factory=list)
    caption: str = ""
    groups: Table = field(default_factory=lambda: ([], []))
    differences: Table = field(default_factory=lambda: ([], []))
    reference: str = ""
    figures: list[Figure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    banded: bool = False
    best: Best | None = None
    no_best: str = ""
    runs: Table = field(default_factory=lambda: ([], []))
    done: str = ""


def gather(rows: Sequence[Row], name: str, planned: Sequence[str], words: Words) -> Several:
    """Return the report of runs.

    Args:
        rows: at least one run.
        name: of all of them.
        planned: names of runs that are not begun yet.
        words: of the language.
    """
    page = Several(name)
    split = "test" if any(row.scores("test") is not None for row in rows) else "validation"
    try:
        found = compare(rows, Asked(split=split))
    except ConfigError as error:
        page.notes.append(words("compare_none", why=error.problems[0].removeprefix("compare: ")))
    else:
        _fill(page, found, words)
    page.best = best(rows, words)
    page.no_best = words("best_many" if any(row.complete for row in rows) else "best_none")
    page.runs = _runs(rows, planned, words)
    total = len(rows) + len(planned)
    page.done = words("all_runs_note", done=sum(row.complete for row in rows), total=total)
    if total > MOST_ROWS:
        page.notes.append(words("all_runs_most", shown=MOST_ROWS, total=total))
    return page


def _fill(page: Several, found: Comparison, words: Words) -> None:
    """Add a comparison to a page."""
    numbers = Numbers(found, words)
    split = words(f"split_{found.asked.split}")
    page.caption = words.sentence("compare_caption", split=split, metric=words(found.metric))
    page.groups = numbers.groups()
    page.headline = numbers.headline()
    page.differences, page.reference = numbers.differences(), short(found.reference, LONGEST)
    page.notes += [*_left_out(found, words), *found.notes]
    if any(row.best is not None for one in found.groups for row in one.group.rows):
        page.remarks.append(words("compare_best"))
    if found.two is not None:
        first, second = (row.name for row in found.single)
        two = found.two
        page.remarks.append(words("mcnemar", n=two.n, p=p_text(two.p), first=first, second=second, b=two.b, c=two.c))
    if more := groups.has_more(found):
        page.remarks.append(words("groups_most", shown=more[0], total=more[1]))
    page.banded = any(one.metric.n > 1 for one in found.groups)
    page.figures = [groups.points(found, words), *groups.bands(found, words)]


def _left_out(found: Comparison, words: Words) -> list[str]:
    """Return which runs are not compared, by the reason; those that did not end are told in the table of all runs."""
    by_reason: dict[str, list[str]] = {}
    for row, why in found.left_out:
        if row.complete:
            by_reason.setdefault(why, []).append(row.name)
    return [words("left_out", names=few(names, LISTED), why=why) for why, names in by_reason.items()]


def _runs(rows: Sequence[Row], planned: Sequence[str], words: Words) -> Table:
    """Return a row for each run: what differs between them, how good it is, and how it ended."""
    settings = [key for key in columns.differing(rows) if key not in (*INCIDENTAL, *_ELSEWHERE)]
    names = columns.short_names(settings)
    share = any(row.net is not None and row.net.classifies for row in rows)
    splits = [split for split in ("validation", "test") if any(row.scores(split) is not None for row in rows)]
    losses = any(row.net is not None and not row.net.classifies for row in rows)
    metrics = [words("accuracy")] * share + [words("loss")] * (losses or not share)
    metric = words("comma").join(metrics)
    header = [words("run"), words("ended"), *(f"{words(f'split_{split}')}{words('colon')}{metric}" for split in splits)]
    header += [words(key) for key in ("net", "seed", "epochs_done", "time")] + [names[key] for key in settings]
    table = []
    for row in rows[:MOST_ROWS]:
        net = "?" if row.net is None else row.net.layers
        values = [columns.words(row.settings[key]) if key in row.settings else words("dash") for key in settings]
        scores = [_score(row, split, share, words) for split in splits]
        ended = words(f"ended_{row.ended}") + (f"{words('colon')}{row.why}" if row.why and not row.complete else "")
        known = [net, words.whole(row.seed), words.whole(row.epoch), words.duration(row.seconds)]
        table.append([row.name, ended, *scores, *known, *values])
    empty = [words("dash")] * (len(header) - 2)
    left = [[name, words("ended_planned"), *empty] for name in planned]
    return header, [*table, *left[: MOST_ROWS - len(table)]]


def _score(row: Row, split: str, share: bool, words: Words) -> str:
    scores = row.scores(split)
    if scores is None:
        return words("dash")
    return words.percent(scores.accuracy) if share and scores.accuracy is not None else words.decimal(scores.loss)
