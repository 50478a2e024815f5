"""What users see while a command runs: lines in a log; on a terminal a table with a progress line, and a summary.

Results go to stdout; bars, notices and warnings about the data go to stderr.
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from fcnet.cli import words
from fcnet.cli.screen import lines, live, summary
from fcnet.cli.words import Verbosity
from fcnet.system import streams
from fcnet.system.sinks import Message, Progress, Sinks
from fcnet.system.text import counted, wrapped


class Console:
    """A sink that shows records: for people if stdout or stderr is a terminal, else as lines.

    Args:
        verbosity: what is shown.
    """

    def __init__(self, verbosity: Verbosity = Verbosity.USUAL) -> None:
        self._verbosity = verbosity
        self._counting: Any = None  # the bars of long pieces of work, with a task for each
        self._tasks: dict[str, Any] = {}
        self._training: lines.Training | None = None

    def write(self, record: Any) -> None:
        """Show a record; ignore unknown kinds."""
        match record.kind:
            case "message":
                self._say(record)
            case "finished":
                self._finish(record)
            case _ if self._verbosity == Verbosity.QUIET:
                pass
            case "progress":
                self._count(record)
            case "progress end":
                self._close_bars()
            case "start":
                self._close_training()  # that of the previous phase
                verbose = self._verbosity == Verbosity.VERBOSE
                self._training = (live.Table if sys.stdout.isatty() else lines.Lines)(record, verbose)
            case "end":
                self._close_training()
            case _ if self._training is not None:
                self._training.show(record)

    def close(self) -> None:
        """Remove all bars."""
        self._close_bars()
        self._close_training()

    def _say(self, message: Message) -> None:
        if message.level == "warning":
            words.warn(message.text)
        elif self._verbosity >= (Verbosity.VERBOSE if message.level == "detail" else Verbosity.USUAL):
            tell(sys.stderr if message.level == "notice" else sys.stdout, message.text)

    def _finish(self, record: Any) -> None:
        if self._verbosity == Verbosity.QUIET:
            streams.tell(sys.stdout, record.text())
        elif sys.stdout.isatty():
            summary.panel(record)
        else:
            for line in summary.lines(record):
                streams.tell(sys.stdout, line)

    def _count(self, progress: Progress) -> None:
        if not sys.stderr.isatty():
            if progress.done == progress.total:
                streams.tell(sys.stderr, f"{progress.what}: {counted(progress.done, 'image')}")
            return
        if self._counting is None:
            self._counting = live.bars(sys.stderr, "images")
            self._counting.start()
        done = f"{progress.done:,} of {counted(progress.total, 'image')}"
        if progress.what not in self._tasks:
            what = streams.visible(progress.what)
            self._tasks[progress.what] = self._counting.add_task(what, total=progress.total, images=done)
        self._counting.update(self._tasks[progress.what], completed=progress.done, images=done)

    def _close_bars(self) -> None:
        if self._counting is not None:
            self._counting.stop()
        self._counting, self._tasks = None, {}

    def _close_training(self) -> None:
        if self._training is not None:
            self._training.close()
        self._training = None


def tell(stream: TextIO, text: str) -> None:
    """Write an informational line; on a terminal in several, broken between words."""
    shown = wrapped(text, shutil.get_terminal_size().columns, "  ") if stream.isatty() else [text]
    for line in shown:
        streams.tell(stream, line)


@contextmanager
def shown() -> Iterator[Sinks]:
    """Yield sinks that show a command's records; all bars are removed however it ends."""
    sinks = Sinks([Console(words.verbosity.get())])
    try:
        yield sinks
    finally:
        sinks.close()
