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

from fcnet import files, runfiles
from fcnet.checkpointer import FOLDER
from fcnet.errors import ConfigError, InUseError, ResourceError
from fcnet.ownership import LOCK, OWNER

ROOT = Path("checkpoints")

CONFIG, ENVIRONMENT, METRICS, RESULT = runfiles.CONFIG, runfiles.ENVIRONMENT, runfiles.METRICS, runfiles.RESULT
MODEL, BEST, PLOTS, SKIPPED = runfiles.MODEL, runfiles.BEST, runfiles.PLOTS, runfiles.SKIPPED


def is_run(path: Path) -> bool:
    """Whether a folder is a run directory."""
    return (path / CONFIG).is_file()


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
    if ".." in out.parts and not whole.is_relative_to(Path.cwd()):
        what = "goes up" if out.is_absolute() else "leaves this folder"
        raise ConfigError(f"--out {out}: {what} by '..'; if that is meant, name it whole: {whole}")
    if whole.is_file():
        return  # there is something already, which the caller has words for
    above = next(path for path in (whole, *whole.parents) if path.exists())
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
        raise ConfigError(f"--overwrite {out}: is no run directory; choose another folder")
    if Path.cwd().is_relative_to(out.resolve()):
        raise ConfigError(f"--overwrite {out}: is the folder that the command runs in, or above it; run from elsewhere")
    if found := runfiles.foreign(out):
        what = f"--overwrite {out}" + ("" if runfiles.is_known(out) else ": is no run directory")
        raise ConfigError(runfiles.refusal(what, found))


def check_name(name: str) -> None:
    """Raise ConfigError for a config whose name would not be the name of a folder below ``checkpoints/``."""
    if name in ("", ".", ".."):
        raise ConfigError(f"--config: {name + '.yaml'!r} gives the run no name; rename the file, or give --out DIR")


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
    for entry in runfiles.own(path):
        if entry.name == FOLDER or (entry.parent.name == FOLDER and entry.name in (LOCK, OWNER)):
            continue
        if entry.is_dir():
            with contextlib.suppress(OSError):  # it holds something else too
                entry.rmdir()
        else:
            entry.unlink(missing_ok=True)


def tidy(path: Path) -> None:
    """Remove the files that a killed process was writing."""
    for entry in runfiles.own(path):
        if runfiles.is_partial(entry):
            entry.unlink(missing_ok=True)


def newest_of(name: str) -> Path | None:
    """Of the directories ``checkpoints/NAME``, ``NAME-2``, ... the one that was started last, whole or not."""
    named = re.compile(re.escape(name) + r"(-[0-9]{1,9})?")
    found = [path for path in ROOT.glob("*") if named.fullmatch(path.name) and path.is_dir() and _is_of(path, name)]
    return max(found, key=_started, default=None)


def _is_of(path: Path, name: str) -> bool:
    """Whether a run, whole or cut short, is of a config; ``mnist-2`` may also be the first of a config ``mnist-2``."""
    try:
        return bool(files.read_json(path / ENVIRONMENT)["name"] == name)
    except (OSError, ValueError, KeyError):
        return is_run(path) or not runfiles.foreign(path)


def _started(path: Path) -> tuple[int, str]:
    """When a run directory was begun, to compare with others."""
    file = path / CONFIG if is_run(path) else path
    return file.stat().st_mtime_ns, path.name


def newest() -> Path:
    """The run below ``checkpoints/`` that was started last. Raises ConfigError where there is none."""
    runs = [path for path in ROOT.glob("*") if is_run(path)]
    if not runs:
        raise ConfigError(f"{ROOT}: holds no run yet; name one, or train with fcnet train --config configs/digits.yaml")
    return max(runs, key=_started)
