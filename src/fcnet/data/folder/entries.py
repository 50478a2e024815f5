"""The contents of a folder: images (by their names), sub-folders, and everything else, counted by kind."""

import errno
import os
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fcnet.data.folder.listing import Stats
from fcnet.data.images.decode import SUFFIXES
from fcnet.errors import DataError
from fcnet.system import files
from fcnet.system.text import listed

# What file managers, archivers and network disks leave behind: neither classes nor images.
_LEFT_BEHIND = frozenset(
    (
        *("__macosx", "@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "recycler", "lost+found"),
        *("system volume information", "__pycache__", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    )
)

_FILE_LIKE = re.compile(r".+\.[A-Za-z]\w{0,4}")  # a name with a suffix, as files have


@dataclass(frozen=True)
class Entries:
    """The contents of a folder, without hidden entries and those that systems leave behind.

    Attributes:
        names: image files.
        stats: their state.
        folders: sub-folders.
        others: everything else.
        broken: what is wrong with links that lead nowhere.
    """

    names: list[str]
    stats: Stats
    folders: list[str]
    others: list[str]
    broken: list[str]


def read(folder: Path) -> Entries:
    """List a folder, without reading its sub-folders or files."""
    names, folders, others, broken = [], [], [], []
    stats = array("q")
    with os.scandir(folder) as found:
        for entry in found:
            name = entry.name
            lower = name.lower()
            if name.startswith(".") or lower in _LEFT_BEHIND:
                continue
            is_image = lower.endswith(SUFFIXES)
            try:
                if is_image and entry.is_file():
                    names.append(name)
                    stats.extend(stat_row(entry.stat()))
                elif entry.is_dir():
                    folders.append(name)
                elif entry.is_symlink() and (is_image or not _FILE_LIKE.fullmatch(name)) and (way := dead_link(entry)):
                    broken.append(way)
                else:
                    others.append(name)
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                broken.append(dead_link(entry) or str(error))
    return Entries(names, stat_table(stats), folders, others, broken)


def dead_link(path: "os.PathLike[str]") -> str | None:
    """Describe a link that leads nowhere; None for anything else. Raises OSError if its target is forbidden."""
    if not os.path.islink(path):
        return None
    if (problem := files.dead_link(Path(path))) is not None:
        return f"{os.fspath(path)}: {problem}"
    os.stat(path)
    return None


def refuse_broken(*found: Entries) -> None:
    """Raise DataError for links that lead nowhere."""
    problems = [problem for one in found for problem in one.broken]
    if problems:
        raise DataError(*listed(problems, "links that lead nowhere"))


def stat_row(found: os.stat_result) -> tuple[int, int, int]:
    """Return what distinguishes one state of a file from another."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def stat_table(stats: "array[int]") -> Stats:
    """Return concatenated rows as a table."""
    return np.array(stats, np.int64).reshape(-1, 3)


def first_image(folder: Path, depth: int = 2) -> Path | None:
    """Return an image in a folder, or in its sub-folders down to a depth; None if there is none."""
    found = read(folder)
    if found.names:
        return folder / min(found.names)
    deeper = (first_image(folder / name, depth - 1) for name in sorted(found.folders) if depth)
    return next((image for image in deeper if image is not None), None)


def counted(names: Iterable[str]) -> str:
    """Count files by their kind, and folders (names that end in /): "128 .heic files, 1 .txt file"."""

    def kind(name: str) -> str:
        if name.endswith("/"):
            return "folder"
        suffix = os.path.splitext(name)[1].lower()
        return f"{suffix} file" if suffix else "file without a suffix"

    kinds = Counter(map(kind, names)).most_common()
    counts = [f"{n} {one}" if n == 1 else f"{n} " + re.sub("file|folder", r"\g<0>s", one) for one, n in kinds]
    return ", ".join(counts[:4]) + (" and others" if len(counts) > 4 else "")
