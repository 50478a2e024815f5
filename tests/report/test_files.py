"""Reports overwrite reports alone, are a run's own files, and are written at the end of a training if asked for."""

import json
import shutil
from pathlib import Path

import pytest

from fcnet import api, schema
from fcnet.report import write
from fcnet.rundir import own_files
from fcnet.sweep.plan import identity
from helpers.command_line import Run
from helpers.html_page import Page
from helpers.sweeps import write_sweep


def test_a_report_is_replaced_and_anything_else_refused(fcnet: Run, copied: Path) -> None:
    run = copied / "plain"
    assert fcnet("report", run).code == 0
    assert fcnet("report", run).code == 0
    assert [path.name for path in run.glob("report*")] == ["report.html"]
    for text in ("", "<!doctype html><title>mine</title>", " <!doctype html>\n<!-- fcnet report 1 -->"):
        (run / "report.html").write_text(text)
        done = fcnet("report", run)
        assert done.code == 2
        assert done.errors == [
            f"--out {run}/report.html: already exists and is not a report of fcnet; choose another name"
        ]
        assert (run / "report.html").read_text() == text


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        ("report.txt", "the name should end in .html; write --out report.html"),
        ("folder.html", "is a folder; give the name of a file in it, such as folder.html/file.html"),
        ("link.html", "is a link to elsewhere.html; name that file, or another one"),
        ("file/report.html", "file: something else exists there already"),
    ],
)
def test_places_that_cannot_be(fcnet: Run, copied: Path, out: str, problem: str) -> None:
    Path("folder.html").mkdir()
    Path("file").touch()
    Path("link.html").symlink_to("elsewhere.html")
    done = fcnet("report", copied / "plain", "-o", out)
    assert done.code in (2, 6)
    assert len(done.errors) == 1
    assert problem in done.errors[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nowhere"], "there is no such"),
        (["empty"], "contains no run"),
        (["runs", "--weights", "last"], "name one run"),
        (["runs/plain", "--weights", "best"], "has no best.pth"),
        (["runs/plain", "--language", "fr"], "'fr'"),
        (["note.txt"], "outside any run"),
    ],
)
def test_words_that_mean_no_run(fcnet: Run, copied: Path, words: list[str], problem: str) -> None:
    Path("empty").mkdir()
    Path("note.txt").touch()
    done = fcnet("report", *words)
    assert done.code == 2
    assert problem in done.err
    assert not list(copied.rglob("report.html"))


def test_a_report_is_the_runs_own_file(fcnet: Run, copied: Path, runs: Path) -> None:
    run, config = copied / "plain", runs.parent / "tiny.yaml"
    assert fcnet("report", run).code == 0
    assert own_files.foreign(run) == []
    (run / "report.html.123.tmp").touch()  # of a process that was killed
    assert own_files.foreign(run) == []
    assert fcnet("train", "-c", config, "--out", run, "--overwrite").code == 0
    assert not list(run.glob("report*"))
    (run / "report.html").write_text("mine")
    assert own_files.foreign(run) == ["report.html"]
    done = fcnet("train", "-c", config, "--out", run, "--overwrite")
    assert done.code == 2
    assert "report.html" in done.err
    assert fcnet("train", "-c", config, "--out", run, "--resume", "train.epochs=4").code == 0
    assert (run / "report.html").read_text() == "mine"


def test_train_writes_one_if_asked_for(fcnet: Run, copied: Path, runs: Path) -> None:
    config = runs.parent / "tiny.yaml"
    done = fcnet("train", "-c", config, "report=true", "--out", "made")
    assert done.code == 0
    assert "report: made/report.html" in done.out + done.err
    assert "21 test images" in Page(Path("made/report.html")).text
    Path("made/report.html").unlink()
    assert fcnet("train", "-c", config, "--out", "made", "--resume").code == 0  # the key may differ
    assert not Path("made/report.html").exists()
    assert fcnet("train", "-c", config, "--out", "made", "--resume", "report=true").code == 0
    assert Path("made/report.html").exists()


def test_programs_get_one_too(copied: Path, runs: Path, tmp_path: Path) -> None:
    config = api.load_config(runs.parent / "tiny.yaml", "report=true", "train.epochs=1")
    found = api.train(config, tmp_path / "made")
    assert (found.path / "report.html").is_file()


def test_a_report_that_cannot_be_written_is_a_warning(fcnet: Run, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: object, **more: object) -> None:
        raise OSError(28, "No space left on device", "made/report.html")

    monkeypatch.setattr(write, "run_report", fail)
    done = fcnet("train", "-c", runs.parent / "tiny.yaml", "report=true", "train.epochs=1", "--out", "made")
    assert done.code == 0
    assert "warning: made: no report was written (made/report.html: the disk is full" in done.err
    assert "fcnet report made" in done.err
    assert json.loads(Path("made/result.json").read_text())["ended"] == "finished"


def test_the_key_changes_neither_hash_nor_name(runs: Path) -> None:
    plain = schema.load(runs.parent / "tiny.yaml")
    asking = schema.load(runs.parent / "tiny.yaml", ["report=true"])
    assert plain.report is None
    assert identity.hash_of(plain) == identity.hash_of(asking)
    assert "report" not in schema.values(plain)


def test_a_sweep_writes_one_for_all(fcnet: Run, runs: Path) -> None:
    file = write_sweep(Path("width.yaml"), runs.parent / "tiny.yaml", grid={"model.hidden": [[1], [8]]}, seeds=2)
    done = fcnet("sweep", "run", file, "report=true", "train.epochs=2", "--workers", "1", "--out", "width")
    assert done.code == 0, done.err
    page = Page(Path("width/report.html"))
    assert "4 of 4 runs came to their end." in page.text
    assert [row[:2] for row in page.table("group", "runs")] == [["hidden=1", "2"], ["hidden=8", "2"]]
    assert not list(Path("width").glob("*/report.html"))
    again = fcnet("sweep", "run", "width")  # its own file is not in the way
    assert again.code == 0, again.err
    shutil.rmtree("width/hidden-1_seed-0")
    assert fcnet("report", "width").code == 0
    assert "not begun" in Page(Path("width/report.html")).text
