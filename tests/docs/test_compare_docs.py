"""docs/compare.md shows what the commands print: its runs are trained, and its tables compared word by word."""

import re
import shlex
from pathlib import Path

import pytest

from helpers.command_line import ROOT, Run

PAGE = (ROOT / "docs/compare.md").read_text()
SHELL, SHOWN = (re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) for kind in ("sh", "text"))
NUMBER = re.compile(r"[-+]?\d+\.\d+")


def words_of(text: str) -> list[list[str]]:
    """The words of each line, numbers with a point aside: the last bits of a training differ between machines."""
    return [NUMBER.sub("N", re.sub(r" \*", "", line)).split() for line in text.strip().splitlines()]


def test_the_page_shows_what_is_printed(fcnet: Run, tmp_path: Path) -> None:
    for line in SHELL[0].splitlines():
        loop = re.fullmatch(r"for seed in ([\d ]+); do fcnet (.*); done", line)
        assert loop is not None, line
        for seed in loop[1].split():
            words = shlex.split(loop[2].replace("$seed", seed).replace("configs/", f"{ROOT}/configs/"))
            assert fcnet(*words).code == 0
    for block in SHELL[1:]:
        for line in block.splitlines():
            outcome = fcnet(*shlex.split(line)[1:])
            assert outcome.code == 0, (line, outcome.err)
            if line == "fcnet runs runs/width" or "--out figures" in line:
                shown = SHOWN[0 if "fcnet runs" in line else 1]
                assert words_of(outcome.out) == words_of(shown)
                found, expected = (re.findall(r"\d+\.\d\d(?= %| ±)", text) for text in (outcome.out, shown))
                assert [float(one) for one in found] == pytest.approx([float(one) for one in expected], abs=2.0)
    assert (tmp_path / "figures/groups.png").is_file()
