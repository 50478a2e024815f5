"""What lies in a folder: its images by their names, and all else."""

import os
from array import array
from pathlib import Path

import numpy as np

from fcnet.images import SUFFIXES
from fcnet.listing import Stats


def read(folder: Path) -> tuple[list[str], Stats, list[str]]:
    """Image files of a folder with their stats, and the names of all else that is not hidden."""
    names, ignored = [], []
    stats = array("q")
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if name.lower().endswith(SUFFIXES) and entry.is_file():
                names.append(name)
                stats.extend(stat_row(entry.stat()))
            else:
                ignored.append(name)
    return names, stat_table(stats), ignored


def stat_row(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def stat_table(stats: "array[int]") -> Stats:
    return np.array(stats, np.int64).reshape(-1, 3)
