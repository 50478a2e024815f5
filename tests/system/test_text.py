"""Names as people see them."""

import pytest

from fcnet.system import text


@pytest.mark.parametrize(
    ("shown", "columns"),
    [("mnist", 5), ("零一", 4), ("ａ：", 4), ("e\N{COMBINING ACUTE ACCENT}", 1), ("a\u200bb", 2), ("한글", 4), ("", 0)],
)
def test_width_is_that_on_a_terminal(shown: str, columns: int) -> None:
    assert text.width(shown) == columns


def test_a_byte_that_is_no_utf8_is_as_wide_as_its_escape() -> None:
    name = b"\xca\xfd".decode("utf-8", "surrogateescape")
    assert text.width(name) == len(name.encode("utf-8", "backslashreplace"))


def test_padding_counts_columns() -> None:
    assert text.left("零", 4) + "|" == "零  |"
    assert text.right("零", 4) == "  零"
    assert text.right("long", 2) == "long"


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("digits", "digits"),
        (" two\nlines\t here ", "two lines here"),
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("x\u202egnp\u2066\u200b\ufeff", "xgnp"),
        ("\udcca\udcfd", "\ufffd\ufffd"),
        ("❤\ufe0f", "❤"),
        ("\u200b", "\ufffd"),
        ("", "\ufffd"),
        ("{split} $x_1$ 100 % _", "{split} $x_1$ 100 % _"),
    ],
)
def test_a_drawn_name_is_one_visible_line(name: str, drawn: str) -> None:
    assert text.clean(name) == drawn


def test_a_long_name_keeps_both_of_its_ends() -> None:
    assert text.short("mnist-lr-0.1-seed-1", 40) == "mnist-lr-0.1-seed-1"
    found = text.short("mnist-" + "x" * 200 + "-seed-1", 20)
    assert found.startswith("mnist-")
    assert found.endswith("-seed-1")
    assert text.SHORTENED in found
    assert text.width(found) == 20
    assert text.width(text.short("零" * 100, 20)) <= 20


def test_counted() -> None:
    assert [text.counted(n, "line") for n in (0, 1, 2)] == ["0 lines", "1 line", "2 lines"]


@pytest.mark.parametrize("name", ["=A1", "@x", "+1+cmd|' /C calc'!A0", "-x", "\t=1", "\r\n=1", "  =1"])
def test_a_formula_is_text_in_a_spreadsheet(name: str) -> None:
    assert text.spreadsheet(name) == f"'{name}"


@pytest.mark.parametrize("name", ["7", "-1", "+", "-", "-0.5", "a=b", "'x", "", "零", "img-1.png"])
def test_other_names_are_left_as_they_are(name: str) -> None:
    assert text.spreadsheet(name) == name
