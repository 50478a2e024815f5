"""Every error that fcnet expects, each class with the exit code of the process.

    FcnetError                1   a bug, unless it is one of these
    ├── ConfigError           2   the config file, an override or the command line
    ├── DataError             3   images, labels, folders
    ├── DivergedError         4   a loss or a gradient that is not finite
    ├── CheckpointError       5   a model file or checkpoint that is missing, damaged or of another shape
    ├── ResourceError         6   disk, memory or permission
    ├── InUseError            7   a run directory that another process works in
    └── Stopped              75   no failure: a signal asked to stop, all is saved, the run can be resumed

An error carries one line or several: a config with three mistakes names all three at once. The command line is the
only place that prints them, each behind ``fcnet: error:`` (``fcnet: stopped:``).
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# How many bad files, labels or keys one error lists; the total is always said.
SHOWN = 10


class FcnetError(Exception):
    """The root of the tree above.

    Args:
        *problems: one line each, in the form ``WHERE: what is wrong; what to do``.
    """

    exit_code = 1
    word = "error"  # what the command line puts before each line

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigError(FcnetError):
    """The config file, an override or the command line is wrong."""

    exit_code = 2


class DataError(FcnetError):
    """Images or labels are missing, unreadable or contradict each other."""

    exit_code = 3


class DivergedError(FcnetError):
    """A loss or a gradient became NaN or infinite; the weights are those of the last good step.

    Args:
        *problems: as above.
        facts: where it happened, as it is written to JSON: epoch, step, lr, and the batch's images.
    """

    exit_code = 4

    def __init__(self, *problems: str, facts: dict[str, Any] | None = None) -> None:
        super().__init__(*problems)
        self.facts = facts or {}


class CheckpointError(FcnetError):
    """A model file or checkpoint is missing, damaged, or does not fit the model."""

    exit_code = 5


class ResourceError(FcnetError):
    """The machine ran out of disk or memory, or refused access."""

    exit_code = 6


class InUseError(FcnetError):
    """Another process works in the run directory."""

    exit_code = 7


class Stopped(FcnetError):
    """A signal asked to stop. What was done is saved; the run can be resumed."""

    exit_code = 75  # EX_TEMPFAIL of BSD's sysexits: try again
    word = "stopped"


def listed(problems: list[str], summary: str) -> tuple[str, ...]:
    """The first ``SHOWN`` problems, then one line with the total where some were left out."""
    if len(problems) <= SHOWN:
        return tuple(problems)
    return (*problems[:SHOWN], f"{summary} (the first {SHOWN} of {len(problems)} are listed above)")


def few(names: Iterable[object], most: int) -> str:
    """The first few of some names, with dots where there are more."""
    found = [str(name) for name in names]
    return ", ".join(found[:most]) + (", ..." if len(found) > most else "")


# What the loader of libraries, and Python for its threads, say where memory or address space ran out.
_NO_MEMORY = ("failed to map segment", "annot allocate memory", "can't start new thread")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the CPU or a GPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's, for GPUs
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):  # numpy wraps what the loader said into a page of advice
        return any(words in str(error) for words in _NO_MEMORY)
    # For the CPU torch has no class: its allocator raises a RuntimeError that begins with its name.
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("DefaultCPUAllocator", "std::bad_alloc", *_NO_MEMORY)
    )


def no_memory() -> ResourceError:
    """The error of a process that memory ran out for, where no better cause is known."""
    if (limit := _address_space()) is not None:
        return ResourceError(
            f"memory: this process may use {limit / 1e9:.1f} GB of address space (ulimit -v), of which PyTorch alone"
            " takes 3 to 4; raise the limit"
        )
    return ResourceError("memory: not enough is free; use a smaller net, batch or image size")


def _address_space() -> int | None:
    """The limit of this process's address space in bytes; None where there is none."""
    try:
        import resource  # POSIX alone has it
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give errors of the system the name of the file that is written: ``write`` and ``fsync`` do not know it."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


# What the system's errors mean, and what to do about them.
OS_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file grew past the limit on file sizes",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "is a loop of links",
    errno.EEXIST: "something else is there already",
    errno.ENOTDIR: "a part of this path is a file, and no folder",
    errno.ENOENT: "is not there",
}
_OS_FIXES = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some space or choose another folder",
    errno.EFBIG: "raise the limit or choose another folder",
    errno.EROFS: "choose another folder",
    errno.EACCES: "ask for access, or choose another place",
    errno.EPERM: "ask for access, or choose another place",
    errno.EMFILE: "raise the limit (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.ENAMETOOLONG: "choose a shorter one",
}


def from_os_error(error: OSError) -> ResourceError:
    """The same failure as a ``ResourceError`` that names the file and the way out."""
    number = error.errno or 0
    where = "the operating system" if error.filename is None else os.fsdecode(error.filename)
    if number == errno.ENOSPC and error.filename is not None and _no_more_files(Path(where)):
        return ResourceError(
            f"{where}: the file system has room for no more files (its inodes are used up); remove some files or choose"
            " another folder"
        )
    # A text of our own, such as that of a link in the way, says more than the number.
    ours = error.strerror is not None and ";" in error.strerror
    reason = None if ours else OS_REASONS.get(number)
    if reason is None:
        return ResourceError(f"{where}: {error.strerror or error}")
    return ResourceError(f"{where}: {reason}" + (f"; {_OS_FIXES[number]}" if number in _OS_FIXES else ""))


def _no_more_files(path: Path) -> bool:
    """Whether the file system of a path has inodes (some have no fixed number), and none free."""
    place = next((one for one in (path, *path.absolute().parents) if one.exists()), None)
    if place is None or not hasattr(os, "statvfs"):
        return False
    found = os.statvfs(place)
    return found.f_files > 0 and found.f_favail == 0
