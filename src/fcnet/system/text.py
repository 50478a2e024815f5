"""Text for people: shortened lists, natural sorting, and the width of text on a terminal."""

import csv
import io
import locale
import os
import re
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from fcnet.system.streams import visible

Language = Literal["en", "zh"]  # of what is written for people

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first of them that is set decides, as for other programs

SHORTENED = "…"

UNREADABLE = "\N{REPLACEMENT CHARACTER}"

# Columns of \udcca, which streams write for a byte of a file name that is not UTF-8 (a lone surrogate in Python).
_ESCAPED = 6

# These select a shape of the character before them.
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

# How a formula begins: with a sign or @, after blanks or control characters that a spreadsheet skips.
_FORMULA = re.compile(r"[\s\x00-\x1f]*(?:[=@]|[+-](?![\d.]*$))")

# How many bad files, labels or keys one error lists; the total is always stated.
SHOWN = 10


def language_of(environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the locale: Chinese if it is a Chinese one, else English."""
    found = next((environ[name] for name in _LOCALE if environ.get(name)), None)
    word = found or locale.getlocale()[0] or ""  # Windows sets no variable, and says Chinese (Simplified)_China
    return "zh" if word.lower().startswith(("zh", "chinese")) else "en"


def listed(problems: list[str], summary: str) -> tuple[str, ...]:
    """Return the first ``SHOWN`` problems, then one line with the total if some were left out."""
    if len(problems) <= SHOWN:
        return tuple(problems)
    return (*problems[:SHOWN], f"{summary} (the first {SHOWN} of {len(problems)} are listed above)")


def few(names: Iterable[object], most: int) -> str:
    """Return the first few of some names, with dots if there are more."""
    found = [str(name) for name in names]
    return ", ".join(found[:most]) + (", ..." if len(found) > most else "")


def counted(n: int, what: str) -> str:
    """Return a number of things, such as "1 digit", "2 digits" or "3 classes"."""
    return f"{n} {plural(n, what)}"


def plural(n: int, what: str) -> str:
    """Return the word for so many things, such as "digit", "digits" or "classes"."""
    return what if n == 1 else f"{what}es" if what.endswith("s") else f"{what}s"


def natural(name: str) -> list[tuple[int, str]]:
    """Return a sort key in which ``img2`` comes before ``img10``."""
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
    """Return a text padded with blanks on its right to a width."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Return a text padded with blanks on its left to a width."""
    return " " * (columns - width(text)) + text


def clean(name: str) -> str:
    """Return a name that can be drawn: on one line, without invisible characters or changes of writing direction."""
    found = "".join(map(_drawable, name)).strip()
    return " ".join(found.split()) or UNREADABLE


def _drawable(character: str) -> str:
    if character.isspace():
        return " "
    if any(ord(character) in few for few in _VARIATIONS):
        return ""
    return {"Cc": UNREADABLE, "Cs": UNREADABLE, "Cf": ""}.get(unicodedata.category(character), character)


def short(name: str, most: int) -> str:
    """Return a name that can be drawn, with dots in the middle if it takes more than ``most`` columns.

    Names usually differ at one of their ends.
    """
    found = clean(name)
    if width(found) <= most:
        return found
    half = (most - 1) // 2
    return _start(found, most - 1 - half) + SHORTENED + _start(found[::-1], half)[::-1]


def shortened(text: str, columns: int | None) -> str:
    """Return a line with dots at its end if it takes more columns than there are; unchanged if that is None."""
    return text if columns is None or width(text) <= columns else _start(text, columns - 1) + SHORTENED


def _start(text: str, columns: int) -> str:
    """Return as much of a text as fits into a number of columns."""
    taken = ""
    for character in text:
        if width(taken + character) > columns:
            break
        taken += character
    return taken


def align(rows: Sequence[Sequence[str]], words: int = 0) -> list[str]:
    """Return rows as lines, aligned by the width of their columns on a terminal.

    The first column and the last ``words`` ones are aligned left, the others, which hold numbers, right. A newline in a
    name is escaped.
    """
    rows = [[visible(cell).replace("\n", "\\n").replace("\t", "\\t") for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    sides = [left] + [right] * (len(widths) - 1 - words) + [left] * words
    return ["  ".join(map(lambda side, cell, w: side(cell, w), sides, row, widths)).rstrip() for row in rows]


def wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    """Return a text as lines of at most so many columns of a terminal, broken between words.

    A word that is longer than a line is broken anywhere.

    Args:
        text: without newlines, or with those that stay.
        columns: of a line.
        indent: before all lines but the first.
    """
    found = []
    for paragraph in visible(text).split("\n"):
        line, empty = "", True
        for word in paragraph.split(" "):
            longer = word if empty else f"{line} {word}"
            if not empty and width(longer) > columns:
                found.append(line)
                longer = indent + word
            while width(longer) > columns > width(indent) + 1:
                start = _start(longer, columns)
                found.append(start)
                longer = indent + longer[len(start) :]
            line, empty = longer, False
        found.append(line)
    return found


def percent(share: float | None) -> str:
    """Return a share in [0, 1] as a percentage; ``-`` if there is none."""
    return "-" if share is None else f"{100 * share:.2f} %"


def csv_text(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a header and rows as CSV, without a final newline."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def spreadsheet(name: str) -> str:
    """Return a name for a cell of CSV, with an apostrophe before it if a spreadsheet would take it for a formula.

    Numbers with a sign, and a sign alone, are left as they are.
    """
    return f"'{name}" if _FORMULA.match(name) else name


def changed(what: str, before: object, now: object) -> str:
    """Return the warning that a training was begun with something else, on which its last bits may depend."""
    return (
        f"{what} was {before} and is now {now}: the last bits of the results may differ from those of an uninterrupted"
        " run"
    )


def duration(seconds: float) -> str:
    """Return a time in its two largest units: ``40 s``, ``3 min``, ``1 h 20 min``, ``2 d 3 h``."""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    days, rest = divmod(hours, 24)
    if days < 3:
        return f"{hours} h {minutes} min"
    return f"{days} d {rest} h"


def now() -> str:
    """Return the time by this machine's clock, to the second, with its time zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
