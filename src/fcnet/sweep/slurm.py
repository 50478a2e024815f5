"""A job script for Slurm: an array whose tasks are workers of a sweep, and restart by themselves."""

import importlib.resources
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.sweep import status
from fcnet.sweep.disk.folder import Folder

TASKS = 8  # of the array, if not told
MEMORY = "4G"  # for each worker: torch, its images, and room for a large net

Options = Mapping[str, str | None]  # of sbatch, by their long names; None for those that are switches

_OPTION = re.compile(r"--([a-z][a-z-]*)(?:=([ -~]+))?")  # of sbatch: its name, and a value in ASCII
_ONE_OF = ({"mem", "mem-per-cpu", "mem-per-gpu"},)  # options of which Slurm accepts one


def job(
    folder: Folder,
    program: Sequence[str],
    tasks: int | None = None,
    workers: int | None = None,
    options: Options | None = None,
    retry: bool = False,
) -> str:
    """Return the text of a script for sbatch.

    Args:
        folder: the sweep.
        program: the words that start fcnet, from a full path on.
        tasks: of the array; as many as there are runs left, at most ``TASKS``, if None.
        workers: of each task; None for those of the plan, or one for each core or GPU of a task.
        options: for Slurm; they replace those that the script has by itself.
        retry: let runs that have failed be tried again.

    Raises:
        ConfigError: nothing is left to train, or there are more tasks than runs left.
    """
    count = _tasks(folder, tasks, retry)
    if retry:
        folder.forget_failures()
    directory = os.path.abspath(folder.path)
    command = [*program, "sweep", "task", directory, *(["--workers", str(workers)] if workers else [])]
    fill = {
        "@SBATCH@": "\n".join(_lines(_defaults(folder, count, workers), options or {})),
        "@FOLDER@": quoted(os.getcwd()),
        "@COMMAND@": " ".join(map(quoted, command)),
    }
    template = importlib.resources.files("fcnet.sweep").joinpath("job.sh").read_text(encoding="utf-8")
    return re.sub("@[A-Z]+@", lambda match: fill[match[0]], template).rstrip("\n")


def parsed(options: Sequence[str]) -> Options:
    """Return options for Slurm, such as ``--partition=gpu``. Raises ConfigError if one is none, or not for this."""
    return dict(_parsed(option) for option in options)


def left(folder: Folder, retry: bool = False) -> int:
    """Return how many runs of a sweep have not ended for good, with ``retry`` also those that have failed."""
    found = status.of(folder)
    return found.left + (found.counts.get("failed", 0) if retry else 0)


def quoted(text: str) -> str:
    """Return a word for bash, in ASCII and on one line whatever is in it."""
    if text.isascii() and text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(_escaped(byte) for byte in os.fsencode(text)) + "'"


def _escaped(byte: int) -> str:
    """Return a byte as it is written between $' and '."""
    plain = chr(byte)
    return plain if plain.isascii() and plain.isprintable() and plain not in "'\\" else f"\\x{byte:02x}"


def _tasks(folder: Folder, tasks: int | None, retry: bool) -> int:
    """Return the number of tasks. Raises ConfigError if it makes no sense."""
    most = left(folder, retry)
    if not most:
        failed = status.of(folder).counts.get("failed", 0)
        again = "; try those that failed again with --retry" if failed else ""
        raise ConfigError(f"{folder.path}: nothing is left to train: all runs have ended{again}")
    count = min(TASKS, most) if tasks is None else tasks
    if not 1 <= count <= most:
        what = f"one run is left in {folder.path}" if most == 1 else f"{most} runs are left in {folder.path}"
        raise ConfigError(f"--tasks {count}: {what}; choose a number from 1 to {most}")
    return count


def _defaults(folder: Folder, tasks: int, workers: int | None) -> Options:
    """Return the options that the script has by itself."""
    planned = folder.settings.workers
    processes = workers or (1 if planned == "auto" else int(planned))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(os.path.abspath(folder.path)).name).strip("-") or "sweep"
    return {
        "job-name": f"fcnet-{name}",
        "array": f"0-{tasks - 1}",
        "time": "01:00:00",
        "cpus-per-task": str(processes),
        "mem-per-cpu": MEMORY,
        "requeue": None,
        "open-mode": "append",
        "output": "%x-%A_%a.log",
        "signal": "TERM@120",
    }


def _lines(defaults: Options, given: Options) -> list[str]:
    """Return the options as sbatch reads them from a script."""
    replaced = set(given).union(*(group for group in _ONE_OF if group & set(given)))
    options = {name: value for name, value in defaults.items() if name not in replaced} | dict(given)
    return [f"#SBATCH --{name}" + ("" if value is None else f"={_value(value)}") for name, value in options.items()]


def _value(text: str) -> str:
    """Return a value as sbatch reads it from a script."""
    return f'"{text}"' if re.search("[ #']", text) else text


def _parsed(option: str) -> tuple[str, str | None]:
    """Return name and value of an option for Slurm. Raises ConfigError if it is none, or cannot be used here."""
    match = _OPTION.fullmatch(option)
    if match is None or re.search(r'["\\]', option):
        raise ConfigError(
            f"--sbatch {option!r}: is not an option of sbatch in its long form; write, for example,"
            " --sbatch=--partition=gpu"
        )
    if match[1] == "array":
        raise ConfigError(f"--sbatch {option}: is set by this command; choose the number of tasks with --tasks")
    return match[1], match[2]
