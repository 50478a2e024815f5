"""Label files: text with a label per line or with columns, read as it is meant, or refused as what it is.

Nothing is guessed: an interpretation is used only if the whole file fits it, and a note says so.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fcnet.data.folder import columns
from fcnet.data.folder.columns import Known, Labels, Row
from fcnet.data.folder.entries import dead_link
from fcnet.data.folder.listing import is_whole, number
from fcnet.data.images import forms
from fcnet.errors import DataError
from fcnet.system import files
from fcnet.system.text import listed

MOST_BYTES = 1 << 30  # of a label file: a hundred million lines

TABLES = (".csv", ".tsv")


def read(path: Path, known: Known) -> Labels:
    """Read a label file.

    Args:
        path: the file.
        known: the names of the images, with and without their suffix.

    Raises:
        DataError: it is not a label file, or can be read in several ways; each bad line is named.
    """
    lines = read_lines(path)
    is_table = path.suffix.lower() in TABLES and not (lines and columns.is_one(lines[0]))
    return _spelt_alike((columns.table if is_table else _plain)(path, lines, known))


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 text file, without blank ones at its end. Raises DataError."""
    try:
        data = files.read_bytes(path, MOST_BYTES)
    except files.NotReadable as error:
        raise DataError(f"{path}: {error}; give the label file, text with one label per line") from None
    except PermissionError:
        raise
    except (OSError, ValueError):
        absent = f"{path}: there is no such file; looked in {Path.cwd()}; give the label file"
        raise DataError(dead_link(path) or absent) from None
    if (form := forms.of(data[: forms.START], path.name)) is not None:
        raise DataError(f"{path}: is {form.what}, not a text file of labels; {form.fix}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _spelt_alike(found: Labels) -> Labels:
    """Return the same labels in one spelling: as numbers, without quotes, in one form of Unicode."""
    plain = {label: unicodedata.normalize("NFC", _unquoted(label)) for label in set(found.values)}
    short = {label: number(text) for label, text in plain.items()}
    floats = sorted(text for label, text in plain.items() if text != short[label] and not is_whole(text))
    notes = found.notes
    if floats:
        notes += (f"labels such as {floats[0]} are read as whole numbers ({number(floats[0])})",)
    return replace(found, values=[short[label] for label in found.values], notes=notes)


def _unquoted(label: str) -> str:
    if len(label) > 2 and label[0] == label[-1] and label[0] in "\"'":
        return label[1:-1].strip()
    return label


def _plain(path: Path, lines: list[str], known: Known) -> Labels:
    """Read lines of one label each, of an image and its label, or one-hot."""
    written = [line.strip() for line in lines]
    blank = [f"{path}:{i}: blank line; write the label of the image" for i, line in enumerate(written, 1) if not line]
    if blank:
        raise DataError(*listed(blank, f"{path}: blank lines"))
    for rows in _ways(written):
        if columns.has_headings(rows[0]) and (headed := columns.under_headings(path, rows, known)):
            return headed
        if (found := columns.without_headings(path, rows, known)) is not None:
            return found
    return Labels(written, list(range(1, len(written) + 1)))


def _ways(lines: Sequence[str]) -> list[list[Row]]:
    """Return the ways to split lines into columns if all have several: at tabs, commas or semicolons, or else blanks.

    If split at blanks, a file name or a label may contain some: then the first or the last blank separates.
    """
    for mark in "\t,;":
        if lines and all(mark in line for line in lines):
            return [_rows([line.split(mark) for line in lines])]
    if not lines or not all(len(line.split(None, 1)) == 2 for line in lines):
        return []
    ways = (
        [line.split() for line in lines],
        [line.split(None, 1) for line in lines],
        [line.rsplit(None, 1) for line in lines],
    )
    return [_rows(way) for way in ways]


def _rows(lines: Sequence[Sequence[str]]) -> list[Row]:
    return [Row(i, [cell.strip() for cell in cells]) for i, cells in enumerate(lines, 1)]
