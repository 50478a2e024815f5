"""The best of several runs, and how it was chosen."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from fcnet import schema
from fcnet.errors import FcnetError
from fcnet.report import facts
from fcnet.report.facts import Rows
from fcnet.report.language import Words
from fcnet.results.row import Row, Scores
from fcnet.rundir import directory


@dataclass(frozen=True)
class Best:
    """The best run.

    Attributes:
        name: of the run.
        how: it was chosen, in a sentence.
        differing: its settings that differ from the defaults.
        config: as YAML; "" if it cannot be read.
        command: that makes a report of it.
    """

    name: str
    how: str
    differing: Rows
    config: str
    command: str


def best(rows: Sequence[Row], words: Words) -> Best | None:
    """Return the best run that came to its end: by validation if all have validation images, else by test.

    Choosing on test images flatters the choice, which is said. Runs that minimise different losses have no best one.
    """
    done = [row for row in rows if row.complete and row.net is not None]
    split = "validation" if all(row.scores("validation") is not None for row in done) else "test"
    scored = [(row, scores) for row in done if (scores := row.scores(split)) is not None]
    if not scored or len({(row.net.classifies, row.net.unit) for row, _ in scored if row.net is not None}) > 1:
        return None
    row, scores = min(scored, key=lambda one: _badness(one[1]))
    metric = words("loss" if scores.accuracy is None else "accuracy")
    if split == "validation":
        test = row.scores("test")
        tested = words("dash") if test is None else _shown(test, words)
        how = words("best_by_validation", metric=metric, value=_shown(scores, words), test=tested)
    else:
        how = words("best_by_test", metric=metric, value=_shown(scores, words))
    command = shlex.join(["fcnet", "report", str(row.path)])
    try:
        settings = schema.load(row.path / directory.CONFIG)
    except FcnetError:  # of another version: the table of all runs still has it
        return Best(row.name, how, [], "", command)
    return Best(row.name, how, facts.differing(settings, words), schema.dump(settings), command)


def _badness(scores: Scores) -> tuple[float, float]:
    """Return a sort key: the higher accuracy first; among equals, and without one, the lower loss."""
    return -(scores.accuracy or 0.0), scores.loss


def _shown(scores: Scores, words: Words) -> str:
    return words.decimal(scores.loss) if scores.accuracy is None else words.percent(scores.accuracy)
