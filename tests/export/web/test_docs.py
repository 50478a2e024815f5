"""docs/export.md: its commands work in the order in which they stand, and its picture is small."""

import re
import shlex
from pathlib import Path

from PIL import Image

from helpers.command_line import ROOT, Run

PAGE = (ROOT / "docs/export.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
MOST = 200_000  # bytes of a picture


def test_the_commands_of_the_page_work(fcnet: Run) -> None:
    for line in "".join(BLOCKS).splitlines():
        done = fcnet(*[word.replace("configs/", f"{ROOT}/configs/") for word in shlex.split(line)[1:]])
        assert done.code == 0, (line, done.err)
    assert Path("digit.html").read_text().startswith("<!doctype html>")


def test_the_picture_of_the_page_is_small() -> None:
    path = ROOT / "docs/images/page.png"
    assert path.stat().st_size <= MOST
    with Image.open(path) as picture:
        assert picture.width <= 1200
