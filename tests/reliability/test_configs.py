"""Configs made to harm, and names that lead outside."""

import sys
from pathlib import Path

import pytest

from helpers.command_line import Run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals")


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['touch canary']", "!!python/name:os.system"])
def test_tags_that_would_build_objects_are_refused(fcnet: Run, tiny: Path, tag: str) -> None:
    (tiny / "bad.yaml").write_text(f"data: {tag}\n")
    outcome = fcnet("train", "-c", "tiny/bad.yaml")
    assert outcome.code == 2
    assert any("tiny/bad.yaml:1:  the tag !!python/" in error for error in outcome.errors)
    assert not Path("canary").exists()


def test_names_do_not_leave_the_run_root(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tiny / "...yaml").write_text((tiny / "tiny.yaml").read_text())
    for words in ([], ["--resume"]):
        outcome = fcnet("train", "-c", "tiny/...yaml", *words)
        assert outcome.code == 2
        assert "'...yaml' gives the run no name; rename the file, or give --out DIR" in outcome.errors[0]
    monkeypatch.chdir(tiny)
    for out in ("../outside", "a/../../outside"):
        for resume in ([], ["--resume"]):
            outcome = fcnet("train", "-c", "tiny.yaml", "--out", out, *resume)
            assert outcome.code == 2
            assert (
                f"--out {out}: leaves this folder with '..'; if that is intended, give the full path: {tiny.parent}"
                in (outcome.errors[0])
            )
    assert not (tiny.parent / "outside").exists()
    Path("loop").symlink_to("loop")
    for words in (["--out", "loop"], ["--out", "loop/x", "--resume"]):
        assert fcnet("train", "-c", "tiny.yaml", *words).errors[0].endswith("is a loop of links; choose another folder")
