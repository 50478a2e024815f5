"""Reports in a real browser: opened from the disk, without scripts, dark, narrow, printed, read by axe."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fcnet.cli.main import main
from helpers import browser

pytestmark = pytest.mark.long

PAGES = ("plain", "held", "width", "zh", "auto")
WIDTHS = {
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "zoomed": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
}


@pytest.fixture
def reports(copied: Path, auto: Callable[..., Path], tmp_path: Path) -> dict[str, Path]:
    """A report of each sort."""
    assert main(["train", "-c", str(auto()), "--out", str(copied / "auto")]) == 0
    found = {}
    for name in PAGES:
        out = tmp_path / f"{name}.html"
        language = "zh" if name == "zh" else "en"
        words = ["report", str(copied / ("held" if name == "zh" else name)), "-o", str(out), "--language", language]
        assert main(words) == 0
        found[name] = out
    return found


def test_reports_open_quietly_and_axe_finds_nothing(reports: dict[str, Path]) -> None:
    for name, path in reports.items():
        for scheme in ("light", "dark"):
            with browser.opened(path, color_scheme=scheme) as seen:
                assert seen.page.locator("h1").is_visible()
                assert browser.complaints(seen) == [], (name, scheme)
                seen.page.locator("details").first.click()
                assert seen.quiet()


def test_reports_need_no_script(reports: dict[str, Path]) -> None:
    for name, path in reports.items():
        with browser.opened(path, java_script_enabled=False) as seen:
            assert seen.page.locator("svg[role=img]").first.is_visible(), name
            assert seen.page.locator("table").first.is_visible()
            assert seen.quiet()


@pytest.mark.parametrize("context", WIDTHS.values(), ids=WIDTHS)
def test_reports_do_not_scroll_sideways(reports: dict[str, Path], context: dict[str, Any]) -> None:
    for name, path in reports.items():
        with browser.opened(path, **context) as seen:
            assert browser.too_wide(seen) == 0, name
            sizes = seen.page.eval_on_selector_all(
                "p, td, th, dd", "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))"
            )
            assert min(sizes) >= 12, name


def test_colours_follow_the_scheme_and_the_printer(reports: dict[str, Path]) -> None:
    def ground(seen: browser.Seen) -> str:
        return str(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with browser.opened(reports["held"], color_scheme="light") as light:
        assert ground(light) == "rgb(255, 255, 255)"
    with browser.opened(reports["held"], color_scheme="dark") as dark:
        assert ground(dark) == "rgb(20, 23, 27)"
        dark.page.emulate_media(media="print")
        assert ground(dark) == "rgb(255, 255, 255)"
        printed = dark.page.pdf(format="A4", print_background=True)
        assert printed.startswith(b"%PDF")
        assert len(printed) > 10_000


def test_names_that_are_scripts_run_nowhere(tmp_path: Path, copied: Path) -> None:
    run = copied / "plain"
    for name in ("config.yaml", "environment.json"):
        text = (run / name).read_text()
        (run / name).write_text(
            text.replace("'0'", "'<img src=x onerror=alert(1)>'").replace("cpu", "</pre><script>alert(1)</script>")
        )
    (run / "config.yaml").write_text(
        (run / "config.yaml").read_text().replace("device: </pre><script>alert(1)</script>", "device: cpu")
    )
    assert main(["report", str(run), "-o", str(tmp_path / "r.html"), "--language", "en"]) == 0
    with browser.opened(tmp_path / "r.html") as seen:
        seen.page.on("dialog", lambda one: seen.said.append(one.message))
        assert "alert(1)" in seen.page.inner_text("body")
        assert seen.quiet()
