"""Image folders listed by a child process while this one imports torch, which takes longer and one core.

Only where that is sure to be harmless: on Linux, in a process that has started no threads yet. Whatever goes wrong in
the child, this process lists the folder itself, and tells what is wrong with it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

if TYPE_CHECKING:
    from fcnet.data.folder.layouts import Listing

Place = tuple[str, str | None]  # folder of the images, file of their labels


class Ahead:
    """Listings that a child process makes.

    Args:
        places: what to list, in order.
    """

    def __init__(self, places: list[Place]) -> None:
        self._found: dict[Place, Listing] = {}
        self._child: tuple[int, BinaryIO] | None = None
        alone = threading.active_count() == 1 and not {"numpy", "torch"} & sys.modules.keys()
        if sys.platform == "linux" and alone:
            self._child = _start(places)

    def scan(self, images: str | Path, labels: str | Path | None) -> Listing:
        """``folder.scan``, done already where the child has done it."""
        from fcnet.data.folder import layouts

        self._receive()
        found = self._found.pop((str(images), None if labels is None else str(labels)), None)
        return layouts.scan(images, labels) if found is None else found

    def _receive(self) -> None:
        if self._child is None:
            return
        (process, pipe), self._child = self._child, None
        with pipe:
            try:
                while True:
                    place, listing = pickle.load(pipe)
                    self._found[place] = listing
            except (EOFError, pickle.UnpicklingError):  # done, or ended in the middle
                pass
        with contextlib.suppress(ChildProcessError):  # who started this process may have it forget its children
            os.waitpid(process, 0)


def _start(places: list[Place]) -> tuple[int, BinaryIO] | None:
    """A child that lists folders, and a pipe from it; None where there can be none."""
    try:
        reader, writer = os.pipe()
    except OSError:  # no more open files allowed
        return None
    # Held back until the child has no handlers left: Python forgets a signal that comes in the middle of a fork, and an
    # exception of a handler there would go on through the parent's program, in the child.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        process = os.fork()
        if process == 0:
            _be_child(places, reader, writer, unblocked)
    except OSError:  # no memory, or no more processes allowed
        os.close(reader)
        os.close(writer)
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    os.close(writer)
    return process, os.fdopen(reader, "rb")


def _be_child(places: list[Place], reader: int, writer: int, unblocked: set[int | signal.Signals]) -> NoReturn:
    try:
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        os.close(reader)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # or who reads the parent's would wait for this one's end
            os.dup2(nothing, stream)
        with os.fdopen(writer, "wb") as pipe:
            _list(places, pipe)
    finally:  # nothing of the parent's is to be done twice: no exit handlers, no flushes, no traceback
        os._exit(0)


def _list(places: list[Place], pipe: BinaryIO) -> None:
    from fcnet.data.folder import layouts
    from fcnet.errors import FcnetError

    for place in places:
        try:
            pickle.dump((place, layouts.scan(*place)), pipe, pickle.HIGHEST_PROTOCOL)
            pipe.flush()
        except (FcnetError, OSError):  # the parent finds it too, and tells
            continue
