"""Signals that ask a training to stop: TERM, INT, USR2, and HUP where nobody ignores it.

The handlers set a flag and nothing more; the training looks at it between two steps, where its state is whole. A
second INT (Ctrl-C) raises ``KeyboardInterrupt`` wherever the program is.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from fcnet.errors import Stopped

# USR2 and HUP are POSIX's alone.
STOPPING = ("SIGTERM", "SIGINT", "SIGUSR2", "SIGHUP")

INTERRUPTED = 130  # exit code after Ctrl-C, as shells give it

# Who starts a program with these ignored means it: nohup does so with HUP, a shell's & with INT.
LEFT_IGNORED = ("SIGINT", "SIGHUP")


class Stop:
    """Whether a stop was asked for.

    Attributes:
        signal: the name of the first signal that asked; empty while none has.
    """

    def __init__(self) -> None:
        self.signal = ""
        self._interrupts = 0

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """The handler. Raises KeyboardInterrupt at the second INT."""
        self.signal = self.signal or signal.Signals(number).name
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise Stopped where a stop was asked for: for all that comes before the first step."""
        if self.signal:
            raise Stopped(f"{self.signal} before the training began; nothing was lost: give the same command again")


def catch(previous: dict[int, Any] | None = None) -> Stop:
    """Take the signals over. In other threads than the main one, where Python cannot, nothing is done.

    Args:
        previous: takes the handlers that were there before.
    """
    stop = Stop()
    if threading.current_thread() is threading.main_thread():
        for name in STOPPING:
            number = getattr(signal, name, None)
            if number is None or (name in LEFT_IGNORED and signal.getsignal(number) == signal.SIG_IGN):
                continue
            before = signal.signal(number, stop.handle)
            if previous is not None:
                previous[number] = before
    return stop


@contextlib.contextmanager
def catching() -> Iterator[Stop]:
    """Take the signals over for a while."""
    previous: dict[int, Any] = {}
    stop = catch(previous)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Let Ctrl-C end the process at once, where it would otherwise go through the imports of other packages.

    Those turn it into errors of their own, or abort.
    """
    previous = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(previous):
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        try:
            previous(number, frame)
        except KeyboardInterrupt:
            os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
