"""One HTML file: the page with its styles, scripts and data inside."""

import html
import json
from importlib import resources
from pathlib import Path
from typing import Any

from fcnet import __version__
from fcnet.system import files

# In the order in which they are run; each uses functions of those before it.
SCRIPTS = (
    *("net/weights.js", "net/forward.js", "net/explain.js"),
    *(
        "picture/resample.js",
        "net/familiar.js",
        "picture/filters.js",
        "picture/style.js",
        "picture/ground.js",
        "picture/marks.js",
    ),
    *("picture/place.js", "picture/deskew.js", "picture/read.js"),
    *("view/words.js", "view/draw.js", "view/figures.js", "view/pen.js", "view/photo.js", "view/page.js"),
)

MARK = '<meta name="generator" content="fcnet export'  # which only fcnet's pages have
_LOOKED_AT = 1 << 12  # bytes of a file that are searched for it

# No request can leave the page: neither by an address in it nor by a script.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none';"
    " form-action 'none'"
)

Data = dict[str, Any]


def is_page(path: Path) -> bool:
    """Return whether a file is a page that ``fcnet export`` wrote."""
    try:
        return MARK.encode() in files.read_start(path, _LOOKED_AT)
    except (OSError, files.NotReadable):
        return False


def made(data: Data) -> str:
    """Return the page of a net: ``data`` is what its scripts know, and names it."""
    parts = {
        "mark": f'{MARK} {__version__}">',
        "policy": POLICY,
        "language": "zh-Hans" if data["language"] == "zh" else "en",
        "title": html.escape(f"{data['name']}: fcnet"),
        "style": part("page.css"),
        "data": safe_json(data),
        "script": script(),
    }
    found = part("page.html")
    pieces = found.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [parts[name.strip()], rest]
    return "".join(filled)


def script() -> str:
    """Return the scripts of the page as one, with nothing in it visible from outside but ``window.fcnetPage``."""
    return "(() => {\n'use strict';\n" + "\n".join(part(name) for name in SCRIPTS) + "\n})();"


def part(name: str) -> str:
    """Return a file of the page."""
    return resources.files(__package__).joinpath("page", *name.split("/")).read_text(encoding="utf-8")


def safe_json(data: Data) -> str:
    """Return JSON that can be in a script of HTML: no name in it can end the script, or begin a comment or a tag."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
