"""Where records go: a command's messages, its progress, and what a training yields.

A command prints nothing. It writes records to sinks: the command line has one that shows them (``cli.console``), a run
directory has one that stores metrics (``rundir.log``), and a program passes its own, or none.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol


class Sink(Protocol):
    """A reader of records. A record's ``kind`` says what it is; a sink ignores the kinds that it does not know."""

    def write(self, record: Any) -> None:
        """Take a record."""

    def close(self) -> None:
        """Close the sink: no further record comes."""


@dataclass(frozen=True)
class Message:
    """A line for people.

    Attributes:
        level: ``info`` for the work itself, ``detail`` for how it is computed, ``notice`` for side notes, or
            ``warning``.
        text: the line.
    """

    kind: ClassVar[str] = "message"

    level: Literal["info", "detail", "notice", "warning"]
    text: str


@dataclass(frozen=True)
class Progress:
    """The progress of a long piece of work.

    Attributes:
        what: the work.
        done: images so far.
        total: images in all.
    """

    kind: ClassVar[str] = "progress"

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class ProgressEnd:
    """The work that ``Progress`` reported has ended, complete or not."""

    kind: ClassVar[str] = "progress end"


Count = Callable[[str, int, int], None]  # (work, images done, images in all)


def never() -> None:
    """Do nothing: a check that never ends the work."""


class Sinks:
    """Several sinks as one, with methods for messages.

    Args:
        sinks: in the order in which each record is written to them.
    """

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self._sinks = tuple(sinks)

    def __iter__(self) -> Iterator[Sink]:
        return iter(self._sinks)

    def write(self, record: Any) -> None:
        """Write a record to all sinks."""
        for sink in self._sinks:
            sink.write(record)

    def close(self) -> None:
        """Close all sinks."""
        for sink in self._sinks:
            sink.close()

    def say(self, text: str) -> None:
        """Write a line about the work itself."""
        self.write(Message("info", text))

    def detail(self, text: str) -> None:
        """Write a line about how the work is done, which few want to read."""
        self.write(Message("detail", text))

    def notice(self, text: str) -> None:
        """Write a side note that is not a warning."""
        self.write(Message("notice", text))

    def warn(self, text: str) -> None:
        """Write a warning."""
        self.write(Message("warning", text))

    @contextmanager
    def counting(self, check: Callable[[], None] = never) -> Iterator[Count]:
        """Yield a function that reports the progress of a long piece of work.

        Args:
            check: called before each report; raises to end the work.
        """

        def count(what: str, done: int, total: int) -> None:
            check()
            self.write(Progress(what, done, total))

        try:
            yield count
        finally:
            self.write(ProgressEnd())


SILENT = Sinks()
