"""Text for people: lists cut short, names in the order that people count in, and how wide they are shown."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

from fcnet.system.streams import visible

SHORTENED = "…"

UNREADABLE = "\N{REPLACEMENT CHARACTER}"

# What streams write for a byte of a file name that is no UTF-8, which Python keeps as a lone surrogate: \udcca.
_ESCAPED = 6

# They choose between the shapes of the character before them.
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

# How many bad files, labels or keys one error lists; the total is always said.
SHOWN = 10


def listed(problems: list[str], summary: str) -> tuple[str, ...]:
    """The first ``SHOWN`` problems, then one line with the total where some were left out."""
    if len(problems) <= SHOWN:
        return tuple(problems)
    return (*problems[:SHOWN], f"{summary} (the first {SHOWN} of {len(problems)} are listed above)")


def few(names: Iterable[object], most: int) -> str:
    """The first few of some names, with dots where there are more."""
    found = [str(name) for name in names]
    return ", ".join(found[:most]) + (", ..." if len(found) > most else "")


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key in which ``img2`` comes before ``img10``."""
    parts = re.split(r"([0-9]{1,18})", name)
    return [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese character takes two, a combining mark none."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    match unicodedata.category(character):
        case "Mn" | "Me" | "Cf":
            return 0
        case "Cs":
            return _ESCAPED
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def left(text: str, columns: int) -> str:
    """Return a text with blanks behind it up to a width."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Return a text with blanks before it up to a width."""
    return " " * (columns - width(text)) + text


def clean(name: str) -> str:
    """Return a name as it can be drawn: on one line, without what is invisible or changes the direction of writing."""
    found = "".join(map(_drawable, name)).strip()
    return " ".join(found.split()) or UNREADABLE


def _drawable(character: str) -> str:
    if character.isspace():
        return " "
    if any(ord(character) in few for few in _VARIATIONS):
        return ""
    return {"Cc": UNREADABLE, "Cs": UNREADABLE, "Cf": ""}.get(unicodedata.category(character), character)


def short(name: str, most: int) -> str:
    """Return a name as it can be drawn, with dots in its middle if it takes more columns than ``most``.

    Names that differ often do so at one of their ends.
    """
    found = clean(name)
    if width(found) <= most:
        return found
    half = (most - 1) // 2
    return _start(found, most - 1 - half) + SHORTENED + _start(found[::-1], half)[::-1]


def _start(text: str, columns: int) -> str:
    """Return as much of a text as fits into some columns."""
    taken = ""
    for character in text:
        if width(taken + character) > columns:
            break
        taken += character
    return taken


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


def percent(share: float | None) -> str:
    """Return a share in [0, 1] as a percentage; ``-`` where there is none."""
    return "-" if share is None else f"{100 * share:.2f} %"


def csv_text(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a header and rows as CSV, without the end of the last line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")
