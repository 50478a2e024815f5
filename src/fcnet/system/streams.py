"""stdout and stderr, written to so that neither their reader nor their encoding can stop a run."""

import codecs
import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from fcnet.system.files import OS_REASONS

# What writing gives where the reader of a pipe has gone, on POSIX and on Windows, or the terminal.
_GONE = (errno.EPIPE, errno.EINVAL, errno.EIO)


# Characters that steer a terminal, or turn the text around them; a tab and the end of a line are meant.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


ESCAPING = "fcnet.escaping"  # how streams write what cannot be encoded, bytes of a name that are no UTF-8 for one


def prepare() -> None:
    """Make both streams writable: a closed one leads nowhere, and what cannot be encoded is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the process was started with it closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (open to the end)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPING)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Return what is written for characters that an encoding has not: as JSON has it, in units of 16 bits."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


codecs.register_error(ESCAPING, _escape)


# Streams that could not be written to, by name, and why; those whose readers have gone are not among them.
_lost: dict[str, str] = {}


def write(stream: TextIO, text: str, for_programs: bool = False) -> None:
    """Write a line at once: a result, for which the command was given.

    Where the reader has gone, this line and all further ones lead nowhere.

    Args:
        stream: stdout or stderr.
        text: the line; on a terminal, or if it is for people, its control characters are written out.
        for_programs: whether it is data, whose names have to stay as they are.

    Raises:
        OSError: the stream cannot be written to, for one on a full disk.
    """
    with _outliving(stream):
        shown = text if for_programs and not stream.isatty() else visible(text)
        print(shown, file=stream, flush=True)


def tell(stream: TextIO, text: str) -> None:
    """Write a line at once, if it can be: one that only tells how work goes, which is not to end it.

    The first that cannot be written is told of on the other stream. Where there is room again, lines come again.
    """
    try:
        write(stream, text)
    except OSError as error:
        _lose(stream, error)


def losses() -> list[str]:
    """Return what is to be said of streams that could not be written to since ``forget``."""
    return [_words(name, why) for name, why in _lost.items()]


def forget() -> None:
    """Begin anew with what ``losses`` tells."""
    _lost.clear()


def visible(text: str) -> str:
    """Return text whose control characters are written out: in the name of a file they could steer the terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _lose(stream: TextIO, error: OSError) -> None:
    name = str(getattr(stream, "name", "a stream")).strip("<>")
    if name in _lost:
        return
    _lost[name] = OS_REASONS.get(error.errno or 0) or error.strerror or str(error)
    other = sys.stdout if stream is sys.stderr else sys.stderr
    tell(other, f"fcnet: warning: {_words(name, _lost[name])}")


def _words(name: str, why: str) -> str:
    return f"{name}: {why}; its lines are lost, and the run goes on"


@contextlib.contextmanager
def _outliving(stream: TextIO) -> Iterator[None]:
    """Send a stream nowhere, from when its reader has gone."""
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
        """Write text; returns its length."""
        with self._telling():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send what is written."""
        with self._telling():
            self._stream.flush()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            with _outliving(self._stream):
                yield
        except OSError as error:
            _lose(self._stream, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
