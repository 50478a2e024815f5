"""What people read while a command runs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fcnet.cli.console import shown
from fcnet.training.metrics import Metrics
from fcnet.training.records import End, EpochRecord, Start, StepRecord, Tick
from helpers.processes import kill, launch, read, wait_for


def test_without_a_terminal_it_is_the_course_s_lines(capsys: pytest.CaptureFixture[str]) -> None:
    held_out = Metrics(0.1, 0.9615, 50)
    with shown() as sinks:
        sinks.write(Start("by hand", 10))
        sinks.write(Tick(1, 99, 600))
        sinks.write(StepRecord(1, 100, 600, 0.61804, 0.7, 0.8, 1e-3, 5e4))
        sinks.write(EpochRecord(1, Metrics(0.2, 0.9, 60000), held_out, Metrics(0.1, 0.932, 10000), 1.0))
        sinks.write(End())
    assert capsys.readouterr().out.splitlines() == [
        "step: by hand",
        "Epoch [1/10], Step [100/600], Loss: 0.6180",
        "Accuracy of the network on the 50 validation images: 96.15 %",
        "Accuracy of the network on the 10000 test images: 93.20 %",
    ]


def test_counting_is_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as sinks, sinks.counting() as progress:
        progress("writing x", 1000, 2000)
        progress("writing x", 2000, 2000)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "writing x: 2000 images\n"


def run_on_a_terminal(words: list[str], folder: Path) -> tuple[int, str]:
    """Run a command whose stdout and stderr are a terminal; its exit code and all that it printed."""
    import pty  # POSIX only

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        words, cwd=folder, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    )
    os.close(theirs)
    printed, end = b"", time.monotonic() + 120
    try:
        while part := read(ours, end):
            printed += part
        return process.wait(60), printed.decode()
    finally:
        process.kill()
        os.close(ours)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_on_a_terminal_there_is_a_bar(tiny: Path) -> None:
    (tiny / "train").rename(tiny / "[red]train")  # brackets are no markup
    words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml", "data.train.images=tiny/[red]train"]
    code, printed = run_on_a_terminal(words, tiny.parent)
    assert code == 0, printed
    assert "\x1b[" in printed
    assert "[red]train" in printed
    assert "images/s" in printed
    assert "Epoch [3/3], Loss: " in printed
    assert "run: checkpoints/tiny" in printed


def test_without_a_terminal_there_are_no_control_characters(tiny: Path) -> None:
    words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml"]
    done = subprocess.run(words, cwd=tiny.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert all(character == "\n" or character.isprintable() for character in done.stdout + done.stderr)


def test_a_reader_that_goes_away_does_not_stop_training(tiny: Path) -> None:
    words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml", "train.epochs=30", "train.log_every=1"]
    process = launch(words, tiny.parent, stderr=subprocess.DEVNULL)
    wait_for(process, "")
    assert process.stdout is not None
    process.stdout.close()
    try:
        assert process.wait(60) == 0
    finally:
        kill(process)
    assert (tiny.parent / "checkpoints/tiny/result.json").is_file()
