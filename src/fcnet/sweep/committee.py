"""The directory of a sweep as a committee: its finished runs."""

from collections.abc import Iterable
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.sweep.disk.folder import Folder, is_sweep
from fcnet.system.sinks import SILENT, Sinks


def expand(words: Iterable[str], sinks: Sinks = SILENT) -> list[str]:
    """Return words, with the directory of each sweep replaced by its finished runs, in the order of its plan.

    Warns of runs that are not finished. Raises ConfigError if none is.
    """
    found: list[str] = []
    for word in words:
        found += _finished(Path(word), sinks) if is_sweep(Path(word)) else [word]
    return found


def _finished(path: Path, sinks: Sinks) -> list[str]:
    folder = Folder.open(path)
    names = [entry.name for entry in folder.entries()]
    finished = [name for name in names if folder.ended(name) == "finished"]
    if not finished:
        raise ConfigError(f"{path}: none of its {len(names)} runs is finished; train them with: fcnet sweep run {path}")
    if len(finished) < len(names):
        sinks.warn(f"{path}: only the {len(finished)} finished runs of {len(names)} are taken")
    return [str(folder.run(name)) for name in finished]
