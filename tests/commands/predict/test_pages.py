"""fcnet predict --find: the digits of a page in three forms, and where it is refused."""

import csv
import io
import json
from pathlib import Path

from helpers.command_line import Run
from helpers.digits import PAGE


def test_a_page_is_read_in_three_forms(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("predict", "run", "page.png", "--find", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    (page,) = json.loads(outcome.out)["pages"]
    assert (page["file"], page["size"]) == ("page.png", [760, 780])
    assert page["text"] == list(PAGE)
    assert [one["line"] for one in page["digits"]] == [0] * 4 + [1] * 4 + [2] * 4
    assert "".join(one["predicted"] for one in page["digits"]) == "".join(PAGE)
    for i, one in enumerate(page["digits"]):
        left, top, width, height = one["box"]
        assert 0 <= left < left + width <= 760
        assert 0 <= top < top + height <= 780
        assert 70 < height < 100
        assert abs(left + width / 2 - (120 + 170 * (i % 4))) < 10
        assert abs(top + height / 2 - (109 + 240 * (i // 4))) < 10
    rows = list(csv.DictReader(io.StringIO(fcnet("predict", "run", "page.png", "--find", "--csv").out)))
    assert [[int(row[key]) for key in ("left", "top", "width", "height")] for row in rows] == [
        one["box"] for one in page["digits"]
    ]
    assert [row["predicted"] for row in rows] == [one["predicted"] for one in page["digits"]]
    lines = fcnet("predict", "run", "page.png", "--find").out.splitlines()
    assert lines[0].startswith("page.png: 12 digits in 3 lines")
    assert lines[1:4] == [f"  {line}" for line in PAGE]


def test_one_digit_several_pages_and_none(fcnet: Run, trained: Path) -> None:
    lines = fcnet("predict", "run", "seven.png", "empty.png", "two.png", "--find").out.splitlines()
    assert [line for line in lines if not line.startswith("  line")] == [
        "seven.png: 1 digit in 1 line",
        "  7",
        "empty.png: nothing written found",
        "two.png: 2 digits in 1 line",
        "  25",
    ]


def test_a_page_without_find_is_said_to_have_many_digits(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("predict", "run", "page.png", "--json")
    assert json.loads(outcome.out)["predictions"][0]["note"] == "12 digits on the picture: --find"


def test_find_is_refused_where_it_cannot_be(fcnet: Run, trained: Path) -> None:
    outcome = fcnet("predict", "run", "page.png", "--find", "--prepare", "off")
    assert outcome.code == 2
    assert outcome.errors == [
        "--find, --prepare off: digits that are found are always prepared; leave one of the two out"
    ]
    assert fcnet("predict", "run", "--find").code in (2, 3)
    assert fcnet("predict", "run", "page.png", "--find", "--out", "x").code == 2
    assert fcnet("train", "-c", "digits.yaml", "data.deskew=true", "train.epochs=1", "--out", "upright").code == 0
    outcome = fcnet("predict", "upright", "page.png", "--find")
    assert outcome.code == 2
    assert outcome.errors == ["--find: is not made for a model with data.deskew; give one without"]
    assert fcnet("predict", "upright", "seven.png").code == 0
