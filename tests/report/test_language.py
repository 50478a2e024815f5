"""The words of reports: both languages have the same ones, and all are used; and what colours they are in."""

import re
from pathlib import Path

import pytest

import fcnet
from fcnet.report import language
from fcnet.report.svg import scale
from fcnet.system.text import language_of
from helpers.command_line import Run
from helpers.html_page import Page

ROOM = Path(fcnet.__file__).parent / "report"
SOURCE = "\n".join(path.read_text() for path in [*ROOM.rglob("*.py"), *ROOM.rglob("*.html")])
FIELDS = re.compile(r"\{(\w+)\}")


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    english, chinese = language.catalogue("en"), language.catalogue("zh")
    assert list(english) == list(chinese)
    for key, words in english.items():
        assert set(FIELDS.findall(words)) == set(FIELDS.findall(chinese[key])), key
        assert words.strip(), key


def test_all_words_are_used() -> None:
    whole = set(re.findall(r"""["']([a-z0-9_]+)["']""", SOURCE))
    beginnings = set(re.findall(r"""f["']([a-z]+_)\{""", SOURCE))  # such as f"split_{name}"
    unused = [
        key
        for key in language.catalogue("en")
        if key not in whole and not any(key.startswith(beginning) for beginning in beginnings)
    ]
    assert unused == []


def test_chinese_has_chinese_punctuation() -> None:
    for key, words in language.catalogue("zh").items():
        assert not re.search(r"[\u4e00-\u9fff][,;:?!()]", words), (key, words)
        assert not re.search(r"[,;:?!()][\u4e00-\u9fff]", words), (key, words)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}, "zh"),
    ],
)
def test_the_locale_chooses(environ: dict[str, str], found: str) -> None:
    assert language_of(environ) == found


def test_a_chinese_report_is_chinese(fcnet: Run, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    for words in ([copied / "held"], [copied / "width"]):
        page = Page(Path(fcnet("report", *words, "-o", "r.html").out.strip()))
        assert page.of("html") == [{"lang": "zh-CN"}]
        assert "训练" in page.text
        assert not re.search(
            r"\b(accuracy|loss|images|class|epochs|config|run)\b", re.sub(r"fcnet \S.*", "", page.text)
        )
    assert fcnet("report", copied / "held", "--language", "en").code == 0
    assert Page(copied / "held/report.html").of("html") == [{"lang": "en"}]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(over: str, under: str, opacity: float) -> str:
    parts = [round(opacity * int(over[i : i + 2], 16) + (1 - opacity) * int(under[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


STYLE = (ROOM / "templates/style.css").read_text()
THEMES = [
    dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
]


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark", "print"])
def test_colours_can_be_told_apart(theme: dict[str, str]) -> None:
    from fcnet.report.svg.heat import FULL

    for ground in ("back", "raised", "warn"):
        assert contrast(theme["text"], theme[ground]) >= 7
        assert contrast(theme["soft"], theme[ground]) >= 4.5 or ground == "warn"
    assert contrast(theme["link"], theme["back"]) >= 4.5
    assert contrast(theme["text"], mixed(theme["wrong"], theme["back"], FULL)) >= 4.5
    assert contrast(theme["soft"], theme["right"]) >= 4.5
    assert [i for i in range(10) if contrast(theme[f"s{i}"], theme["back"]) < 3] == []


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (90.2, 99.7, ["90", "92", "94", "96", "98", "100"]),
        (99.1, 99.95, ["99.0", "99.2", "99.4", "99.6", "99.8", "100.0"]),
    ],
)
def test_axes_of_percentages_end_at_100(low: float, high: float, labels: list[str]) -> None:
    axis = scale.linear(low, high, ceiling=100.0)
    assert [label for _, label in axis.ticks] == labels
    assert axis.high == 100


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 0.0), (5.0, 5.0), (-3.0, 2.0), (1e-9, 3e-9), (0.07, 12.3), (100.0, 100.0)]
)
def test_axes_hold_their_values(low: float, high: float) -> None:
    axis = scale.linear(low, high)
    assert axis.low <= low + 1e-12
    assert axis.high >= high - 1e-12
    assert axis.low < axis.high
    places = [axis.place(value) for value, _ in axis.ticks]
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
    assert len({label for _, label in axis.ticks}) == len(axis.ticks) >= 2


@pytest.mark.parametrize("last", [1, 2, 3, 7, 8, 9, 20, 60, 199, 1000, 12345])
def test_epochs_are_whole_numbers(last: int) -> None:
    axis = scale.whole(1, last)
    values = [value for value, _ in axis.ticks]
    assert values == sorted(set(values))
    assert all(value == int(value) and 1 <= value <= last for value in values)
    assert len(values) <= 10
    assert axis.low < axis.high


def test_powers_of_ten() -> None:
    axis = scale.powers(2e-6, 300)
    assert (axis.low, axis.high) == (pytest.approx(1e-6), pytest.approx(1e3))
    assert axis.place(1e-6) == pytest.approx(0)
    assert [label for _, label in axis.ticks][:2] == ["10⁻⁶", "10⁻⁴"]
