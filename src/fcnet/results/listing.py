"""Find the runs in folders, nested ones too, and return each as a row."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.results import row
from fcnet.results.row import METRICS, RESULT, Row
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.text import natural

__all__ = ["Row", "read", "rows"]

DEPTH = 5  # levels of folders that are searched


def read(folder: Path) -> list[Row]:
    """Return the runs in a folder and in the folders below it, sorted by name; a run directory is its own only one.

    Raises:
        ConfigError: there is no such folder.
        ResourceError: it cannot be entered.
    """
    if files.look(folder) is None:
        why = files.absent(folder, f"there is no such folder; looked in {Path.cwd()}{find.offers(folder)}")
        raise ConfigError(f"{folder}: {why}")
    if not files.is_folder(folder):
        raise ConfigError(f"{folder}: is a file; name a run directory, or a folder of runs")
    if _is_run(folder):
        return [row.of(folder, str(folder))]
    places: dict[tuple[int, int], Path] = {}  # each run once, though links may lead to it too
    for run in _below(folder, DEPTH):
        where = os.stat(run)
        places.setdefault((where.st_dev, where.st_ino), run)
    found = {str(run.relative_to(folder)): run for run in places.values()}
    return [row.of(found[name], name) for name in sorted(found, key=natural)]


def rows(words: Sequence[Path]) -> list[Row]:
    """Return the runs that words mean, each once: run directories, folders of runs, patterns, names in checkpoints/.

    Names are relative to the folder if there is only one.

    Raises:
        ConfigError: a word means nothing that exists.
        ResourceError: a folder cannot be entered.
    """
    places = [place for word in words for place in _meant(word)]
    if len(places) == 1:
        return read(places[0])
    found = {one.path.resolve(): one for place in places for one in read(place)}
    return [replace(one, name=str(one.path)) for one in found.values()]


def _meant(word: Path) -> list[Path]:
    """Return the folders that a word means: itself, those that match a pattern, a run below checkpoints/."""
    if files.look(word) is not None:
        return [word]
    if glob.has_magic(str(word)):
        matches = [Path(name) for name in sorted(glob.glob(str(word), recursive=True), key=natural)]
        if folders := [path for path in matches if path.is_dir()]:
            return folders
    named = find.ROOT / word
    return [named] if len(word.parts) == 1 and word.name != ".." and files.is_folder(named) else [word]


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a run, even if its config is gone."""
    return any(os.path.isfile(folder / name) for name in (find.CONFIG, RESULT, METRICS))


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the runs in a folder and below, and folders that cannot be entered; those behind links come last."""
    with os.scandir(folder) as entries:
        folders = sorted((one.is_symlink(), one.path) for one in entries if one.name[:1] != "." and one.is_dir())
    for path in (Path(path) for _, path in folders):
        if _is_run(path) or not os.access(path, os.R_OK | os.X_OK):
            yield path
        elif depth > 1:
            yield from _below(path, depth - 1)
