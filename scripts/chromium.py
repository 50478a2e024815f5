"""The system's Chromium: where it is, and how it is started. For programs and tests that look at pages."""

import os
import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ABSENT = f"there is no browser: none of {', '.join(PROGRAMS)} is on the PATH; or set FCNET_CHROMIUM"
OPTIONS = (
    *("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--disable-default-apps", "--no-default-browser-check"),
)


def program() -> str | None:
    """Return the path of Chromium: that of $FCNET_CHROMIUM, or the first on the PATH; None if there is none."""
    return os.environ.get("FCNET_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


def options() -> list[str]:
    """Return the options to start it with: root, as in containers, has no sandbox to use."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*OPTIONS, *(["--no-sandbox"] if root else [])]
