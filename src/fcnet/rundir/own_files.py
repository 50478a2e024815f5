"""Recognise a run's own files, by their names and contents.

Only these are ever replaced or removed. A folder is known to be a run if only fcnet can have written something in it:
an environment.json with fcnet's version, a sealed checkpoint, a config.yaml exactly as ``schema.dump`` writes it. In
such a folder, damaged files count as the run's own too. Links never do: writing through one would change another file.
"""

import csv
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from fcnet import schema
from fcnet.config import yaml_lines
from fcnet.errors import ConfigError
from fcnet.rundir import checkpoints, find
from fcnet.rundir.checkpoints import FOLDER
from fcnet.rundir.lock import LOCK, OWNER
from fcnet.system import files
from fcnet.system.text import few

CONFIG, ENVIRONMENT, METRICS, RESULT = find.CONFIG, "environment.json", "metrics.jsonl", find.RESULT
MODEL, BEST, UNAVERAGED, PLOTS, SKIPPED = "model.pth", "best.pth", "unaveraged.pth", "plots", "skipped.txt"
REPORT = "report.html"
TABLE, LINES, EVENTS = "metrics.csv", "log.txt", "tensorboard"  # if a config asks for them (``logs``)
FOLDERS = (FOLDER, PLOTS, EVENTS)
FILES = frozenset({CONFIG, ENVIRONMENT, METRICS, RESULT, MODEL, BEST, UNAVERAGED, SKIPPED})

# How logs begin: others give their files these names too, such as what a shell writes to log.txt.
_LOGS = {TABLE: re.compile(rb"epoch,stage,lr,train_loss,"), LINES: re.compile(rb"(-|[\d-]+T[\d:+]+) epoch=\d+/\d+ ")}
_EVENTS = re.compile(r"events\.out\.tfevents\..+")

_HEARTBEAT = f"{OWNER}.tmp"

PICTURES = (".png", ".svg", ".pdf")

_OWNER_BEGINS = b'{"host"'  # of the record of who holds a run (``lock``)

_LOOKED_AT = 1 << 16  # bytes of a file that are searched for fcnet's mark
_LARGEST_CONFIG = 1 << 20  # bytes


def foreign(run: Path) -> list[str]:
    """Return the names, relative to a folder, of all entries not known to be a run's own; links with their targets."""
    return _foreign_of(run, _members(run))


def in_the_way(run: Path) -> list[str]:
    """Return those entries of ``foreign`` whose names fcnet would write to."""
    return _foreign_of(run, (path for path in _members(run) if _is_name(run, path)))


def check_writable(run: Path, option: str) -> None:
    """Raise ConfigError if a training would overwrite files that are not a run's own, or write through a link."""
    if found := in_the_way(run):
        raise ConfigError(refusal(option, found))


def refusal(
    place: str, found: list[str], one: str = "does not belong to a run", several: str = "do not belong to a run"
) -> str:
    """Return the sentence that names what is in the way."""
    what = one if len(found) == 1 else several
    return f"{place}: contains {few(found, 5)}, which {what}; move it, or choose another folder"


def foreign_logs(run: Path, names: Sequence[str]) -> list[str]:
    """Return those of some names of logs that something in a folder has that is not a run's own; links with targets."""
    return _foreign_of(run, (run / name for name in names))


def is_events(path: Path) -> bool:
    """Return whether a file has the name of one of TensorBoard's, in the folder of those of a run."""
    return path.parent.name == EVENTS and _EVENTS.fullmatch(path.name) is not None and _is_file(path)


def is_known(run: Path) -> bool:
    """Return whether only fcnet can have written something in a folder."""
    return (
        _has_environment(run / ENVIRONMENT)
        or _has_config(run / CONFIG)
        or any(checkpoints.is_sealed(path) for path in _entries(run / FOLDER) if _is_file(path))
    )


def own(run: Path) -> list[Path]:
    """Return the run's own files and folders, each file before its folder, in the order in which to remove them.

    Removal may be interrupted at any point. The result goes first, so that the run no longer counts as finished; then
    each checkpoint after the JSON that makes it valid, so that none is taken for one of the new run. The files that
    show that the folder is a run go last.
    """
    known = is_known(run)
    found = [path for path in _members(run) if _is_own(run, path, known)]
    late = (CONFIG, ENVIRONMENT)

    def order(path: Path) -> tuple[int, int, str, str]:
        if path.name == RESULT:
            return 0, 0, "", ""
        if path.parent.name == FOLDER:
            return 1, 0, path.stem, path.suffix  # .json before .pt
        return 2, late.index(path.name) + 1 if path.name in late else -len(path.parts), path.name, ""

    return sorted(found, key=order)


def is_partial(path: Path) -> bool:
    """Return whether a file's name is that of one that a killed process was writing in a run directory."""
    if path.name == _HEARTBEAT:
        return path.parent.name == FOLDER
    match = files.PARTIAL.fullmatch(path.name)
    if path.parent.name == FOLDER:
        return checkpoints.is_partial(path) or (match is not None and match["name"] == OWNER)
    if path.parent.name == PLOTS:
        return match is not None and (match["name"].endswith(PICTURES) or match["name"] in TABLES)
    return match is not None and match["name"] in {*FILES, REPORT, *_LOGS}


def _foreign_of(run: Path, paths: Iterable[Path]) -> list[str]:
    """Name those entries that are not a run's own and are still there: a training removes its old checkpoints."""
    known = is_known(run)
    return [_shown(run, path) for path in paths if not _is_own(run, path, known) and os.path.lexists(path)]


def _members(run: Path) -> Iterator[Path]:
    """Yield all entries of a folder, and those of a run's folders in it; links are not followed."""
    for path in _entries(run):
        yield path
        if path.name in FOLDERS and _is_folder(path):
            yield from _entries(path)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if _is_folder(folder) else []


def _is_name(run: Path, path: Path) -> bool:
    """Return whether fcnet writes to such a name in a run directory."""
    if path.parent == run:
        return path.name in FILES or path.name in (FOLDER, PLOTS)  # logs are checked if they are asked for
    if path.parent.name == FOLDER:
        return path.name in (LOCK, OWNER, _HEARTBEAT) or checkpoints.is_name(path)
    return False  # figures and reports are checked when they are written


def _is_own(run: Path, path: Path, known: bool) -> bool:
    """Return whether an entry belongs to a run, by its name and contents."""
    if path.parent == run and path.name in FOLDERS:
        return _is_folder(path)
    if not _is_file(path):
        return False
    if is_partial(path):  # only the name can decide: in a known run, or in one that was just being created
        return known or _is_lock(run / FOLDER / LOCK)
    if path.parent == run:
        if path.name == REPORT:
            return is_report(path)
        if path.name in _LOGS:
            return known and _is_log(path)
        if path.name not in FILES:
            return False
        return known or (path.name == METRICS and not path.stat().st_size)
    if path.parent.name == FOLDER:
        return _is_own_checkpoint(path, known)
    if path.parent.name == EVENTS:
        return known and is_events(path)
    return is_picture(path, known)


def _is_log(path: Path) -> bool:
    """Return whether a file is empty or begins as the log of its name does."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    return not start or _LOGS[path.name].match(start) is not None


def _is_lock(path: Path) -> bool:
    return _is_file(path) and not path.stat().st_size


def _is_own_checkpoint(path: Path, known: bool) -> bool:
    if path.name == LOCK:
        return _is_lock(path)
    if path.name in (OWNER, _HEARTBEAT):
        return known or _begins(path) in (b"", _OWNER_BEGINS)
    return checkpoints.is_name(path) and (known or checkpoints.is_sealed(path))


# How PNGs, SVGs and PDFs begin, and the mark that fcnet writes into them; and how older PNGs are recognised:
# matplotlib, 150 dpi.
_MARKS = ((b"\x89PNG", b"Software\0fcnet"), (b"<?xml", b"<dc:title>fcnet</dc:title>"), (b"%PDF", b"/Creator (fcnet)"))
_OLD_MARKS = (b"Software\0Matplotlib version", b"pHYs\0\0\x17\x12\0\0\x17\x12\x01")


# Names of figures; that of a machine's ridge path is followed by the machine's name.
NAMES = {
    *("loss", "accuracy", "ridge", "confusion", "mistakes", "reliability", "weights", "augmented"),
    *("codes", "reconstructions", "samples", "plane", "errors", "scores"),
    *("trade", "units", "groups"),
}

# Tables beside figures, and their columns.
TABLES = {"mistakes.csv": ("file", "true", "predicted", "probability", "probability_of_true")}


def is_drawn(name: str) -> bool:
    """Return whether a name is one that fcnet gives to figures, without suffix, or to tables, with theirs."""
    return name in NAMES or name in TABLES or name.startswith("ridge-")


def is_picture(path: Path, in_run: bool = False) -> bool:
    """Return whether a file is a figure or a table of a run that fcnet wrote; with ``in_run``, or an older fcnet."""
    if path.name in TABLES:
        return _is_file(path) and _has_columns(path, TABLES[path.name])
    if path.suffix not in PICTURES or not is_drawn(path.stem):
        return False
    return has_mark(path) or (in_run and _is_file(path) and all(mark in _ends(path) for mark in _OLD_MARKS))


def _has_columns(path: Path, columns: tuple[str, ...]) -> bool:
    """Return whether a CSV file has exactly these columns, in which all probabilities are numbers."""
    numbers = [i for i, name in enumerate(columns) if name.startswith("probability")]
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
        shares = [float(row[i]) for row in rows for i in numbers]
    except (OSError, ValueError, IndexError, csv.Error):
        return False
    return (
        tuple(header) == columns
        and all(len(row) == len(columns) for row in rows)
        and all(0 <= share <= 1 for share in shares)
    )


# How reports begin: what stands in them of runs comes behind it.
REPORT_MARK = b"<!doctype html>\n<!-- fcnet report "


def is_report(path: Path) -> bool:
    """Return whether a file, whatever its name, is a report that fcnet wrote."""
    if not _is_file(path):
        return False
    with path.open("rb") as file:
        return file.read(len(REPORT_MARK)) == REPORT_MARK


def has_mark(path: Path) -> bool:
    """Return whether a file, whatever its name, is a figure that fcnet drew."""
    if not _is_file(path):
        return False
    found = _ends(path)
    return any(found.startswith(begins) and mark in found for begins, mark in _MARKS)


def _ends(path: Path) -> bytes:
    """Return what a file begins with, and what it ends with, where a PDF has its mark."""
    with path.open("rb") as file:
        found = file.read(_LOOKED_AT)
        file.seek(max(path.stat().st_size - _LOOKED_AT, 0))
        return found + file.read(_LOOKED_AT)


def _has_environment(path: Path) -> bool:
    return _reads(path, lambda: "fcnet" in files.read_json(path)["versions"])


def _has_config(path: Path) -> bool:
    """Return whether a config is byte for byte as fcnet writes a run's: a person would write it differently."""

    def found() -> bool:
        data = files.read_bytes(path, _LARGEST_CONFIG)
        layer = yaml_lines.parse(data.decode(), path.name)
        return schema.dump(schema.check([layer])).encode(errors="backslashreplace") == data

    return _reads(path, found)


def _reads(path: Path, found: Callable[[], bool]) -> bool:
    try:
        return _is_file(path) and found()
    except (OSError, ValueError, LookupError, TypeError, ConfigError):
        return False


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_OWNER_BEGINS))


def _is_file(path: Path) -> bool:
    """Return whether a path is a regular file, not a link to one."""
    return _mode(path, stat.S_ISREG)


def _is_folder(path: Path) -> bool:
    return _mode(path, stat.S_ISDIR)


def _mode(path: Path, kind: Callable[[int], bool]) -> bool:
    try:
        return kind(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _shown(run: Path, path: Path) -> str:
    name = str(path.relative_to(run))
    return f"{name} (a link to {os.readlink(path)})" if path.is_symlink() else name
