"""The directory of a run: its files, its location, and how it is created, replaced and cleaned.

config.yaml        resolved; can be trained again as it is
environment.json   versions, device, threads, git commit, command line; facts about the data
metrics.jsonl      one record per logged step and per epoch
model.pth          weights after the last epoch
best.pth           weights of the best epoch by validation, if there is a validation split
unaveraged.pth     weights after the last step, if the others are an average of weights
result.json        final metrics and how the run ended
skipped.txt        images that were skipped (data.on_bad: skip)
metrics.csv        a row per epoch; this and the next two if ``log`` asks for them
log.txt            a line per logged step and epoch
tensorboard/       events for TensorBoard
ckpt/              checkpoints to resume from, the lock, and the record of its holder
plots/             figures
report.html        a report, if one was written
"""

import contextlib
import os
import re
from pathlib import Path

from fcnet.errors import ConfigError, InUseError, ResourceError
from fcnet.rundir import find, own_files
from fcnet.rundir.checkpoints import FOLDER
from fcnet.rundir.lock import LOCK, OWNER
from fcnet.system import files

ROOT = find.ROOT

CONFIG, ENVIRONMENT, METRICS, RESULT = own_files.CONFIG, own_files.ENVIRONMENT, own_files.METRICS, own_files.RESULT
MODEL, BEST, UNAVERAGED = own_files.MODEL, own_files.BEST, own_files.UNAVERAGED
PLOTS, SKIPPED = own_files.PLOTS, own_files.SKIPPED


def check_out(out: Path) -> None:
    """Refuse a run directory that leaves the current folder by ``..``, or that cannot be created.

    Raises:
        ConfigError: its location is not what its name suggests.
        ResourceError: no folder can be created there.
    """
    try:
        whole = out.resolve()
    except (OSError, RuntimeError):
        raise ConfigError(f"--out {out}: is a loop of links; choose another folder") from None
    if problem := files.dead_link(out):
        raise ConfigError(f"--out {out}: {problem}; or choose another folder")
    if ".." in out.parts and not whole.is_relative_to(Path.cwd()):
        what = "goes up" if out.is_absolute() else "leaves this folder"
        raise ConfigError(f"--out {out}: {what} with '..'; if that is intended, give the full path: {whole}")
    if whole.is_file():
        return  # it exists, which the caller reports
    above = next(path for path in (whole, *whole.parents) if files.look(path) is not None)
    if not above.is_dir():
        raise ResourceError(
            f"--out {out}: {above} is a file, so no folder can be created below it; choose another folder"
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise ResourceError(f"--out {out}: {above} is not writable; choose a folder that you may write to")


def check_free(out: Path, overwrite: bool) -> None:
    """Raise ConfigError if a run may not be written to ``out``: a folder is replaced only if all in it is a run's."""
    check_out(out)
    if not (out.exists() or out.is_symlink()):
        return
    if not overwrite:
        raise ConfigError(
            f"--out {out}: already exists; choose another folder, or use --overwrite to replace the run or --resume to"
            " resume it"
        )
    if out.is_symlink() or not out.is_dir():
        what = (
            f"is a link to {out.readlink()}; name that"
            if out.is_symlink()
            else "is not a run directory; choose another"
        )
        raise ConfigError(f"--overwrite {out}: {what} folder")
    if Path.cwd().is_relative_to(out.resolve()):
        raise ConfigError(f"--overwrite {out}: is the current folder or contains it; run from another folder")
    if found := own_files.foreign(out):
        what = f"--overwrite {out}" + ("" if own_files.is_known(out) else ": is not a run directory")
        raise ConfigError(own_files.refusal(what, found))


def check_root() -> None:
    """Refuse to start a run below ``checkpoints/`` if no folder can be created there.

    Raises:
        ConfigError: it is not a folder, or a broken link.
        ResourceError: it is not writable.
    """
    if problem := files.dead_link(ROOT):
        raise ConfigError(f"{ROOT}: {problem}; or choose another run directory with --out DIR")
    if files.look(ROOT) is not None and not files.is_folder(ROOT):
        raise ConfigError(f"{ROOT}: is not a folder, and new runs are created there; move it, or give --out DIR")
    place = ROOT if files.look(ROOT) is not None else Path.cwd()
    if not os.access(place, os.W_OK | os.X_OK):
        raise ResourceError(f"{place}: is not writable; choose another run directory with --out DIR")


def create(out: Path | None, name: str) -> Path:
    """Create a new run directory: ``out``, or the first free one of ``checkpoints/NAME``, ``NAME-2``, ...

    Raises:
        InUseError: another process has created ``out`` in the meantime.
    """
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            out.mkdir()
        except FileExistsError:
            raise InUseError(f"--out {out}: another process has just created it; try again") from None
        return out
    ROOT.mkdir(exist_ok=True)
    number = 1
    while True:
        path = ROOT / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            number += 1


def clear(path: Path) -> None:
    """Remove all of a run's own files except the lock, which this process holds; keep all others."""
    for entry in own_files.own(path):
        if entry.name == FOLDER or (entry.parent.name == FOLDER and entry.name in (LOCK, OWNER)):
            continue
        if entry.is_dir():
            with contextlib.suppress(OSError):  # it contains other files too
                entry.rmdir()
        else:
            entry.unlink(missing_ok=True)


def tidy(path: Path) -> None:
    """Remove the files that a killed process was writing."""
    for entry in own_files.own(path):
        if own_files.is_partial(entry):
            entry.unlink(missing_ok=True)


def runs_of(name: str) -> list[Path]:
    """Return the runs ``checkpoints/NAME``, ``NAME-2``, ... of a config, complete or not, the newest first."""
    named = re.compile(re.escape(name) + r"(-[0-9]{1,9})?")
    found = [path for path in ROOT.glob("*") if named.fullmatch(path.name) and path.is_dir() and _is_of(path, name)]
    return sorted(found, key=find.started, reverse=True)


def _is_of(path: Path, name: str) -> bool:
    """Return whether a run, complete or not, is of a config; ``mnist-2`` may be the first of a config ``mnist-2``."""
    try:
        return bool(files.read_json(path / ENVIRONMENT)["name"] == name)
    except (OSError, ValueError, KeyError):
        return find.is_run(path) or not own_files.foreign(path)
