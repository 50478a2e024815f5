"""Pages in a real browser, the system's Chromium, with a fresh profile; and what they ask for and say.

with browser.opened(path) as seen:
    seen.page.get_by_role("heading")
assert seen.quiet()
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chromium
import pytest

LIMIT = 60_000  # milliseconds that the browser may take for one answer


@dataclass
class Seen:
    """A page, and what happened in it.

    Attributes:
        page: of playwright.
        requests: addresses asked for, except that of the page itself.
        said: messages of the console, and errors that no script caught.
    """

    page: Any
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def asks(self, address: str, own: str) -> None:
        """Take down a request, unless it is for the page itself or for what the page holds."""
        if address != own and not address.startswith(("data:", "blob:")):
            self.requests.append(address)

    def quiet(self) -> bool:
        """Return whether nothing was asked for, and nothing said; fail with what was."""
        assert self.requests == [], f"asked for {self.requests}"
        assert self.said == [], f"said {self.said}"
        return True


def program() -> str:
    """The system's Chromium; skip the test if there is none."""
    pytest.importorskip("playwright", reason="playwright is not installed")
    found = chromium.program()
    if found is None:
        pytest.skip(chromium.ABSENT)
    return found


@contextmanager
def opened(path: Path, **context: Any) -> Iterator[Seen]:
    """A file opened from the disk (file://), in a browser of its own.

    Args:
        path: the HTML file.
        context: of playwright's ``new_context``: color_scheme, viewport, java_script_enabled, has_touch...
    """
    executable = program()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=chromium.options())
        try:
            pages = started.new_context(**context)
            pages.set_default_timeout(LIMIT)
            page = pages.new_page()
            seen, address = Seen(page), path.resolve().as_uri()
            page.on("request", lambda one: seen.asks(one.url, address))
            page.on("console", lambda one: seen.said.append(f"{one.type}: {one.text}"))
            page.on("pageerror", lambda one: seen.said.append(f"error: {one}"))
            page.goto(address, wait_until="load")
            yield seen
        finally:
            started.close()


def complaints(seen: Seen) -> list[str]:
    """What axe-core finds wrong with a page for people who read it otherwise, one line per element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(seen.page).response["violations"]
    return [f"{one['id']}: {one['help']}: {node['html']}" for one in found for node in one["nodes"]]


def too_wide(seen: Seen) -> int:
    """Pixels by which the page is wider than its window; 0 if it does not scroll sideways."""
    return int(seen.page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth"))
