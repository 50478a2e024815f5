"""Real processes, none of which is waited for without end."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

LAUNCHED: list[subprocess.Popen[str]] = []


def start(folder: Path, *words: object, **more: Any) -> subprocess.Popen[str]:
    """A real ``fcnet`` process in a group of its own."""
    return launch([sys.executable, "-m", "fcnet", *map(str, words)], folder, **more)


def launch(command: list[str], folder: Path, **more: Any) -> subprocess.Popen[str]:
    """A process in a group of its own; what it prints and its errors come together."""
    given: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "start_new_session": True}
    process: subprocess.Popen[str] = subprocess.Popen(command, cwd=folder, text=True, **(given | more))
    LAUNCHED.append(process)
    return process


def end_all() -> None:
    """Kill what a test that failed has left running."""
    while LAUNCHED:
        process = LAUNCHED.pop()
        if process.poll() is None:
            kill(process)
            process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def kill(process: subprocess.Popen[Any]) -> None:
    """kill -9, together with its children where it has a group of its own."""
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def finish(process: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str]:
    """Wait for the end of a process: its exit code, and all that it printed."""
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        out, _ = process.communicate(timeout=60)
        raise AssertionError(f"the process had not ended after {seconds} s; it printed:\n{out}") from None
    return process.returncode, out or ""


def wait_for(process: subprocess.Popen[str], words: str, seconds: float = 120) -> None:
    """Read what a process prints until a line has these words."""
    assert process.stdout is not None
    late = threading.Timer(seconds, kill, [process])  # then what it prints ends
    late.start()
    began = time.monotonic()
    try:
        for line in process.stdout:
            if words in line:
                return
    finally:
        late.cancel()
    how = "ended" if time.monotonic() - began < seconds else f"was killed after {seconds} s"
    raise AssertionError(f"the process {how} before it printed {words!r}")


def read(file: int, end: float) -> bytes:
    """What comes next from a pipe or a terminal, nothing at its end; until time.monotonic() is ``end``."""
    ready, _, _ = select.select([file], [], [], max(0, end - time.monotonic()))
    assert ready, "nothing more was written in time"
    try:
        return os.read(file, 65536)
    except OSError:  # the other side of a terminal was closed
        return b""
