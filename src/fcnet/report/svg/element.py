"""Elements of SVG. Whatever comes from outside is escaped here."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from fcnet.system.streams import visible

# Surrogates (bytes of a file name that are not UTF-8) cannot be encoded, two non-characters are not allowed in XML, and
# marks of writing direction change how the text around them is read.
_UNWANTED = re.compile("[\ud800-\udfff\ufffe\uffff\u061c\u200e\u200f]")


def readable(text: str) -> str:
    """Return a text with control characters, direction marks and bytes that are not UTF-8 as escapes."""
    return visible(_UNWANTED.sub(lambda found: found[0].encode("unicode_escape").decode(), text))


def number(value: float) -> str:
    """Return a coordinate with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def tag(name: str, *inner: str | Markup, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: of the element.
        inner: text, which is escaped, and elements.
        attributes: without those that are None; ``class_`` is class, an underscore becomes a hyphen.
    """
    words = []
    for key, value in attributes.items():
        if value is None:
            continue
        text = number(value) if isinstance(value, float) else readable(str(value))
        words.append(f' {key.rstrip("_").replace("_", "-") if key != "viewBox" else key}="{escape(text)}"')
    parts = [one if isinstance(one, Markup) else escape(readable(one)) for one in inner]
    opening = f"<{name}{''.join(words)}"
    return Markup(f"{opening}/>" if not parts else f"{opening}>{''.join(parts)}</{name}>")


def chart(width: float, height: float, title: str, description: str, inner: Iterable[Markup], **more: object) -> Markup:
    """Return a whole picture that says what it shows.

    Args:
        width, height: of its own coordinates.
        title: its name.
        description: what is seen in it, for those who do not see it.
        inner: its elements.
        more: further attributes.
    """
    head = [tag("title", title), tag("desc", description)]
    box = f"0 0 {number(width)} {number(height)}"
    return tag("svg", *head, *inner, xmlns="http://www.w3.org/2000/svg", viewBox=box, role="img", **more)


def text(x: float, y: float, words: str, anchor: str = "middle", **more: object) -> Markup:
    """Return words at a place."""
    return tag("text", words, x=float(x), y=float(y), text_anchor=anchor, **more)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return the path through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
