"""Photograph what fcnet writes for a browser, in the system's Chromium, for docs and README.

    python scripts/screenshots.py [--run runs/pictures/mnist] [--out docs/images]

report.png and report-dark.png: two parts of the report of a run, in light and in dark colours; page.png: the page that
reads digits, with a 5 drawn by mouse. The run is of ``configs/mnist.yaml``: ``scripts/readme_pictures.py`` trains it.
"""

import argparse
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import chromium
from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright
from readme_pictures import fcnet

COLUMN: ViewportSize = {"width": 590, "height": 1010}  # pixels of each part of a report
PAGE: ViewportSize = {"width": 1000, "height": 900}  # pixels of the window with the page; the picture shows all of it
PART = "#confusion"  # where the right part of a report begins

# A 5: its points, in shares of the canvas from the left and from above.
FIVE = (
    *((0.67, 0.15), (0.61, 0.18), (0.54, 0.18), (0.48, 0.20), (0.41, 0.21), (0.36, 0.21), (0.37, 0.30), (0.38, 0.41)),
    *((0.50, 0.41), (0.60, 0.46), (0.70, 0.52), (0.78, 0.59), (0.82, 0.67), (0.79, 0.74), (0.72, 0.78), (0.60, 0.80)),
    *((0.50, 0.82), (0.42, 0.82), (0.36, 0.81), (0.32, 0.78)),
)


def report(browser: Browser, path: Path, colours: Any) -> Image.Image:
    """Photograph two parts of a report, beside each other: its beginning, and that from ``PART`` on."""
    page = browser.new_page(viewport=COLUMN, color_scheme=colours)
    page.goto(path.as_uri())
    parts = []
    for place in ("body", PART):
        page.evaluate("place => document.querySelector(place).scrollIntoView()", place)
        parts.append(Image.open(BytesIO(page.screenshot())))
    both = Image.new("RGB", (sum(part.width for part in parts), parts[0].height))
    for part, left in zip(parts, (0, parts[0].width), strict=True):
        both.paste(part, (left, 0))
    return both


def drawn(browser: Browser, path: Path) -> Image.Image:
    """Draw a 5 on the page that reads digits, and photograph all of it."""
    page = browser.new_page(viewport=PAGE)
    page.goto(path.as_uri())
    pad = page.locator("#pad").bounding_box()
    assert pad is not None
    places = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in FIVE]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    page.mouse.move(0, 0)  # off everything that changes under the mouse
    found = page.evaluate("fcnetPage.settled()")
    if (found["predicted"], found["sure"]) != ("5", True):
        raise SystemExit(f"{path}: the page says of the 5 that was drawn: {found}")
    return Image.open(BytesIO(page.screenshot(full_page=True)))


def main(words: Sequence[str] | None = None) -> None:
    """Write the three pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/pictures/mnist"), metavar="RUN", help="a finished run")
    parser.add_argument("--out", type=Path, default=Path("plots/readme"), metavar="DIR", help="folder for the pictures")
    found = parser.parse_args(words)
    program = chromium.program()
    if program is None:
        raise SystemExit(chromium.ABSENT)
    found.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        fcnet("report", found.run, "-o", folder / "report.html", "--language", "en")
        fcnet("export", found.run, "--to", "web", "-o", folder / "page.html", "--language", "en")
        browser = playwright.chromium.launch(executable_path=program, args=chromium.options())
        pictures = {
            "report": report(browser, folder / "report.html", "light"),
            "report-dark": report(browser, folder / "report.html", "dark"),
            "page": drawn(browser, folder / "page.html"),
        }
        browser.close()
    for name, picture in pictures.items():
        picture.convert("RGB").save(found.out / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
