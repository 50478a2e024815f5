"""What may follow on a command line, for the completion of shells: runs, configs, settings.

A shell waits for the answer, so nothing here imports torch or builds the schema: ``keys.txt`` has the settings, written
by ``scripts/config_reference.py``.
"""

import glob
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

RUNS, SWEEPS = "checkpoints", "runs"  # folders of runs and of sweeps, in which one usually is
KEYS = Path(__file__).with_name("keys.txt")


def runs(incomplete: str) -> list[str]:
    """Return the runs that begin with some letters: those in ``checkpoints/`` by name, sweeps and others by path."""
    names = [name for name in _folders(RUNS) if os.path.isfile(os.path.join(RUNS, name, "config.yaml"))]
    paths = [f"{RUNS}/{name}" for name in names] + [f"{SWEEPS}/{name}" for name in _folders(SWEEPS)]
    return [word for word in (*names, *paths) if word.startswith(incomplete) and ("/" in incomplete or "/" not in word)]


def run_or_file(incomplete: str) -> list[str]:
    """Return runs, and files, of which a shell would name none beside the runs."""
    return runs(incomplete) + list(_files(incomplete, ""))


def configs(incomplete: str) -> list[tuple[str, str]]:
    """Return the configs that begin with some letters: files, and those that come with fcnet with what they are."""
    from fcnet.config.named import shipped

    return [(file, "") for file in _files(incomplete, ".yaml")] + list(shipped.summaries(incomplete))


def shipped_configs(incomplete: str) -> list[tuple[str, str]]:
    """Return the configs that come with fcnet whose names begin with some letters."""
    from fcnet.config.named import shipped

    return list(shipped.summaries(incomplete))


def config_or_setting(incomplete: str) -> list[tuple[str, str]]:
    """Return configs, and settings as ``KEY=VALUE``, that begin with some letters."""
    found = settings(incomplete)
    return found if "=" in incomplete or _before_equals() else configs(incomplete) + found


def settings(incomplete: str) -> list[tuple[str, str]]:
    """Return settings that begin with some letters; of the only one that does, its values too.

    So a shell adds no blank behind the equals sign: there is more than one answer.
    """
    if before := _before_equals():
        key, value = before
        return [(one, "") for one in keys().get(key, ((), ""))[0] if one.startswith(value)]
    key, equals, value = incomplete.partition("=")
    if equals:
        return [(f"{key}={one}", "") for one in keys().get(key, ((), ""))[0] if one.startswith(value)]
    found = {name: about for name, about in keys().items() if name.startswith(key)}
    words = [(f"{name}=", about) for name, (_, about) in found.items()]
    if len(found) == 1:
        ((name, (values, _)),) = found.items()
        words += [(f"{name}={one}", "") for one in values]
    return words


@cache
def keys() -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the settings that take a value: the values that they may have or one example, and what they are."""
    found = {}
    for line in KEYS.read_text(encoding="utf-8").splitlines():
        name, values, about = line.split("\t")
        found[name] = tuple(values.split()), about
    return found


def _before_equals() -> tuple[str, str] | None:
    """Return key and value of the word that bash completes: for it, an equals sign is a word of its own."""
    words, at = os.environ.get("COMP_WORDS", "").split(), os.environ.get("COMP_CWORD", "")
    if not at.isdecimal() or not 0 < int(at) <= len(words):
        return None
    place = int(at)
    word = words[place] if place < len(words) else ""
    if word == "=":
        return words[place - 1], ""
    return (words[place - 2], word) if words[place - 1] == "=" else None


def _folders(folder: str) -> Iterator[str]:
    """Yield the names of the folders in a folder, sorted; none if it cannot be read."""
    try:
        yield from sorted(one.name for one in os.scandir(folder) if one.is_dir() and one.name[0] != ".")
    except OSError:
        return


def _files(incomplete: str, suffix: str) -> Iterator[str]:
    """Yield folders, with a slash behind them, and files with a suffix that begin with some letters."""
    for path in sorted(glob.glob(glob.escape(incomplete) + "*")):
        if os.path.isdir(path):
            yield f"{path}/"
        elif path.endswith(suffix):
            yield path
