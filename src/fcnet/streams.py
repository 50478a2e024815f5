"""stdout and stderr, written to so that neither their reader nor their encoding can stop a run."""

import contextlib
import errno
import os
import sys
from typing import TextIO

# What writing to a pipe whose reader has gone gives, on POSIX and on Windows.
_GONE = (errno.EPIPE, errno.EINVAL)


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
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        if error.errno not in _GONE:
            raise
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
