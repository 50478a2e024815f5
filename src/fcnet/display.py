"""Names of files, runs and classes as people see them: how wide they are, and what is left of them in a picture."""

import unicodedata

SHORTENED = "…"

UNREADABLE = "\N{REPLACEMENT CHARACTER}"

# What streams write for a byte of a file name that is no UTF-8, which Python keeps as a lone surrogate: \udcca.
_ESCAPED = 6

# They choose between the shapes of the character before them.
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


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
