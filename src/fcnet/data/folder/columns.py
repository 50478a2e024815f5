"""Labels in columns: which column names the images, and which holds their classes.

By a heading if there is one; else by what the cells are, if only one interpretation fits all rows.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcnet.data.folder.listing import is_number, number
from fcnet.errors import DataError
from fcnet.system.text import few, listed

Known = Callable[[], frozenset[str]]  # the names of the images, with and without their suffix

# Usual headings, without blanks, hyphens and underscores; the last are for a column that names the images if no other
# does (pandas writes its row numbers without a heading).
_FILES = re.compile("(file|image|img|picture|photo|f)(path|name|file)s?|(file|path|image|img|picture|photo)s?")
_CLASSES = re.compile("(class|label|category)(name|id|label|number)?s?|classes|targets?|y|digit|letter|groundtruth|gt")
_NUMBERS = re.compile("|(image|img|file)?(id|index|number|no)|name|nr|key|unnamed:0")

_FILE_NAME = re.compile(r"(?i).*[^\s./\\]\.(png|jpe?g|bmp|dib|gif|tiff?|webp|p[bgpn]m|heic|heif|avif|jp2|svg)\b")

_MARKS = ",;\t|"  # between columns

_EXPECTED = "the first line must name the columns filepath and label"


@dataclass(frozen=True)
class Labels:
    """The contents of a label file.

    Attributes:
        values: the labels, in the file's order.
        rows: the line of each.
        names: the image of each, as written; None if line i labels image i.
        notes: how the file was read, if it is not in a form of docs/data.md.
        of_all: whether the names should be those of all images.
    """

    values: list[str]
    rows: list[int]
    names: list[str] | None = None
    notes: tuple[str, ...] = ()
    of_all: bool = False


@dataclass(frozen=True)
class Row:
    """Cells, and the line on which they begin."""

    line: int
    cells: list[str]

    def cell(self, column: int) -> str:
        """Return a cell; empty if the row is too short."""
        return self.cells[column] if column < len(self.cells) else ""


def table(path: Path, lines: list[str], known: Known) -> Labels:
    """Read the lines of a CSV file. Raises DataError if it is not a table of labels, naming each bad line."""
    mark = _separator(lines[0]) if lines else ","
    rows = _parse(path, lines, mark)
    if not rows:
        raise DataError(f"{path}:1: {_EXPECTED}; the file is empty")
    if (found := under_headings(path, rows, known)) is not None:
        return found
    if (found := without_headings(path, rows, known)) is not None:
        return found
    raise DataError(f"{path}:1: {_EXPECTED}; it is {rows[0].cells}")


def is_one(line: str) -> bool:
    """Return whether a line of a table has no columns."""
    return not any(mark in line for mark in _MARKS)


def _separator(line: str) -> str:
    """Return the separator between headings, if it is not a comma: Excel writes semicolons and tabs."""

    def fits(mark: str) -> tuple[int, int]:
        cells = [_key(cell) for cell in line.split(mark)]
        return sum(bool(_FILES.fullmatch(cell) or _CLASSES.fullmatch(cell)) for cell in cells), len(cells)

    return max(_MARKS, key=fits)


def _key(cell: str) -> str:
    return re.sub(r"[\s_-]+", "", cell).strip("\"'#").casefold()


def _parse(path: Path, lines: list[str], mark: str) -> list[Row]:
    reader = csv.reader(lines, strict=True, delimiter=mark)
    rows: list[Row] = []
    begins = 1
    try:
        for cells in reader:
            rows.append(Row(begins, [cell.strip() for cell in cells]))
            begins = reader.line_num + 1
    except csv.Error as error:
        over = reader.line_num > begins or "end of data" in str(error) or "field limit" in str(error)
        what = "the quote that opens here is not closed before a separator" if over else f"{error}"
        raise DataError(f"{path}:{begins}: not valid CSV ({what}); fix the line") from None
    return rows


# --- by headings ----------------------------------------------------------------------------------------------------


def under_headings(path: Path, rows: Sequence[Row], known: Known) -> Labels | None:
    """Read rows below usual headings; None if the first row has none. Raises DataError if they are not enough."""
    heads = [_key(cell) for cell in rows[0].cells]
    names = _chosen(path, rows[0].cells, heads, _FILES, "filepath")
    labels = _chosen(path, rows[0].cells, heads, _CLASSES, "label")
    if names is None and labels is None:
        return None
    if len(heads) == 1 and labels == 0:
        return _single(rows)
    if names is None:
        names = next((i for i, head in enumerate(heads) if _NUMBERS.fullmatch(head)), None)
        if names is None and len(heads) == 2 and labels is not None and _all_known(rows[1:], 1 - labels, known):
            names = 1 - labels
    if names is None or labels is None:
        if names is not None and (found := _one_hot_columns(path, rows, names)) is not None:
            return found
        missing, what = ("filepath", "file names") if names is None else ("label", "classes")
        raise DataError(f"{path}:1: {_EXPECTED}; it is {rows[0].cells}: rename the column of the {what} to {missing}")
    notes: tuple[str, ...] = ()
    if (heads[names], heads[labels]) != ("filepath", "label"):
        notes = (f"file names are in its column {rows[0].cells[names]!r}, labels in {rows[0].cells[labels]!r}",)
    found = _pairs(path, rows[1:], names, labels, notes)
    if heads[names] == "imageid" and len(found.values) > 1 and {number(one) for one in found.values} == {"0"}:
        raise DataError(f"{path}: every label is 0, as in Kaggle's sample submissions, which have none; name another")
    return found


def has_headings(row: Row) -> bool:
    """Return whether a row has a usual heading of both columns."""
    heads = [_key(cell) for cell in row.cells]
    names = any(_FILES.fullmatch(head) or _NUMBERS.fullmatch(head) for head in heads)
    return names and any(_CLASSES.fullmatch(head) for head in heads)


def _chosen(path: Path, cells: list[str], heads: list[str], usual: re.Pattern[str], name: str) -> int | None:
    """Return the column with a usual heading. Raises DataError if there are several and none has the right name."""
    found = [i for i, head in enumerate(heads) if usual.fullmatch(head)]
    if name in heads:
        return heads.index(name)
    if len(found) > 1:
        both = " and ".join(repr(cells[i]) for i in found[:3])
        raise DataError(f"{path}:1: the columns {both} could each be {name}; rename the right one to {name}")
    return found[0] if found else None


def _all_known(rows: Sequence[Row], column: int, known: Known) -> bool:
    names = known()
    return bool(rows) and all(row.cell(column) in names for row in rows)


def _pairs(path: Path, rows: Sequence[Row], names: int, labels: int, notes: tuple[str, ...]) -> Labels:
    empty = [
        f"{path}:{row.line}: filepath or label is empty; write both, or remove the line"
        for row in rows
        if not row.cell(names) or not row.cell(labels)
    ]
    if empty:
        raise DataError(*listed(empty, f"{path}: bad lines"))
    if not rows:
        raise DataError(f"{path}: lists no images; write a line filepath,label for each")
    return Labels(
        [row.cells[labels] for row in rows], [row.line for row in rows], [row.cells[names] for row in rows], notes
    )


def _single(rows: Sequence[Row]) -> Labels:
    """Read a table of one column as labels by position, with its heading: the code that counts images removes it."""
    return Labels([row.cell(0) for row in rows], [row.line for row in rows])


def _one_hot_columns(path: Path, rows: Sequence[Row], names: int) -> Labels | None:
    """Read classes from headings, with a 1 in the column of each image's class."""
    heads = [cell for i, cell in enumerate(rows[0].cells) if i != names]
    body = [Row(row.line, [cell for i, cell in enumerate(row.cells) if i != names]) for row in rows[1:]]
    found = one_hot(path, body)
    if found is None:
        return None
    notes = (f"its columns {few(heads, 4)} are one-hot: the class of an image is the column with the 1",)
    files, lines = [row.cell(names) for row in rows[1:]], [row.line for row in rows[1:]]
    return Labels([heads[i] for i in found], lines, files, notes)


# --- by what the cells are ------------------------------------------------------------------------------------------


def without_headings(path: Path, rows: Sequence[Row], known: Known) -> Labels | None:
    """Read rows without a heading; None if they are of an unknown kind.

    Raises:
        DataError: the meaning of the numbers is unclear.
    """
    if all(len(row.cells) > 1 and not row.cells[-1] for row in rows):  # a comma at the end of each line
        rows = [Row(row.line, row.cells[:-1]) for row in rows]
    width, lines = len(rows[0].cells), [row.line for row in rows]
    if any(len(row.cells) != width for row in rows):
        return None
    if width == 1:
        return _single(rows)
    if (classes := one_hot(path, rows)) is not None:
        notes = (f"its rows of {width} are one-hot: the label is the position of the 1, from 0",)
        return Labels([str(one) for one in classes], lines, notes=notes)
    if width == 2 and (names := _names_column([row.cells for row in rows], known)) is not None:
        return _named(path, rows, names)
    if all(is_number(cell) for row in rows for cell in row.cells):
        if len(rows) == 1:
            raise DataError(f"{path}: has one line of {width} values; write each on a line of its own")
        raise DataError(
            f"{path}:{rows[0].line}: {width} numbers on a line, and it is unclear which is the label; write one label"
            " per line, or a CSV of filepath,label"
        )
    return None


def _named(path: Path, rows: Sequence[Row], names: int) -> Labels:
    """Read rows of a file and its label, or the other way round. Raises DataError for labels of several numbers."""
    order = "'file label'" if names == 0 else "'label file'"
    notes = [f"each line is {order}; labels were matched by file name"]
    is_file = [holds_file_name(row.cells[names]) for row in rows]
    if not is_file[0] and len(rows) > 1 and all(is_file[1:]):
        notes.append(f"its first line, {rows[0].cells}, is read as headings")
        rows = rows[1:]
    labels = [row.cells[1 - names] for row in rows]
    several = [row for row, label in zip(rows, labels, strict=True) if _are_numbers(label.split())]
    if several:
        problems = [
            f"{path}:{row.line}: {row.cells[1 - names]!r}: several numbers; keep only the label" for row in several
        ]
        raise DataError(*listed(problems, f"{path}: lines of several numbers"))
    return Labels(labels, [row.line for row in rows], [row.cells[names] for row in rows], tuple(notes), True)


def _are_numbers(words: Sequence[str]) -> bool:
    return len(words) > 1 and all(map(is_number, words))


def holds_file_name(text: str) -> bool:
    """Return whether a word of a text is the name of an image file."""
    return _FILE_NAME.search(text) is not None


def one_hot(path: Path, rows: Sequence[Row]) -> list[int] | None:
    """Return the position of the single 1 in each row of zeros; None for other rows.

    Raises:
        DataError: rows of three or more zeros and ones have none or several ones.
    """
    width = len(rows[0].cells) if rows else 0
    if width < 2 or any(number(cell) not in ("0", "1") for row in rows for cell in row.cells):
        return None
    places = [[i for i, cell in enumerate(row.cells) if number(cell) == "1"] for row in rows]
    wrong = [(row, found) for row, found in zip(rows, places, strict=True) if len(found) != 1]
    if wrong and width == 2:
        return None
    if wrong:
        problems = [
            f"{path}:{row.line}: {len(found) or 'no'} ones in a one-hot row of {width}; an image has one class; fix it"
            for row, found in wrong
        ]
        raise DataError(*listed(problems, f"{path}: rows that are not one-hot"))
    return [found[0] for found in places]


def _names_column(pairs: Sequence[Sequence[str]], known: Known) -> int | None:
    """Return which of two columns surely names the images: by file names, their numbers, or their stems."""
    n, both = len(pairs), list(zip(*pairs, strict=True))
    as_files = [sum(_FILE_NAME.fullmatch(cell) is not None for cell in column) for column in both]
    for i in (0, 1):
        if as_files[i] > as_files[1 - i] and 2 * as_files[i] >= n:
            return i  # cells that are not file names are reported later, line by line
    different = [len(set(column)) for column in both]
    if n < 2 or max(different) < n or min(different) < 2:
        return None
    fits = [i for i in (0, 1) if different[i] == n and (_counts(both[i]) or set(both[i]) <= known())]
    if len(fits) == 2:
        fits = [i for i in fits if _counts(both[i]) and [int(cell) for cell in both[i]] == sorted(map(int, both[i]))]
    return fits[0] if len(fits) == 1 else None


def _counts(column: Sequence[str]) -> bool:
    """Return whether cells count from 0 or 1, in any order."""
    if not all(cell.isascii() and cell.isdecimal() and len(cell) < 19 for cell in column):
        return False
    numbers = sorted(map(int, column))
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def is_heading(label: str) -> bool:
    """Return whether a label looks like the heading of a column of labels."""
    return _CLASSES.fullmatch(_key(label)) is not None
