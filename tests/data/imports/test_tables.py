"""CSV tables of pixels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fcnet.data.imports import rows as rows_module
from fcnet.data.imports import tables
from helpers.command_line import Run
from helpers.imports import IMAGES, LABELS, TEST, check, heading, kaggle, labels_in, rows, write_csv, written

Lines = list[list[object]]
GOOD: Lines = [heading(), *rows(IMAGES, LABELS)]


def test_kaggle_s_two_files(fcnet: Run) -> None:
    kaggle("train.csv")
    kaggle("test.csv", TEST[0], None)
    outcome = fcnet("data", "import", "train.csv", "test.csv", "--out", "d")
    assert outcome.code == 0, outcome.err
    check("d", "train")
    np.testing.assert_array_equal(written("d/t10k-images"), TEST[0])
    assert not Path("d/t10k-labels.txt").exists()
    assert outcome.out.splitlines() == [
        "d: 12 training images 6x6, 3 classes; 9 test images 6x6 without labels, for fcnet predict RUN d/t10k-images",
        "data: {train: {images: d/train-images, labels: d/train-labels.txt}, image_size: [6, 6]}",
    ]
    assert outcome.err.splitlines() == [
        "reading train.csv: 12 images",
        "reading test.csv: 9 images",
        "writing d: 21 images",
    ]


FORMS: dict[str, Callable[[], Any]] = {
    "no heading": lambda: rows(IMAGES, LABELS),
    "label last": lambda: [row[1:] + row[:1] for row in GOOD],
    "another name": lambda: [["Class", *heading(False)], *GOOD[1:]],
    "y, and numbered columns": lambda: [["y", *range(36)], *GOOD[1:]],
    "rows and columns": lambda: [
        ["label", *(f"{row}x{column}" for row in range(1, 7) for column in range(1, 7))],
        *GOOD[1:],
    ],
    "whole floats": lambda: [heading(), *[[float(str(cell)) for cell in row] for row in GOOD[1:]]],
    "blanks": lambda: [heading(), *[[f" {cell} " for cell in row] for row in GOOD[1:]]],
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_same_table(fcnet: Run, form: str) -> None:
    write_csv("a.csv", FORMS[form]())
    outcome = fcnet("data", "import", "a.csv", "--out", "d")
    assert outcome.code == 0, outcome.err
    check("d")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_separators(fcnet: Run, mark: str) -> None:
    write_csv("a.csv", GOOD, mark)
    assert fcnet("data", "import", "a.csv", "--out", "d").code == 0
    check("d")


@pytest.mark.parametrize("change", ["\r\n", "\r", "quotes", "byte order mark", "no newline", "blank lines at its end"])
def test_other_ways_to_write_a_file(fcnet: Run, change: str) -> None:
    path = write_csv("a.csv", GOOD)
    text = path.read_bytes()
    match change:
        case "quotes":
            lines = (b",".join(b'"%s"' % cell for cell in line.split(b",")) for line in text.splitlines())
            text = b"\n".join(lines)
        case "byte order mark":
            text = b"\xef\xbb\xbf" + text
        case "no newline":
            text = text.rstrip()
        case "blank lines at its end":
            text += b"\n\n"
        case _:
            text = text.replace(b"\n", change.encode())
    path.write_bytes(text)
    assert fcnet("data", "import", "a.csv", "--out", "d").code == 0
    check("d")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_words_are_classes(fcnet: Run, named: bool, last: bool) -> None:
    names = [("cat", "T-shirt/top", "犬 a")[label] for label in LABELS]
    table = [heading(), *rows(IMAGES, names)][not named :]
    write_csv("a.csv", [row[1:] + row[:1] for row in table] if last else table)
    assert fcnet("data", "import", "a.csv", "--out", "d").code == 0
    assert labels_in("d/labels.txt") == names
    np.testing.assert_array_equal(written("d/images"), IMAGES)


def test_no_labels_without_a_heading(fcnet: Run) -> None:
    write_csv("a.csv", rows(IMAGES, None))
    outcome = fcnet("data", "import", "a.csv", "--out", "d")
    assert outcome.out.splitlines() == [
        "d: 12 images 6x6 without labels, for fcnet predict RUN d/images or an autoencoder",
        "data: {train: {images: d/images}, image_size: [6, 6]}",
    ]
    np.testing.assert_array_equal(written("d/images"), IMAGES)


def edited(*edits: tuple[int, int, object]) -> Lines:
    """The good table with other cells: (line, column, cell), both from 0."""
    lines = [list(row) for row in GOOD]
    for line, column, cell in edits:
        lines[line][column] = cell
    return lines


RULE = "pixels are whole numbers from 0 (black) to 255 (white)"
BAD: dict[str, tuple[Callable[[], Lines], list[str]]] = {
    "out of range": (
        lambda: edited((3, 5, 256), (4, 1, -1), (4, 36, 999)),
        [
            f"a.csv:4: column pixel4: 256 is out of range; {RULE}: scale them",
            f"a.csv:5: column pixel0: -1 is out of range; {RULE}: scale them (and 1 more on this line)",
        ],
    ),
    "fraction": (
        lambda: edited((2, 7, 0.5)),
        [
            f"a.csv:3: column pixel6: 0.5 is not a whole number; {RULE}: round them, and if they go up to 1, multiply"
            " by 255 first"
        ],
    ),
    "NaN": (lambda: edited((12, 1, "NaN")), [f"a.csv:13: column pixel0: 'NaN' is not a number; {RULE}"]),
    "word": (lambda: edited((1, 1, "abc")), [f"a.csv:2: column pixel0: 'abc' is not a number; {RULE}"]),
    "long number": (lambda: edited((1, 1, "0001234")), [f"a.csv:2: column pixel0: 0001234 is out of range; {RULE}"]),
    "empty cell": (lambda: edited((1, 36, "")), [f"a.csv:2: column pixel35: is empty; {RULE}"]),
    "no label": (
        lambda: edited((1, 0, ""), (2, 0, "nan"), (3, 0, 0.5)),
        [
            "a.csv:2: column label: the label is missing (empty); write the class of the image",
            "a.csv:3: column label: the label is missing (nan); write the class of the image",
            "a.csv:4: column label: the label is 0.5; a class is a whole number from 0 or a name",
        ],
    ),
    "ragged": (
        lambda: [row[:-1] if i == 4 else [*row, 0] if i == 6 else row for i, row in enumerate(GOOD)],
        [
            "a.csv:5: has 36 columns, not 37 as line 1; correct it (is the file cut off?)",
            "a.csv:7: has 38 columns, not 37 as line 1; correct it (is the file cut off?)",
        ],
    ),
    "blank line": (lambda: [*GOOD[:3], [], *GOOD[3:]], ["a.csv:4: blank line; remove it"]),
    "heading alone": (lambda: GOOD[:1], ["a.csv: has a heading but no rows; give the whole file"]),
    "row numbers": (
        lambda: [[i - 1 if i else "", *row] for i, row in enumerate(GOOD)],
        ["a.csv:1: 37 columns beside 'label' are not a square number of pixels, such as 784 (28 x 28); remove the"],
    ),
    "label by another name": (
        lambda: [["what", *heading(False)], *GOOD[1:]],
        ["a.csv:1: 37 columns, and none is named label; name the one that holds the classes ('what')"],
    ),
    "two labels": (
        lambda: [["target", "class", *heading(False)], *([0, *row] for row in GOOD[1:])],
        ["a.csv:1: the columns 'target' and 'class' could each be the labels; rename the right one to label"],
    ),
    "no heading, no square": (
        lambda: [row[:-2] for row in GOOD[1:]],
        ["a.csv:1: 35 columns are not a label and a square number of pixels, such as 1 + 784 (28 x 28); a table of"],
    ),
    "sorted by letters": (
        lambda: [["label", *sorted(map(str, heading(False)))], *GOOD[1:]],
        ["a.csv:1: the column pixel2 comes after pixel19; pixels go row by row, from the top left: sort the columns"],
    ),
    "scikit-learn's range": (
        lambda: [heading(), *([row[0], *(int(str(cell)) % 17 for cell in row[1:])] for row in GOOD[1:])],
        [f"a.csv: the largest pixel is 16, so that all images would look black; {RULE}: multiply them by 255/16"],
    ),
    "labels alone": (
        lambda: [["filepath", "label"], ["0.png", 1]],
        ["a.csv:1: is not a table of pixels: its columns are filepath, label; a table of"],
    ),
    "one column": (
        lambda: [[1], [2]],
        ["a.csv:1: is not a table of pixels: it has only one column; a table of"],
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_named_with_its_line(fcnet: Run, tmp_path: Path, what: str) -> None:
    lines, messages = BAD[what]
    write_csv("a.csv", lines())
    outcome = fcnet("data", "import", "a.csv", "--out", "d")
    assert outcome.code == 3
    assert len(outcome.errors) == len(messages)
    for error, message in zip(outcome.errors, messages, strict=True):
        assert error.startswith(message)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_ten_problems_and_their_number(fcnet: Run) -> None:
    write_csv("a.csv", [heading(), *([*row[:-1], 300] for row in GOOD[1:])])
    errors = fcnet("data", "import", "a.csv").errors
    assert [error.split(": ")[0] for error in errors] == [*(f"a.csv:{i}" for i in range(2, 12)), "a.csv"]
    assert errors[-1] == "a.csv: bad lines (the first 10 of 12 are listed above)"


def test_a_pixel_in_the_place_of_the_label(fcnet: Run) -> None:
    black = IMAGES.copy()
    black[:, 0, 0] = 0
    write_csv("a.csv", [row[1:] + row[:1] for row in rows(black, LABELS)])
    (error,) = fcnet("data", "import", "a.csv").errors
    assert error == (
        "a.csv: the first column is always 0, so it seems to be a pixel, and the last one the label; add a first line"
        " with names: pixel0,pixel1,...,label"
    )


def test_text_that_is_no_table(fcnet: Run, tmp_path: Path) -> None:
    for data, message in (
        (b"1 2 3\n4 5 6\n", ":1: is not a table of pixels: its columns are separated by blanks, not commas; "),
        (b"label,\xe9t\xe9\n", ":1: not UTF-8 text; save the file as UTF-8"),
        (b"\n\n", ": is empty; a table of pixels has a row per image"),
        (b'"label,a\n1,2\n', ":1: not valid CSV (unexpected end of data); fix the line"),
        (",".join(map(str, heading())).encode("utf-16"), ": is UTF-16 text (Excel's and Notepad's 'Unicode'); save it"),
    ):
        (tmp_path / "a.csv").write_bytes(data)
        outcome = fcnet("data", "import", "a.csv")
        assert outcome.code == 3
        assert outcome.errors[0].startswith(f"a.csv{message}")


@pytest.mark.parametrize("block", [1, 100, 1 << 20])
def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Blocks end between lines, wherever they fall."""
    monkeypatch.setattr(rows_module, "_BLOCK", block)
    part = tables.read(kaggle(tmp_path / "a.csv"), lambda *_: None, print)
    np.testing.assert_array_equal(np.asarray(part.images), IMAGES)
    assert part.labels == [str(label) for label in LABELS]


def test_cells_are_read_as_python_reads_them() -> None:
    """All texts of up to three of these characters, beside Python's ``int``."""
    letters = ["", *"0159-/:x"]
    texts = sorted({a + b + c + d for a in letters for b in letters for c in letters for d in ("", "7")})
    data = np.frombuffer(",".join([*texts, ""]).encode(), np.uint8)
    ends = np.flatnonzero(data == ord(","))
    starts = np.concatenate(([0], ends[:-1] + 1))
    values, good = rows_module.digits(data, starts[None], ends[None])
    for text, value, fits in zip(texts, values[0].tolist(), good[0].tolist(), strict=True):
        expected = text.isdecimal() and len(text) < 4 and int(text) < 256
        assert (fits, value) == (expected, int(text) if expected else 0), text
