"""The table of a training's epochs, as wide as the terminal allows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fcnet.training.records import EpochRecord

REPEATED = 40  # rows after which the heading is printed again: by then it has left the screen


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        group: words above several columns, such as "loss"; the same for all of them.
        title: words above this one.
        width: columns of the terminal, with the gap before it.
        need: how much it is missed; those with the least are left out first on a narrow terminal.
        cell: its text in the row of an epoch.
    """

    group: str
    title: str
    width: int
    need: int
    cell: Callable[[EpochRecord, float | None], str]


class EpochTable:
    """Makes the lines of a table of epochs.

    Args:
        epochs: in all.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._columns: list[Column] = []
        self._for: tuple[object, ...] = ()  # what the columns were chosen for
        self._rows, self._phase = 0, ""

    def lines(self, record: EpochRecord, lr: float | None, width: int) -> Iterator[str]:
        """Yield the row of an epoch, behind a heading if it is the first, or if the width or the phase has changed.

        Args:
            record: the epoch.
            lr: learning rate of its last step; None if there is none.
            width: columns of the terminal.
        """
        chosen_for = (width, lr is None, tuple(record.splits()), tuple(record.train.terms))
        if chosen_for != self._for or record.stage != self._phase or self._rows % REPEATED == 0:
            self._for, self._columns = chosen_for, fitting(columns(record, self._epochs, lr), width)
            if record.stage != self._phase:
                yield f"phase: {record.stage}"
            self._phase, self._rows = record.stage, 0
            yield from heading(self._columns)
        self._rows += 1
        yield "".join(column.cell(record, lr).rjust(column.width) for column in self._columns)


def columns(record: EpochRecord, epochs: int, lr: float | None) -> list[Column]:
    """Return all columns of a training, by one of its epochs: losses, accuracies or terms, rate, seconds."""
    digits = len(str(epochs))
    found = [Column("", "epoch", max(2 * digits + 1, 5), 99, lambda one, _: f"{one.epoch}/{epochs}")]
    splits = list(record.splits())
    needs = {"train": 80, "validation": 50, "test": 60}
    found += [Column("loss", split, max(len(_short(split)), 7) + 2, needs[split], _loss(split)) for split in splits]
    if record.train.accuracy is not None:
        needs = {"train": 40, "validation": 70, "test": 90}
        found += [
            Column("accuracy (%)", split, 10 if split == "train" else 8, needs[split], _accuracy(split))
            for split in splits
        ]
    elif len(record.train.terms) > 1:
        shown = "test" if "test" in splits else splits[-1]
        names = list(record.train.terms)
        found += [
            Column(f"{shown}:", name, max(len(name), 7) + 2, 30 - i, _term(shown, name)) for i, name in enumerate(names)
        ]
    if lr is not None:
        found.append(Column("", "rate", 10, 20, lambda _, rate: f"{rate:.3g}"))
    found.append(Column("", "seconds", 9, 35, lambda one, _: f"{one.seconds:.{2 if one.seconds < 10 else 1}f}"))
    return found


def fitting(found: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit into a width; the epoch is always among them."""
    kept = list(found)
    while len(kept) > 1 and sum(column.width for column in kept) >= width:
        kept.remove(min(kept, key=lambda column: column.need))
    return kept


def heading(found: Sequence[Column]) -> Iterator[str]:
    """Yield an empty line and the titles of columns, those of a group behind its name in the line above."""
    above, titles, last = "", "", ""
    for column in found:
        if column.group and column.group != last:
            start = len(titles) + column.width - len(_short(column.title))
            above = above.ljust(max(start, len(above) + 2)) + column.group
        last = column.group
        titles += _short(column.title).rjust(column.width)
    yield ""
    if above:
        yield above
    yield titles


def _short(title: str) -> str:
    return {"validation": "valid."}.get(title, title.replace("_", " "))


def _loss(split: str) -> Callable[[EpochRecord, float | None], str]:
    return lambda record, _: _number(record.splits()[split].loss)


def _accuracy(split: str) -> Callable[[EpochRecord, float | None], str]:
    return lambda record, _: f"{100 * (record.splits()[split].accuracy or 0.0):.2f}"


def _term(split: str, name: str) -> Callable[[EpochRecord, float | None], str]:
    return lambda record, _: _number(record.splits()[split].terms[name])


def _number(value: float) -> str:
    """Return a number in at most eight characters."""
    text = f"{value:.4f}"
    return text if len(text) <= 8 else f"{value:.2e}"
