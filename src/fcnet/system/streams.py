"""Writing to stdout and stderr so that neither a closed pipe nor an encoding can stop a run."""

import codecs
import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from fcnet.system.files import OS_REASONS

# The errors of writing if the reader of a pipe is gone, on POSIX and on Windows, or the terminal.
_GONE = (errno.EPIPE, errno.EINVAL, errno.EIO)


# Characters that control a terminal or the direction of text; a tab and a newline are wanted.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


ESCAPING = "fcnet.escaping"  # for what cannot be encoded, such as bytes of a file name that are not UTF-8


def prepare() -> None:
    """Make both streams writable: text for a closed one is discarded, and what cannot be encoded is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the process was started with it closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (stays open)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPING)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return what is written for characters that an encoding lacks: as in JSON, in units of 16 bits."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


codecs.register_error(ESCAPING, _escape)


# Streams that could not be written to, by name, and why; a closed pipe does not count.
_lost: dict[str, str] = {}


def write(stream: TextIO, text: str, for_programs: bool = False) -> None:
    """Write a line of a command's result, and flush it.

    If the reader is gone, this line and all further ones are discarded.

    Args:
        stream: stdout or stderr.
        text: the line; on a terminal, or if it is for people, its control characters are escaped.
        for_programs: whether it is data, in which names must stay unchanged.

    Raises:
        OSError: the stream cannot be written to, for example because a disk is full.
    """
    with _outliving(stream):
        shown = text if for_programs and not stream.isatty() else visible(text)
        print(shown, file=stream, flush=True)


def tell(stream: TextIO, text: str) -> None:
    """Write an informational line, and flush it; a failure does not end the work.

    The first failure is reported on the other stream. If there is room again, lines are written again.
    """
    try:
        write(stream, text)
    except OSError as error:
        _lose(stream, error)


def losses() -> list[str]:
    """Return a message about each stream that could not be written to since ``forget``."""
    return [_words(name, why) for name, why in _lost.items()]


def forget() -> None:
    """Clear what ``losses`` reports."""
    _lost.clear()


def visible(text: str) -> str:
    """Return text with its control characters escaped: in the name of a file they could control the terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _lose(stream: TextIO, error: OSError) -> None:
    name = str(getattr(stream, "name", "a stream")).strip("<>")
    if name in _lost:
        return
    _lost[name] = OS_REASONS.get(error.errno or 0) or error.strerror or str(error)
    other = sys.stdout if stream is sys.stderr else sys.stderr
    tell(other, f"fcnet: warning: {_words(name, _lost[name])}")


def _words(name: str, why: str) -> str:
    return f"{name}: {why}; its lines are lost, and the run continues"


@contextlib.contextmanager
def _outliving(stream: TextIO) -> Iterator[None]:
    """Discard a stream's text once its reader is gone."""
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE:
            error.filename = error.filename or getattr(stream, "name", None)
            raise
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Outliving:
    """A stream for a library to write to (a progress bar), as ``tell`` does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text and return its length."""
        with self._reporting():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        with self._reporting():
            self._stream.flush()

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            with _outliving(self._stream):
                yield
        except OSError as error:
            _lose(self._stream, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
