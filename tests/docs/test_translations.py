"""Pages in two languages say the same: headings, commands, code, links and numbers, section by section."""

import re
from collections import Counter
from pathlib import Path

import pytest
from matplotlib import mathtext

from helpers.command_line import ROOT

FORMULA = r"\$[^$\n]+\$"
CODE, NUMBER = r"`[^`\n]+`", r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?"
PAIRS = [
    (str(page.relative_to(ROOT)).replace(".zh-CN", ""), str(page.relative_to(ROOT)))
    for page in [ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.zh-CN.md"))]
]


def sections(name: str) -> list[tuple[str, str]]:
    """Level of a heading, as its hashes, and the text below it."""
    text = (ROOT / name).read_text()
    fenced = {}
    for number, block in enumerate(re.findall(r"^```.*?^```$", text, re.DOTALL | re.MULTILINE)):
        fenced[f"\0{number}\0"] = block
        text = text.replace(block, f"\0{number}\0", 1)
    found = re.findall(r"^(#+) .*?\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE)
    return [(level, re.sub("\0\\d+\0", lambda mark: fenced[mark.group()], body)) for level, body in found]


def code(body: str) -> list[str]:
    """Lines of code blocks without what is translated: comments, and words in brackets behind a command."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", body, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    bare = (re.split(r"\s{2,}[#(]|;|;|, or |,或", line)[0].rstrip() for line in lines)
    return [re.sub(r"[^\x00-\x7f].*", "", line).rstrip() for line in bare]


def prose(body: str) -> str:
    """The text without code blocks."""
    return re.sub(r"^```.*?^```$", "", body, flags=re.DOTALL | re.MULTILINE)


def anchors(name: str) -> list[str]:
    """The anchor of each heading of a page, as GitHub makes it."""
    headings = re.findall(r"^#+ (.*)", (ROOT / name).read_text(), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def targets(body: str, name: str) -> list[str]:
    """The links of a section of a page; one to a heading in the page itself as the number of the heading."""
    own = anchors(name)
    found = [link.replace(".zh-CN", "") for link in re.findall(r"\]\(([^)]+)\)", body)]
    return [f"heading {own.index(link[1:])}" if link[1:] in own and link[0] == "#" else link for link in found]


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_say_the_same(english: str, chinese: str) -> None:
    ours, theirs = sections(english), sections(chinese)
    assert [level for level, _ in ours] == [level for level, _ in theirs]
    for (_, left), (_, right) in zip(ours, theirs, strict=True):
        assert code(left) == code(right)
        for pattern in (CODE, FORMULA, NUMBER):
            found, other = (Counter(re.findall(pattern, prose(body))) for body in (left, right))
            assert found == other, (found - other, other - found)
        links = [targets(body, name) for body, name in ((left, english), (right, chinese))]
        assert links[0] == links[1] or {*links[0], *links[1]} == {Path(english).name}  # the link to the other page


@pytest.mark.parametrize("pair", PAIRS)
def test_each_leads_to_the_other(pair: tuple[str, str]) -> None:
    for name, other in (pair, pair[::-1]):
        assert f"]({Path(other).name})" in (ROOT / name).read_text()


@pytest.mark.parametrize("page", [page for _, page in PAIRS if page.startswith("docs/")])
def test_chinese_is_written_as_chinese(page: str) -> None:
    """No line ends inside a sentence, where a browser shows a blank; punctuation beside it is full-width."""
    text = re.sub(f"{CODE}|{FORMULA}", "`", prose((ROOT / page).read_text()))
    han = r"[\u4e00-\u9fff]"
    assert re.findall(rf".*[\u4e00-\u9fff，、；：（]\n(?={han}).*", text) == []
    assert re.findall(rf".*(?:{han}[,;:!?(]|[,;:!?)]{han}).*", re.sub(r"\]\([^)]*\)", "]", text)) == []


def test_the_glossary_has_both_languages_in_the_order_of_the_alphabet() -> None:
    """Each row has a term and its meaning twice; a Chinese term links to a Chinese page."""
    tables = (ROOT / "docs/glossary.md").read_text().split("\n## ")[1:]
    terms = []
    for table in tables:
        rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
        assert all(len(row) == 4 and all(row) for row in rows), rows
        english = [re.sub(r"\[(.*)\]\(.*\)", r"\1", row[0]).lower() for row in rows]
        assert english == sorted(english)
        assert all(".zh-CN.md" in link for row in rows for link in re.findall(r"\]\(([^)]+)\)", row[1]))
        assert all(re.search(r"[\u4e00-\u9fff]", row[3]) and not re.search(r"[\u4e00-\u9fff]", row[2]) for row in rows)
        terms += english
    assert len(terms) == len(set(terms))
    assert len(terms) > 60


@pytest.mark.parametrize("name", ["docs/course.md", "docs/course.zh-CN.md"])
def test_formulas_are_set_by_github(name: str) -> None:
    """GitHub needs a space before a formula, and no letter behind it; a \\ before punctuation is Markdown's."""
    lines = [re.sub(CODE, "", line) for line in prose((ROOT / name).read_text()).splitlines()]
    formulas = [formula for line in lines for formula in re.findall(FORMULA, line)]
    assert len(formulas) > 50
    for line in lines:
        between = re.split(FORMULA, line)
        assert [text for text in between[:-1] if text and text[-1] not in " ("] == []
        assert [text for text in between[1:] if re.match(r"\w", text)] == []
        assert "$" not in "".join(between)
    parser = mathtext.MathTextParser("path")
    for formula in formulas:
        assert not re.search(r"\\[^A-Za-z]|[<*]", formula), formula
        parser.parse(formula)


@pytest.mark.parametrize("name", [chinese for _, chinese in PAIRS if chinese.startswith("docs/")])
def test_chinese_pages_lead_to_chinese_pages(name: str) -> None:
    """A page that is translated is not left for the English one, but by the link at the top."""
    page = ROOT / name
    english = page.with_name(page.name.replace(".zh-CN", "")).name
    for target in {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+\.md[^)]*)\)", page.read_text())}:
        other = (page.parent / target).resolve()
        if ".zh-CN" not in other.name and other.name != english:
            assert not other.with_suffix(".zh-CN.md").exists(), target
