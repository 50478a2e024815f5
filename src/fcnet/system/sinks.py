"""Where records go: what a command says, how far it is, and what a training yields.

A command prints nothing. It writes records to sinks: the command line brings one that shows them (``cli.console``), a
run directory has one that keeps metrics (``rundir.log``), a program brings its own, or none.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol


class Sink(Protocol):
    """A reader of records. A record's ``kind`` says what it is; a sink passes over the kinds that it does not know."""

    def write(self, record: Any) -> None:
        """Take a record."""

    def close(self) -> None:
        """End: no further record comes."""


@dataclass(frozen=True)
class Message:
    """A line for people.

    Attributes:
        level: ``info`` about the work itself, ``notice`` beside it, or ``warning``.
        text: the line.
    """

    kind: ClassVar[str] = "message"

    level: Literal["info", "notice", "warning"]
    text: str


@dataclass(frozen=True)
class Progress:
    """How far a long piece of work is.

    Attributes:
        what: it is.
        done: images so far.
        total: images in all.
    """

    kind: ClassVar[str] = "progress"

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class ProgressEnd:
    """The work that ``Progress`` was about is over, done or not."""

    kind: ClassVar[str] = "progress end"


Count = Callable[[str, int, int], None]  # is told what is being done, how many images are done, and of how many


def never() -> None:
    """Check nothing, end nothing."""


class Sinks:
    """Several sinks as one, with words for what commands say.

    Args:
        sinks: in the order in which each record is written to them.
    """

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self._sinks = tuple(sinks)

    def __iter__(self) -> Iterator[Sink]:
        return iter(self._sinks)

    def write(self, record: Any) -> None:
        """Write a record to all."""
        for sink in self._sinks:
            sink.write(record)

    def close(self) -> None:
        """Close all."""
        for sink in self._sinks:
            sink.close()

    def say(self, text: str) -> None:
        """Write a line about the work itself."""
        self.write(Message("info", text))

    def notice(self, text: str) -> None:
        """Write a line beside the work that is not a warning."""
        self.write(Message("notice", text))

    def warn(self, text: str) -> None:
        """Write a warning."""
        self.write(Message("warning", text))

    @contextmanager
    def counting(self, check: Callable[[], None] = never) -> Iterator[Count]:
        """Yield a function that reports how far a long piece of work is.

        Args:
            check: called each time before; ends the work by raising.
        """

        def count(what: str, done: int, total: int) -> None:
            check()
            self.write(Progress(what, done, total))

        try:
            yield count
        finally:
            self.write(ProgressEnd())


SILENT = Sinks()
