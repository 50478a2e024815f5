"""Find the config that a word means: a file, the name of one in the current folder, or one that comes with fcnet."""

import difflib
import os
from collections.abc import Callable
from pathlib import Path

from fcnet.config.named import shipped
from fcnet.errors import ConfigError
from fcnet.system import files, paths

SUFFIXES = (".yaml", ".yml")
_CLOSE = 0.7  # of names: mnits is mnist


def find(word: str | os.PathLike[str]) -> Path | None:
    """Return the config that a word means; None if there is none of this name.

    Files in the current folder come first: ``mnist`` is a file of that name, mnist.yaml, configs/mnist.yaml, and only
    then the config of fcnet.
    """
    text = os.fspath(word)
    if not text or "\0" in text:
        return None
    here = Path(text)
    local = [here] if here.suffix in SUFFIXES else [here, *(Path(f"{text}{suffix}") for suffix in SUFFIXES)]
    below = [] if here.is_absolute() else [Path(shipped.FOLDER) / path for path in local[-2:]]
    found = next((path for path in (*local, *below) if os.path.lexists(path) and not os.path.isdir(path)), None)
    return found or shipped.file(text)


def option(name: str) -> Callable[[str], Path]:
    """Return a parser for an option or an argument that names a config; what is not found stays as it is."""
    parse = paths.option(name)

    def named(text: str) -> Path:
        path = parse(text)
        return path if os.path.lexists(path) and not os.path.isdir(path) else find(path) or path

    return named


def existing(word: str | os.PathLike[str]) -> Path:
    """Return the config that a word means. Raises ConfigError, with similar names, if there is none."""
    found = find(word)
    if found is None and files.is_folder(Path(word)):
        raise ConfigError(f"{os.fspath(word)}: is a folder, not a file; name a YAML file")
    if found is None:
        raise missing(Path(word))
    return found


def missing(path: Path) -> ConfigError:
    """Return the error for a config that does not exist, with a similar name if there is one."""
    if problem := files.absent(path, ""):
        return ConfigError(f"{path}: {problem}")
    if close := near(path):
        return ConfigError(f"{path}: there is no such file; did you mean {close}?")
    return ConfigError(
        f"{path}: there is no such file; check the path; looked in {Path.cwd()}, and among the configs that come with"
        " fcnet, which fcnet config list shows"
    )


def near(path: Path) -> str | None:
    """Return the file or the name that is spelt most like a path; None if none is like it."""
    places = dict.fromkeys((path.parent, Path(shipped.FOLDER)))
    here = {file.stem: str(file) for place in reversed(places) for file in reversed(yaml_files(place))}
    with_fcnet = {name: name for name in shipped.names()}
    lasts = {name.rpartition("/")[2]: name for name in reversed(shipped.names())}
    whole = (path.with_suffix("") if path.suffix in SUFFIXES else path).as_posix()
    for text, known in ((path.stem, here), (whole, with_fcnet), (path.stem, lasts)):
        if close := difflib.get_close_matches(text, known, n=1, cutoff=_CLOSE):
            return known[close[0]]
    return None


def yaml_files(place: Path) -> list[Path]:
    """Return the YAML files in a folder; those of ``configs/`` through all its folders."""
    if not os.path.isdir(place) or not os.access(place, os.R_OK | os.X_OK):
        return []
    found = place.rglob("*.yaml") if place == Path(shipped.FOLDER) else place.glob("*.yaml")
    return sorted(found, key=lambda file: (len(file.parts), file))
