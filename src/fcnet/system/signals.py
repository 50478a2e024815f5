"""Signals that request a training to stop: TERM, INT, USR2, and HUP unless it is ignored.

The handlers only set a flag; training checks it between two steps, when its state is complete. A second INT (Ctrl-C)
raises ``KeyboardInterrupt`` wherever the program is.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from fcnet.errors import Stopped

# Only POSIX has USR2 and HUP.
STOPPING = ("SIGTERM", "SIGINT", "SIGUSR2", "SIGHUP")

INTERRUPTED = 130  # exit code after Ctrl-C, as in shells

# A program is started with these ignored on purpose: nohup ignores HUP, a shell's & ignores INT.
LEFT_IGNORED = ("SIGINT", "SIGHUP")


class Stop:
    """Whether a stop was requested.

    Attributes:
        signal: the name of the first signal that requested it; empty if none has.
    """

    def __init__(self) -> None:
        self.signal = ""
        self._interrupts = 0

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Record a signal. Raises KeyboardInterrupt at the second INT."""
        self.signal = self.signal or signal.Signals(number).name
        self._interrupts += number == signal.SIGINT
        if self._interrupts > 1:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise Stopped if a stop was requested; for use before the first step."""
        if self.signal:
            raise Stopped(f"{self.signal} before training began; nothing was lost; run the same command again")


def catch(previous: dict[int, Any] | None = None) -> Stop:
    """Handle the signals. Does nothing outside the main thread, where Python does not allow it.

    Args:
        previous: receives the previous handlers.
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
    """Handle the signals within a ``with`` block."""
    previous: dict[int, Any] = {}
    stop = catch(previous)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Let Ctrl-C end the process at once while other packages are imported.

    They would turn it into errors of their own, or abort.
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
