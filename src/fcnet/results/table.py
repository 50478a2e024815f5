"""``fcnet runs``: a list of runs as a table that fits its terminal, as CSV and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcnet.config.names import WRITTEN
from fcnet.results import columns, listing
from fcnet.results.row import Row
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.text import SHORTENED, align, clean, counted, csv_text, short, width

ALWAYS = ("name", "accuracy", "loss", "ended")  # columns that stay if a terminal is narrow
NARROW = 24  # columns of a name or an end that is shortened
SETTING = 14  # and of a setting
FIRST_DROPPED = ("seconds", "kind", "validation", "validation_loss", "epochs")


@dataclass(frozen=True)
class Wanted:
    """Which runs, in which order, with which columns.

    Attributes:
        where: conditions, all of which have to be met.
        sort: a column; with a minus sign before it, in descending order.
        columns: to show instead of the usual ones.
        limit: the most runs.
    """

    where: Sequence[str] = ()
    sort: str | None = None
    columns: Sequence[str] = ()
    limit: int | None = None


@dataclass(frozen=True)
class Table:
    """Runs as a table.

    Attributes:
        rows: the runs shown.
        columns: of the table.
        differing: keys whose values differ between all runs found.
        found: how many runs there are, shown or not.
        places: where they are, in words.
        columns_of_terminal: its width; None to show everything.
    """

    rows: list[Row]
    columns: list[str]
    differing: list[str]
    found: int
    places: str
    columns_of_terminal: int | None = None

    def text(self) -> str:
        """Return a row per run, and below them what the marks mean and what is left out."""
        if not self.found:
            return f"{self.places}: contains no run yet; {find.how_to_train()}"
        names = columns.short_names([one for one in self.columns if one not in columns.FIXED])
        cells = {one: [names.get(one, one), *(_marked(row, one) for row in self.rows)] for one in self.columns}
        left_out = _fit(cells, self.columns_of_terminal)
        lines = align(list(zip(*cells.values(), strict=True)), words=1 if [*cells][-1] in ("ended", "why") else 0)
        shown = f"{len(self.rows)} of {self.found} runs" if len(self.rows) < self.found else counted(self.found, "run")
        notes = [shown]
        if any(row.best is not None for row in self.rows):
            notes.append("* of the best weights by validation, others after the last epoch")
        if left_out:
            notes.append(f"left out: {', '.join(names.get(one, one) for one in left_out)} (--columns, --csv)")
        return "\n".join([*lines, "", "; ".join(notes)])

    def json(self) -> str:
        """Return one JSON object with all facts of each run: shares as fractions, losses in their unit."""
        return json.dumps({"runs": [_plain(row) for row in self.rows], "differing": self.differing}, ensure_ascii=False)

    def csv(self) -> str:
        """Return a row per run with the same columns."""
        rows = ([_csv(columns.value(row, one)) for one in self.columns] for row in self.rows)
        return csv_text(self.columns, rows)


def run_list(words: Sequence[Path], wanted: Wanted, terminal: int | None = None) -> Table:
    """Return the runs in folders as a table.

    Args:
        words: run directories, folders, patterns; none for checkpoints/.
        wanted: which of them.
        terminal: the width of the terminal, if the table should fit one.

    Raises:
        ConfigError: a folder does not exist, or there is no such column.
    """
    nowhere = not words and files.look(find.ROOT) is None
    found = [] if nowhere else listing.rows(words or [find.ROOT])
    differing = columns.differing(found)
    shown = [key for key in differing if key not in WRITTEN]
    rows = found
    for condition in wanted.where if found else ():
        rows = columns.matching(rows, condition) if rows else rows
    if wanted.sort and found:
        column = columns.resolve(wanted.sort.removeprefix("-"), found, "--sort")
        rows = columns.order(rows, column, wanted.sort.startswith("-"))
    chosen = [columns.resolve(one, found, "--columns") for one in wanted.columns] if found else []
    places = ", ".join(str(word) for word in words or [find.ROOT])
    return Table(
        rows[: wanted.limit],
        chosen or _usual(found, shown),
        differing,
        len(found),
        places,
        None if chosen else terminal,
    )


def _usual(rows: Sequence[Row], differing: Sequence[str]) -> list[str]:
    """Return the columns that say something: what differs, and metrics that some run has."""
    settings = [key for key in differing if key not in ("seed", "model.kind", "model.hidden", "data.classes")]
    metrics = ["accuracy", "validation"]
    if any(row.net is not None and not row.net.classifies for row in rows):
        metrics += ["loss", "validation_loss"]
    metrics = [one for one in metrics if any(columns.value(row, one) is not None for row in rows)]
    kinds = ["kind"] if len({row.net.kind for row in rows if row.net}) > 1 else []
    return ["name", *kinds, "net", *settings, "seed", "epochs", *metrics, "seconds", "ended"]


def _marked(row: Row, column: str) -> str:
    """Return the text of a cell, with a star if it is of the best weights."""
    text = columns.cell(row, column)
    metric = column in (*columns.SHARES, "loss", "validation_loss")
    if not metric or row.best is None or text == "-":
        return text
    return f"{text} *"


def _fit(cells: dict[str, list[str]], terminal: int | None) -> list[str]:
    """Shorten the texts of a table and drop columns until it fits; return the columns dropped."""
    if terminal is None:
        return []
    settings = [one for one in cells if one not in columns.FIXED]
    for names, most in ((["ended"], NARROW), (settings, SETTING), (["name"], NARROW)):
        for name in names:
            if name in cells and _excess(cells, terminal) > 0:
                room = max(map(width, cells[name])) - _excess(cells, terminal)
                shortened = _cut if name == "ended" else short
                cells[name] = [shortened(text, max(most, room)) for text in cells[name]]
    dropped: list[str] = []
    for name in (*FIRST_DROPPED, *reversed(settings), *columns.FIXED):
        if name in cells and name not in ALWAYS and _excess(cells, terminal) > 0:
            del cells[name]
            dropped.append(name)
    return dropped


def _cut(text: str, most: int) -> str:
    """Return the start of a text, with dots if it takes more than ``most`` columns."""
    found = clean(text)
    while width(found) > most:
        found = found.removesuffix(SHORTENED)[:-1] + SHORTENED
    return found


def _excess(cells: dict[str, list[str]], terminal: int) -> int:
    """Return by how many columns a table is too wide."""
    return sum(max(map(width, texts)) + 2 for texts in cells.values()) - 2 - terminal


def _plain(row: Row) -> dict[str, Any]:
    """Return a run ready for JSON."""
    metrics = {
        name: None if found is None else {split: asdict(one) for split, one in found.items()}
        for name, found in (("last", row.last), ("best", row.best))
    }
    net = row.net
    return {
        "run": str(row.path),
        "name": row.name,
        "kind": net and net.kind,
        "net": net and net.layers,
        "seed": row.seed,
        "epoch": row.epoch,
        "epochs": row.epochs,
        "seconds": row.seconds,
        "ended": row.ended,
        "why": row.why,
        "best_epoch": row.best_epoch,
        **metrics,
        "settings": dict(row.settings),
    }


def _csv(found: Any) -> Any:
    return json.dumps(found) if isinstance(found, list | bool) else found
