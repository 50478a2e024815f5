"""Reports read back: their text, elements, tables and charts."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "link", "hr", "input"}
SVG = "{http://www.w3.org/2000/svg}"


class Page(HTMLParser):
    """A page whose elements are closed in order.

    Attributes:
        source: of the page.
        elements: names and attributes, in order.
        text: what is read outside ``<style>``.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.source = path.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self._rows: list[list[list[str]]] = []
        self.feed(self.source)
        self.close()
        assert self._open == [], f"not closed: {self._open}"
        self.text = " ".join("".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self._rows.append([])
        elif tag == "tr":
            self._rows[-1].append([])
        elif tag in ("th", "td"):
            self._rows[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes {self._open[-1]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self._texts.append(data)
        if {"th", "td"} & set(self._open):
            self._rows[-1][-1][-1] += data

    def table(self, *header: str) -> list[list[str]]:
        """The rows of the table whose header begins with some words, blanks made plain."""
        tables = [[[cell.replace("\xa0", " ").strip() for cell in row] for row in rows] for rows in self._rows]
        return next(rows[1:] for rows in tables if rows[0][: len(header)] == list(header))

    def of(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def charts(self) -> list[ET.Element]:
        """The charts, read by a parser of XML, which stops at the first mistake."""
        found = re.findall(r"<svg xmlns=.*?</svg>", self.source, re.DOTALL)
        return [ET.fromstring(one) for one in found]
