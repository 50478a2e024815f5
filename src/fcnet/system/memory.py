"""How much memory there is, and who ran out of it."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from fcnet.errors import ResourceError

SHARE = 4  # images are mapped by themselves where they take more than a quarter of the memory
UNKNOWN_MEMORY = 8 << 30  # bytes taken for the memory of a machine that does not tell

# Where the limits of control groups are told, which containers and batch jobs have, in their two versions.
_GROUPS = Path("/proc/self/cgroup")
_ROOTS = {
    "": (Path("/sys/fs/cgroup"), "memory.max"),
    "memory": (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
}


def memory() -> int:
    """Bytes of memory that this process may hope for: the machine's, or the least limit of its control groups."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return UNKNOWN_MEMORY
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in _limits():
        try:
            found.append(int(file.read_text()))
        except (OSError, ValueError):  # none there, or "max"
            continue
    return min(found)


def _limits() -> Iterator[Path]:
    """Files that may tell a limit: those of this process's control group and of all that it lies in."""
    try:
        lines = _GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, group = line.split(":", 2)
        for kind in _ROOTS.keys() & set(kinds.split(",")):
            root, name = _ROOTS[kind]
            place = Path(group.strip("/"))
            yield from (root / part / name for part in (place, *place.parents))


def advisable(size: int) -> bool:
    """Whether so many bytes of images had better stay in their files."""
    return size * SHARE > memory()


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
