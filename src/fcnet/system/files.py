"""Files as bytes: replaced as a whole, and read only where they are files, and no larger than they may be."""

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fcnet.errors import ResourceError

MAX_JSON = 1 << 20  # bytes; the files that fcnet writes have a few hundred

# File systems whose files are made by the system as they are read, some of them without an end.
_SYSTEMS = ("/proc", "/sys")

# The name of a file that is being written, beside its place: NAME.PID.tmp.
PARTIAL = re.compile(r"(?P<name>.+)\.[0-9]{1,20}\.tmp")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give errors of the system the name of the file that is written: ``write`` and ``fsync`` do not know it."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


class NotReadable(ValueError):
    """What should be read is no file, or larger than it may be; the text says which."""


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file as a whole: after a crash, also of the machine, it is either the old one or the new one.

    Raises:
        OSError: it cannot be written; or a link lies there, which leads to a file that is somebody else's.
    """
    if path.is_symlink():
        raise _is_a_link(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    if _is_file_itself(partial):  # of an earlier process with the same number
        partial.unlink()
    with naming(path), partial.open("xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def following_no_link(path: str, flags: int) -> int:
    """Open a file for ``open(..., opener=...)``. Raises OSError if it is a link."""
    try:
        return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise (_is_a_link(Path(path)) if error.errno == errno.ELOOP else error) from None


def check_lock(path: Path) -> None:
    """Raise OSError if something else than an empty file lies where a lock is to be: taking it could change it."""
    if path.is_symlink():
        raise _is_a_link(path)
    if path.exists() and not (_is_file_itself(path) and path.stat().st_size == 0):
        raise OSError(errno.EEXIST, "is no lock of fcnet's; remove it, or choose another folder", str(path))


def _is_a_link(path: Path) -> OSError:
    return OSError(
        errno.ELOOP, "is a link, through which nothing is written; remove it, or name the file it leads to", str(path)
    )


def _is_file_itself(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows has no such call, and needs none."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            with naming(folder):
                os.fsync(number)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that have no such call
                raise
        finally:
            os.close(number)


def read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Args:
        path: the file.
        most: how many bytes it may have.

    Raises:
        OSError: it cannot be read.
        NotReadable: it is a folder, a pipe, a device or made by the system, whose reading might never end; or it is
            larger than ``most``.
    """
    with _opened(path) as (number, size):
        if size > most:
            raise NotReadable(f"has {size:,} bytes, more than {most:,}")
        with open(number, "rb", closefd=False) as file:
            data = file.read(most + 1)
    if len(data) > most:  # it grows
        raise NotReadable(f"has more than {most:,} bytes")
    return data


def read_start(path: Path, count: int) -> bytes:
    """The first bytes of a file, of whatever size. Raises OSError, or NotReadable for what is no file."""
    with _opened(path) as (number, _), open(number, "rb", closefd=False) as file:
        return file.read(count)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, int]]:
    """A file's descriptor and its size. Raises OSError, or NotReadable for what is no file."""
    # A pipe without a writer would keep an opening that blocks for ever.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode) or found.st_dev in _made_by_the_system():
            raise NotReadable(f"is {kind(found)}, not a file")
        yield number, found.st_size
    finally:
        os.close(number)


def look(path: Path | str) -> os.stat_result | None:
    """What lies at a path, through links; None where nothing does, of which ``absent`` says why.

    Raises:
        ResourceError: it cannot be said, since a folder above may not be entered.
    """
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise ResourceError(f"{path}: permission denied{_barrier(Path(path))}; ask for access, or use a copy") from None
    except ValueError:  # a null byte, which no name has
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):  # nothing can be there
            return None
        raise from_os_error(error) from None


def is_file(path: Path | str) -> bool:
    """Whether a path leads to a file. Raises ResourceError as ``look``."""
    found = look(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(path: Path | str) -> bool:
    """Whether a path leads to a folder. Raises ResourceError as ``look``."""
    found = look(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def absent(path: Path | str, what: str = "there is no such file") -> str:
    """Why ``look`` finds nothing at a path: ``what``, or the link or the file on the way that leads nowhere."""
    if "\0" in str(path):
        return what
    for part in reversed(Path(path).parents):
        if os.path.isfile(part):
            return f"{part} is a file, not a folder"
    return dead_link(Path(path)) or what


def dead_link(path: Path) -> str | None:
    """What to say of a link at a path, or on the way to it, that leads nowhere; None where there is none."""
    for part in (*reversed(path.parents), path):
        if not os.path.islink(part) or os.path.exists(part):
            continue
        own = "" if part == path else f"{part} "
        try:
            os.stat(part)
        except (FileNotFoundError, NotADirectoryError):
            return f"{own}is a link to {os.readlink(part)}, which is not there; restore that, or remove the link"
        except PermissionError:
            return None  # it may lead somewhere
        except OSError:
            return f"{own}is a link that leads back to itself; remove it"
    return None


def _barrier(path: Path) -> str:
    """The folder on the way to a path that may not be entered, in words."""
    for part in reversed(path.parents):
        if os.path.isdir(part) and not os.access(part, os.X_OK):
            return f" (the folder {part} may not be entered)"
    return ""


def kind(found: os.stat_result) -> str:
    """What the system says that something is, in words."""
    mode = found.st_mode
    words = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((word for is_one, word in words if is_one(mode)), "made by the system")


@cache
def _made_by_the_system() -> frozenset[int]:
    """The numbers of the file systems whose files are on no disk."""
    return frozenset(os.stat(place).st_dev for place in _SYSTEMS if os.path.isdir(place))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a small file. Raises OSError, or ValueError where there is none."""
    try:
        values = json.loads(read_bytes(path, MAX_JSON))
    except RecursionError:
        values = None
    if not isinstance(values, dict):
        raise ValueError(f"{path}: holds no JSON object")
    return values


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
