"""The directory of a run: its files, where it lies, how it is taken.

config.yaml        resolved; reruns as it is
environment.json   versions, device, threads, git commit, command line; what the data was
metrics.jsonl      one record per logged step and per epoch
model.pth          weights after the last epoch
best.pth           weights of the best epoch by validation, where there is a validation split
result.json        final figures and how the run ended
skipped.txt        images that were left out (data.on_bad: skip)
ckpt/              checkpoints to go on from, and who works in the directory
plots/             pictures
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
MODEL, BEST, PLOTS, SKIPPED = own_files.MODEL, own_files.BEST, own_files.PLOTS, own_files.SKIPPED


def check_out(out: Path) -> None:
    """Refuse a run directory that leaves the present folder by ``..``, or that cannot be made.

    Raises:
        ConfigError: it is not where its name seems to say.
        ResourceError: no folder can be made there.
    """
    try:
        whole = out.resolve()
    except (OSError, RuntimeError):
        raise ConfigError(f"--out {out}: is a loop of links; choose another folder") from None
    if problem := files.dead_link(out):
        raise ConfigError(f"--out {out}: {problem}; or choose another folder")
    if ".." in out.parts and not whole.is_relative_to(Path.cwd()):
        what = "goes up" if out.is_absolute() else "leaves this folder"
        raise ConfigError(f"--out {out}: {what} by '..'; if that is meant, name it whole: {whole}")
    if whole.is_file():
        return  # there is something already, which the caller has words for
    above = next(path for path in (whole, *whole.parents) if files.look(path) is not None)
    if not above.is_dir():
        raise ResourceError(f"--out {out}: {above} is a file, so that no folder can be made below it; choose another")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ResourceError(f"--out {out}: {above} cannot be written to; choose a folder that you may use")


def check_free(out: Path, overwrite: bool) -> None:
    """Raise ConfigError if a run may not be written to ``out``: only what is nothing but a run is replaced."""
    check_out(out)
    if not (out.exists() or out.is_symlink()):
        return
    if not overwrite:
        raise ConfigError(
            f"--out {out}: exists already; choose another folder, or give --overwrite to replace the run, --resume to"
            " go on with it"
        )
    if out.is_symlink() or not out.is_dir():
        what = (
            f"is a link to {out.readlink()}; name that" if out.is_symlink() else "is no run directory; choose another"
        )
        raise ConfigError(f"--overwrite {out}: {what} folder")
    if Path.cwd().is_relative_to(out.resolve()):
        raise ConfigError(f"--overwrite {out}: is the folder that the command runs in, or above it; run from elsewhere")
    if found := own_files.foreign(out):
        what = f"--overwrite {out}" + ("" if own_files.is_known(out) else ": is no run directory")
        raise ConfigError(own_files.refusal(what, found))


def check_root() -> None:
    """Refuse to begin a run below ``checkpoints/`` where no folder can be made there.

    Raises:
        ConfigError: it is something else, or a link that leads nowhere.
        ResourceError: it may not be written to.
    """
    if problem := files.dead_link(ROOT):
        raise ConfigError(f"{ROOT}: {problem}; or give the run another place with --out DIR")
    if files.look(ROOT) is not None and not files.is_folder(ROOT):
        raise ConfigError(f"{ROOT}: is no folder, where new runs lie in one; move it, or give --out DIR")
    place = ROOT if files.look(ROOT) is not None else Path.cwd()
    if not os.access(place, os.W_OK | os.X_OK):
        raise ResourceError(f"{place}: cannot be written to; give the run another place with --out DIR")


def create(out: Path | None, name: str) -> Path:
    """Make a new run directory: ``out``, or the first free one of ``checkpoints/NAME``, ``NAME-2``, ...

    Raises:
        InUseError: ``out`` was made since it was looked for.
    """
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            out.mkdir()
        except FileExistsError:
            raise InUseError(f"--out {out}: another process has just made it; give the command again") from None
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
    """Remove all that a run has written, but for the lock that this process holds. What is not of a run stays."""
    for entry in own_files.own(path):
        if entry.name == FOLDER or (entry.parent.name == FOLDER and entry.name in (LOCK, OWNER)):
            continue
        if entry.is_dir():
            with contextlib.suppress(OSError):  # it holds something else too
                entry.rmdir()
        else:
            entry.unlink(missing_ok=True)


def tidy(path: Path) -> None:
    """Remove the files that a killed process was writing."""
    for entry in own_files.own(path):
        if own_files.is_partial(entry):
            entry.unlink(missing_ok=True)


def runs_of(name: str) -> list[Path]:
    """Of the directories ``checkpoints/NAME``, ``NAME-2``, ... those of a config, whole or not, the newest first."""
    named = re.compile(re.escape(name) + r"(-[0-9]{1,9})?")
    found = [path for path in ROOT.glob("*") if named.fullmatch(path.name) and path.is_dir() and _is_of(path, name)]
    return sorted(found, key=find.started, reverse=True)


def _is_of(path: Path, name: str) -> bool:
    """Whether a run, whole or cut short, is of a config; ``mnist-2`` may also be the first of a config ``mnist-2``."""
    try:
        return bool(files.read_json(path / ENVIRONMENT)["name"] == name)
    except (OSError, ValueError, KeyError):
        return find.is_run(path) or not own_files.foreign(path)
