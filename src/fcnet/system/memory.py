"""How much memory this process may use, and whether it ran out."""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from fcnet.errors import OutOfMemory

SHARE = 4  # images are mapped automatically if they take more than a quarter of the memory
UNKNOWN_MEMORY = 8 << 30  # bytes assumed for a machine that does not report its memory

# Where control groups (of containers and batch jobs) publish their limits, in their two versions.
Places = Mapping[str, tuple[Path, str]]  # of each controller ("" for version 2): where its groups are, and the file

GROUPS = Path("/proc/self/cgroup")
_ROOTS: Places = {
    "": (Path("/sys/fs/cgroup"), "memory.max"),
    "memory": (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
}


def memory() -> int:
    """Return the bytes of memory this process may use: the machine's, or the lowest limit of its control groups."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return UNKNOWN_MEMORY
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for file in limit_files(_ROOTS, GROUPS):
        try:
            found.append(int(file.read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return min(found)


def limit_files(roots: Places, groups: Path) -> Iterator[Path]:
    """Yield files that may hold a limit: those of this process's control group and of all groups above it."""
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, group = line.split(":", 2)
        for kind in roots.keys() & set(kinds.split(",")):
            root, name = roots[kind]
            place = Path(group.strip("/"))
            yield from (root / part / name for part in (place, *place.parents))


def advisable(size: int) -> bool:
    """Return whether so many bytes of images should stay on disk."""
    return size * SHARE > memory()


# Texts of the library loader, and of Python for its threads, if memory or address space runs out.
_NO_MEMORY = ("failed to map segment", "annot allocate memory", "can't start new thread")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out, on the CPU or a GPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's, for GPUs
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):  # numpy wraps the loader's text in a page of advice
        return any(words in str(error) for words in _NO_MEMORY)
    # For the CPU torch has no class: its allocator raises a RuntimeError that begins with its name.
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("DefaultCPUAllocator", "std::bad_alloc", *_NO_MEMORY)
    )


def no_memory() -> OutOfMemory:
    """Return the error of a process that ran out of memory, if no better cause is known."""
    if (limit := _address_space()) is not None:
        return OutOfMemory(
            f"memory: this process may use {limit / 1e9:.1f} GB of address space (ulimit -v), of which PyTorch alone"
            " takes 3 to 4; raise the limit"
        )
    return OutOfMemory("memory: not enough free memory; use a smaller net, batch or image size")


def _address_space() -> int | None:
    """Return the limit of this process's address space in bytes; None if there is none."""
    try:
        import resource  # only POSIX has it
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit
