"""One figure for one thing: docs/figures.yaml has it, and pages and configs take it from there."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import figures
import pytest
from bench import page

from helpers.command_line import ROOT

SOURCE = figures.Figures.load()
TRANSLATED = ("autoencoders", "course", "elm", "photos")
PAGES = [
    *sorted(ROOT.glob("README*.md")),
    *(
        page
        for name in (*TRANSLATED, "benchmarks-notes", "gpu-servers", "your-images")
        for page in sorted((ROOT / "docs").glob(f"{name}.*md"))
    ),
]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
MEASURED = r"(?<![\w.])-?\d[\d.,]*(?: ?(?:%|s|秒|seconds|ms|us|nats|dB|minutes|分钟)(?![\w]))"
DECIMALS = r"(?<![\w.:-])-?\d+\.\d+(?:e-?\d+)?(?![\w.])"
BOUNDS = {
    "0.25",
    "0.70",
    "0.2",
    "0.1",
    "0.4",
    "1.4",
    "3.11",
}  # settings, what follows from a formula, a version of Python


def unmarked(text: str) -> str:
    """A page without its marked figures, code and links."""
    text = figures.TABLE.sub("", figures.BELOW.sub("", figures.INLINE.sub("", text)))
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)


def test_all_places_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/figures.py", "--check"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_the_benchmark_s_page_is_fresh() -> None:
    notes = (ROOT / "docs/benchmarks-notes.md").read_text()
    text = page.page(page.read(ROOT / "docs/benchmarks.json"), notes)
    assert (ROOT / "docs/benchmarks.md").read_text() == text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_gives_a_figure_of_its_own(path: Path) -> None:
    """What is measured stands in a mark; what others published is listed with its paper."""
    text = unmarked(path.read_text())
    found = {*re.findall(MEASURED, text), *re.findall(DECIMALS, text)} - BOUNDS
    assert {one for one in found if one not in SOURCE.published} == set()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_config_gives_a_figure_of_its_own(path: Path) -> None:
    comments = "\n".join(re.findall(r"#.*", path.read_text()))
    found = re.findall(MEASURED, figures.COMMENT.sub("", comments))
    assert [one for one in found if one not in SOURCE.published] == []


def test_every_figure_is_shown_and_says_how_it_was_measured() -> None:
    everything = "\n".join(place.read_text() for place in figures.places()) + (ROOT / figures.SOURCE).read_text()
    for name, figure in SOURCE.figures.items():
        assert re.search(rf"figure(?: below)?: {re.escape(name)}[ \]]|\{{{re.escape(name)}[ }}]", everything), name
        assert re.match(r"(fcnet|python) ", figure.command), name
        assert re.fullmatch(r"\d{4}-\d\d-\d\d, torch \d+\.\d+\.\d+", figure.when), name
        for config in re.findall(r"configs/\S+\.yaml|scripts/\S+\.py", figure.command):
            assert (ROOT / config).is_file(), name


def test_both_languages_have_the_same_figures() -> None:
    for chinese in [ROOT / "README.zh-CN.md", *(ROOT / "docs").glob("*.zh-CN.md")]:
        marks = [
            sorted((mark[2], mark[3] or "") for mark in figures.INLINE.finditer(page.read_text()))
            for page in (chinese, chinese.with_name(chinese.name.replace(".zh-CN", "")))
        ]
        assert marks[0] == marks[1]


@pytest.mark.parametrize("name", sorted(SOURCE.tables))
def test_tables_are_translated_whole(name: str) -> None:
    """In Chinese no two English words stand side by side, but in code and in names; the figures are the same."""
    english, chinese = (re.sub(r"`[^`]*`", "", SOURCE.table(name, language)) for language in (False, True))
    assert re.findall(r"[a-z]{2,} [A-Za-z]{2,}|, |\(|\)", chinese) == ["(", ")"] * chinese.count("log p(x)")
    assert sorted(re.findall(r"\d[\d.,]*\d", english)) == sorted(re.findall(r"\d[\d.,]*\d", chinese))


def test_one_command_gives_one_accuracy() -> None:
    """No two entries for what the same command says at its end."""
    found = [figure.command for name, figure in SOURCE.figures.items() if name.endswith(".accuracy")]
    own = [command for command in found if "benchmark.py" not in command]  # that one measures several
    assert len(own) == len(set(own))


@pytest.mark.parametrize(
    ("form", "english", "chinese"),
    [
        (None, "12.5 s", "12.5 秒"),
        ("number", "12.5", "12.5"),
        ("seed0", "12.0 s", "12.0 秒"),
        ("range", "12.0 to 13.0", "12.0 到 13.0"),
        ("row", "12.5 ± 0.7 (12.0 13.0)", "12.5 ± 0.7（12.0 13.0）"),
        ("sentence", "12.0 and 13.0", "12.0 和 13.0"),
        ("median", "12.5 s (12.0 to 13.0)", "12.5 秒（12.0 到 13.0）"),
        ("command", "`fcnet to s`", "`fcnet to s`"),
        ("when", "2026-01-02, torch 2.10.0", "2026-01-02，torch 2.10.0"),
    ],
)
def test_forms(form: str | None, english: str, chinese: str) -> None:
    entry = {"setup": "a", "command": "fcnet to s", "unit": "s", "decimals": 1, "values": [12, 13]}
    figure = figures.recorded(entry, {"a": {"date": "2026-01-02", "torch": "2.10.0"}})
    assert figure.text(form) == english
    assert figure.text(form, chinese=True) == chinese


def test_marks_are_filled_and_a_wrong_one_is_told() -> None:
    entry = {"setup": "a", "command": "fcnet", "unit": "%", "decimals": 2, "values": [98, 99]}
    found = figures.recorded(entry, {"a": {"date": "2026-01-02", "torch": "2.10.0"}})
    table = {"head": ["x", "y"], "rows": [["one", "{a.b number}"]]}
    source = figures.Figures({"a.b": found}, {"t": table}, {})
    assert source.filled("<!-- figure: a.b -->1<!-- / --> x") == "<!-- figure: a.b -->98.50 %<!-- / --> x"
    assert source.filled("# 7 % [figure: a.b], yes") == "# 98.50 % [figure: a.b], yes"
    assert "| one | 98.50 |\n<!-- / -->" in source.filled("<!-- table: t -->\n<!-- / -->")
    example = "<!-- figure below: a.b seed0 -->\n```text\nAccuracy: {} %\n```"
    assert source.filled(example.format("1.00")) == example.format("98.00")
    for wrong in (
        "<!-- figure: a.c -->1<!-- / -->",
        "<!-- figure: a.b x -->1<!-- / -->",
        "<!-- table: u -->\n<!-- / -->",
    ):
        with pytest.raises(figures.FigureError):
            source.filled(f"<!-- {wrong}<!-- / -->")


@pytest.mark.long
def test_the_course_s_figures_are_what_its_programs_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    """At full size; those that train on MNIST are left out."""
    monkeypatch.syspath_prepend(ROOT / "scripts/course")
    names = {
        "vanishing.first": "sigmoid: layer 1",
        "vanishing.last": "sigmoid: layer 11",
        "zero-centred.sigmoid": "sigmoid",
        "zero-centred.tanh": "tanh",
        "dying-relu.relu": "ReLU: dead at 2",
        "dying-relu.leaky-relu": "LeakyReLU, γ = 0.1: dead at 2",
        "linear-depth.one": "one layer, 2-2",
        "linear-depth.linear": "three linear layers, 2-20-20-2",
        "linear-depth.relu": "three layers with ReLU, 2-20-20-2",
        "universal.one": "1",
        "universal.most": "200",
    }
    made: dict[str, dict[str, float]] = {}
    for name, key in names.items():
        program = name.partition(".")[0].replace("-", "_")
        if program not in made:
            made[program] = importlib.import_module(program).figure(False).numbers
        (recorded,) = SOURCE.figures[f"course.{name}"].values
        assert made[program][key] == pytest.approx(recorded, rel=0.02, abs=1e-3 if recorded > 1e-3 else 0), name
