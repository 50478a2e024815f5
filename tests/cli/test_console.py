"""What people read while a command runs."""

import json
import os
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fcnet.cli import words
from fcnet.cli.console import shown
from fcnet.system.text import width
from fcnet.training.metrics import Metrics
from fcnet.training.records import End, EpochRecord, Start, StepRecord, Tick
from helpers.command_line import Run
from helpers.processes import kill, launch, read, wait_for


def test_without_a_terminal_it_is_the_course_s_lines(capsys: pytest.CaptureFixture[str]) -> None:
    held_out = Metrics(0.1, 0.9615, 50)
    with shown() as sinks:
        sinks.write(Start("by hand", 10))
        sinks.detail("cpu: 2 threads")
        sinks.write(Tick(1, 99, 600))
        sinks.write(StepRecord(1, 100, 600, 0.61804, 0.7, 0.8, 1e-3, 5e4))
        sinks.write(EpochRecord(1, Metrics(0.2, 0.9, 60000), held_out, Metrics(0.1, 0.932, 10000), 1.0))
        sinks.write(End())
    assert capsys.readouterr().out.splitlines() == [
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


def test_how_a_step_is_computed_is_said_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    token = words.verbosity.set(words.Verbosity.VERBOSE)
    try:
        with shown() as sinks:
            sinks.detail("cpu: 2 threads")
            sinks.write(Start("by hand", 10))
    finally:
        words.verbosity.reset(token)
    assert capsys.readouterr().out == "cpu: 2 threads\nstep: by hand\n"


@pytest.mark.parametrize("place", [0, 1, 4], ids=["first", "second", "last"])
def test_more_and_less_anywhere_among_the_words(fcnet: Run, tiny: Path, place: int) -> None:
    command = ["train", "-c", "tiny/tiny.yaml", "plots=true"]
    outcome = fcnet(*command[:place], "-q", *command[place:])
    assert outcome.out == "run: checkpoints/tiny (model.pth, metrics.jsonl, plots/loss.png, plots/accuracy.png)\n"
    assert outcome.err == ""
    assert "step: by hand" in fcnet(*command[:place], "--verbose", *command[place:]).out
    assert "step: by hand" not in fcnet(*command).out


def test_what_is_said_at_the_end(fcnet: Run, tiny: Path) -> None:
    lines = fcnet("train", "tiny/tiny.yaml", "data.validation=0.2", "plots=true").out.splitlines()
    best = json.loads(Path("checkpoints/tiny/result.json").read_text())["best"]
    assert re.fullmatch(
        rf"trained in \S+ s; epoch {best['epoch']} is the best by validation"
        rf" \({100 * best['validation']['accuracy']:.2f} %\), kept in best.pth",
        lines[-3],
    )
    assert lines[-2].startswith("run: checkpoints/tiny (model.pth, best.pth, metrics.jsonl, plots/")
    assert (
        lines[-1]
        == "next: fcnet plot checkpoints/tiny; fcnet eval checkpoints/tiny; fcnet predict checkpoints/tiny IMAGE"
    )
    Path("tiny").rename("images")  # the name alone would have meant that folder
    for command in lines[-1].removeprefix("next: ").replace("IMAGE", "images/test/0.png").split("; ")[::2]:
        assert fcnet(*command.split()[1:]).code in (0, 3)


def run_on_a_terminal(command: list[str], folder: Path, columns: int = 120, **environment: str) -> tuple[int, str]:
    """Run a command whose stdout and stderr are a terminal; its exit code and all that it printed."""
    import fcntl  # POSIX only, all three
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=inherited | {"TERM": "xterm"} | environment
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


def plain(printed: str) -> list[str]:
    """The lines that were printed, also those that were replaced, without colours."""
    pieces = re.split(r"[\r\n]+|\x1b\[2K", printed)
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", piece) for piece in pieces]


TRAIN = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


@POSIX
def test_on_a_terminal_there_is_a_table(tiny: Path) -> None:
    (tiny / "train").rename(tiny / "[red]train")  # brackets are no markup
    code, printed = run_on_a_terminal([*TRAIN, "data.train.images=tiny/[red]train"], tiny.parent)
    assert code == 0, printed
    assert "\x1b[" in printed
    lines = plain(printed)
    assert any("[red]train" in line for line in lines)
    assert any(
        re.fullmatch(r"epoch 3/3 .* loss [\d.]+, train accuracy so far [\d.]+ %, .*images/s.*", one) for one in lines
    )
    titles = ["epoch", "train", "test", "train", "test", "rate", "seconds"]
    assert [line.split() for line in lines if line.split() in (titles, ["loss", "accuracy", "(%)"])][1] == titles
    rows = [line.split() for line in lines if re.match(r" *\d/3 ", line)]
    assert [row[0] for row in rows] == ["1/3", "2/3", "3/3"]
    result = json.loads((tiny.parent / "checkpoints/tiny/result.json").read_text())
    assert rows[-1][2] == f"{result['test']['loss']:.4f}"
    assert rows[-1][4] == f"{100 * result['test']['accuracy']:.2f}"
    assert any(f"{rows[-1][4]} % on 21 test images" in line for line in lines)
    assert any("fcnet plot checkpoints/tiny" in line for line in lines)


KINDS = {
    "classifier": (),
    "with validation": ("data.validation=0.3",),
    "autoencoder": (
        "model={kind: autoencoder, hidden: [8, 3], variational: {}, activation: tanh, code_activation: identity}",
    ),
    "layer by layer": (
        "model={kind: autoencoder, hidden: [8, 3], activation: tanh, code_activation: tanh}",
        "train.stages=[1,1]",
    ),
    "closed form": ("model={kind: elm, hidden: 20}", "train=null"),
}


@POSIX
@pytest.mark.parametrize(
    ("kind", "columns"), [*((kind, 80) for kind in KINDS), *(("with validation", n) for n in (120, 60, 30))]
)
def test_no_line_is_wider_than_the_terminal(tiny: Path, kind: str, columns: int) -> None:
    code, printed = run_on_a_terminal([*TRAIN, *KINDS[kind], "-v"], tiny.parent, columns)
    assert code == 0, printed
    assert [line for line in plain(printed) if width(line) > columns] == []
    assert kind == "closed form" or re.search("1/[35] ", printed)


@POSIX
def test_a_terminal_without_colours_has_none(tiny: Path) -> None:
    _, printed = run_on_a_terminal(TRAIN, tiny.parent, 80, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", printed)
    _, printed = run_on_a_terminal(TRAIN, tiny.parent, 80, TERM="dumb", PYTHONIOENCODING="ascii")
    assert printed.isascii()
    assert "\x1b[" not in printed
    assert "+---" in printed


def test_without_a_terminal_there_are_no_control_characters(tiny: Path) -> None:
    done = subprocess.run(TRAIN, cwd=tiny.parent, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert all(character == "\n" or character.isprintable() for character in done.stdout + done.stderr)


def test_a_reader_that_goes_away_does_not_stop_training(tiny: Path) -> None:
    process = launch([*TRAIN, "train.epochs=30", "train.log_every=1"], tiny.parent, stderr=subprocess.DEVNULL)
    wait_for(process, "")
    assert process.stdout is not None
    process.stdout.close()
    try:
        assert process.wait(60) == 0
    finally:
        kill(process)
    assert (tiny.parent / "checkpoints/tiny/result.json").is_file()
