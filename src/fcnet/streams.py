"""stdout and stderr, written to so that neither their reader nor their encoding can stop a run."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

# What writing gives where the reader of a pipe has gone, on POSIX and on Windows, or the terminal.
_GONE = (errno.EPIPE, errno.EINVAL, errno.EIO)


def prepare() -> None:
    """Make both streams writable: a closed one leads nowhere, and what cannot be encoded is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the process was started with it closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (open to the end)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def write(stream: TextIO, text: str) -> None:
    """Write a line at once. Where the reader has gone, this line and all further ones lead nowhere."""
    with _outliving(stream):
        print(text, file=stream, flush=True)


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
    """A stream for a library to write to (a progress bar), as ``write`` does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; returns its length."""
        with _outliving(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Send what is written."""
        with _outliving(self._stream):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
