"""docs/report.md: its commands work in the order in which they stand, and its pictures are small."""

import re
import shlex
from pathlib import Path

from PIL import Image

from helpers.command_line import ROOT, Run

PAGE = (ROOT / "docs/report.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
MOST = 250_000  # bytes of a picture


def test_the_commands_of_the_page_work(fcnet: Run) -> None:
    written = []
    for line in "".join(BLOCKS).splitlines():
        words = [word.replace("configs/", f"{ROOT}/configs/") for word in shlex.split(line)[1:]]
        done = fcnet(*words, *(["--workers", "1"] if words[0] == "sweep" else []))
        assert done.code == 0, (line, done.err)
        if words[0] == "report":
            written.append(done.out.strip())
    assert written == ["checkpoints/digits/report.html", "digits-zh.html", "runs/width/report.html"]
    assert all(Path(name).is_file() for name in (*written, "checkpoints/reported/report.html"))


def test_the_pictures_of_the_page_are_small() -> None:
    for name in re.findall(r"\]\((images/report[\w-]*\.png)\)", PAGE):
        path = ROOT / "docs" / name
        assert path.stat().st_size <= MOST
        with Image.open(path) as picture:
            assert picture.width <= 1200
