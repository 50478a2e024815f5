"""Run the benchmark's programs: whole processes, one at a time, taking turns in rounds.

Imported by scripts/benchmark.py; does nothing by itself.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path("scripts/peers")  # relative to ROOT, as all paths of commands
OWN = Path("scripts/bench")

Figures = dict[str, float]
Program = Callable[[int], Figures | None]  # runs once in the round of that number; None if it skips that round


class FailedError(Exception):
    """A program did not return its results; the text says why."""


def shown(text: str) -> str:
    """Return a text without this machine's paths, for a page."""
    for folder in (f"{ROOT}{os.sep}", f"{tempfile.gettempdir()}{os.sep}", f"{Path.home()}{os.sep}"):
        text = text.replace(folder, "")
    return text


@dataclass(frozen=True)
class Done:
    """A process that succeeded: seconds from start to exit, its lines with their times, its peak memory."""

    seconds: float
    lines: list[tuple[float, str]]
    peak_mb: float | None

    def objects(self) -> list[dict[str, Any]]:
        """Return the JSON objects that it printed."""
        return [json.loads(line) for _, line in self.lines if line.startswith("{")]


def launch(*words: object) -> Done:
    """Run a process to its end. Raises FailedError if it cannot be started or fails."""
    command = [str(word) for word in words]
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        started = time.perf_counter()
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        except OSError as error:
            raise FailedError(f"{shown(command[0])}: {error.strerror or error}") from error
        assert process.stdout is not None
        with process.stdout as output:
            lines = [(time.perf_counter() - started, line.rstrip("\n")) for line in output]
        peak = wait(process)
        seconds = time.perf_counter() - started
        if process.returncode:
            errors.seek(0)
            said = [line for line in errors.read().splitlines() if line.strip()] or [f"exit code {process.returncode}"]
            raise FailedError(shown(said[-1]))
    return Done(seconds, lines, peak)


def wait(process: subprocess.Popen[str]) -> float | None:
    """Wait for a process; return its peak resident memory in MB, or None if the system does not report it."""
    if not hasattr(os, "wait4"):
        process.wait()
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


@dataclass(frozen=True)
class Bench:
    """The environment of the programs.

    Attributes:
        peers: interpreter that has the other libraries.
        data: image folder written by ``fcnet data mnist``, relative to ROOT.
        rounds: how often each program runs.
        course_rounds: how often the course's program runs, which takes minutes.
        folder: for run directories and arrays; removed at the end.
    """

    peers: str
    data: str
    rounds: int
    course_rounds: int
    folder: Path

    def fcnet(self, config: str, *overrides: str) -> tuple[list[dict[str, Any]], Done]:
        """Train with a config of configs/; return the records of its epochs, and the process."""
        root = [] if config == "digits" else [f"data.root={self.data}"]
        return self.trained(config, *root, *overrides)

    def trained(self, config: str, *overrides: str) -> tuple[list[dict[str, Any]], Done]:
        """Do the same, with other images if the overrides name them."""
        out = self.folder / "run"
        try:
            words = ["--config", f"configs/{config}.yaml", *overrides, "--out", out]
            done = launch(sys.executable, "-m", "fcnet", "train", *words)
            records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        finally:
            shutil.rmtree(out, ignore_errors=True)
        return [record for record in records if record["kind"] == "epoch"], done

    def peer(self, name: str, epochs: int, seed: int, *options: str) -> tuple[list[dict[str, Any]], Done]:
        """Run a program of scripts/peers; return what it printed for each epoch, and the process."""
        words = [self.arrays(), "--epochs", epochs, "--seed", seed, *options]
        done = launch(self.peers, PEERS / f"{name}.py", *words)
        epochs_printed = done.objects()
        if len(epochs_printed) != epochs:
            raise FailedError(f"reported {len(epochs_printed)} of {epochs} epochs")
        return epochs_printed, done

    def own(self, name: str, *options: object) -> Figures:
        """Run a program of scripts/bench in fcnet's interpreter, and return its results."""
        (figures,) = launch(sys.executable, OWN / f"{name}.py", "--data", self.data, *options).objects()
        return figures

    def course(self, epochs: int, seed: int = 0) -> Done:
        """Run the course's program, with -u, so that its lines arrive when they are printed."""
        out = self.folder / "course.pth"
        words = ["--epochs", epochs, "--out", out, "--seed", seed]
        return launch(sys.executable, "-u", "scripts/course_program.py", self.data, *words)

    def arrays(self) -> Path:
        """Return the file with the images for the peers; it is written at the first call."""
        path = self.folder / "arrays.npz"
        if not path.exists():
            launch(sys.executable, OWN / "arrays.py", self.data, path)
        return path


def in_rounds(programs: dict[str, Program], rounds: int) -> dict[str, Any]:
    """Run each program once per round. A program that fails is left out from then on, and the reason is kept."""
    found: list[dict[str, Figures]] = []
    left_out: dict[str, str] = {}
    for number in range(rounds):
        row: dict[str, Figures] = {}
        for name in list(programs)[:: -1 if number % 2 else 1]:
            if name in left_out:
                continue
            try:
                figures = programs[name](number)
            except FailedError as error:
                left_out[name] = f"{error}" if number == 0 else f"{error} (in round {number + 1})"
                say(f"  {name}: left out: {error}")
                continue
            if figures is not None:
                row[name] = figures
                say(f"  round {number + 1}/{rounds}  {name}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
        found.append({name: row[name] for name in programs if name in row})
    return {"rounds": found, "left_out": left_out}


def say(line: str) -> None:
    """Report the progress of the benchmark."""
    print(line, flush=True)
