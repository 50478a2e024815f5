"""Files of labels: text of a label per line or of rows in columns, read as it is meant, or told as what it is.

Nothing is guessed: a reading is taken where the whole file bears it out, and is said in a note.
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

MOST_BYTES = 1 << 30  # of a file of labels: a hundred million lines

TABLES = (".csv", ".tsv")


def read(path: Path, known: Known) -> Labels:
    """Read a file of labels.

    Args:
        path: the file.
        known: the names of the images, with and without their suffix.

    Raises:
        DataError: it is none, or can be read in several ways; each bad line is named.
    """
    lines = read_lines(path)
    is_table = path.suffix.lower() in TABLES and not (lines and columns.is_one(lines[0]))
    return _spelt_alike((columns.table if is_table else _plain)(path, lines, known))


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text file without their ends, nor blank ones at its end. Raises DataError."""
    try:
        data = files.read_bytes(path, MOST_BYTES)
    except files.NotReadable as error:
        raise DataError(f"{path}: {error}; give the file of the labels, text with a line each") from None
    except PermissionError:
        raise
    except (OSError, ValueError):
        absent = f"{path}: there is no such file; looked in {Path.cwd()}; give the file of the labels"
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
    """The same labels, equal ones written alike: as numbers, without quotes, in one form of Unicode."""
    plain = {label: unicodedata.normalize("NFC", _unquoted(label)) for label in set(found.values)}
    short = {label: number(text) for label, text in plain.items()}
    floats = sorted(text for label, text in plain.items() if text != short[label] and not is_whole(text))
    told = found.told
    if floats:
        told += (f"labels such as {floats[0]} are taken for the whole numbers that they are ({number(floats[0])})",)
    return replace(found, values=[short[label] for label in found.values], told=told)


def _unquoted(label: str) -> str:
    if len(label) > 2 and label[0] == label[-1] and label[0] in "\"'":
        return label[1:-1].strip()
    return label


def _plain(path: Path, lines: list[str], known: Known) -> Labels:
    """Lines of one label each, of an image and its label, or one-hot."""
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
    """The ways to see columns in lines that all have several: by tabs, commas or semicolons, or else by blanks.

    By blanks the name of a file, or else its label, may hold some: the first or the last blank divides then.
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
