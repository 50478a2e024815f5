"""Find runs: their names, the words by which users refer to them, and the runs that exist.

A run is a folder with a config.yaml. New ones are created below ``checkpoints/``, named after their config: ``mnist``
for configs/mnist.yaml, ``elm-digits`` for configs/elm/digits.yaml, so that configs of the same name in two folders do
not share a name.
"""

import difflib
import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from fcnet.config import load as loading
from fcnet.config import yaml_lines
from fcnet.config.named import shipped
from fcnet.errors import ConfigError
from fcnet.schema import DEFAULT_KIND
from fcnet.system import files
from fcnet.system.text import few

ROOT = Path("checkpoints")

CONFIG, RESULT, CHECKPOINTS = "config.yaml", "result.json", "ckpt"  # of a run

CONFIGS = shipped.FOLDER  # folders below one of this name are part of a run's name

DEPTH = 3  # levels of folders that are searched for runs

FIRST = "digits"  # the config of a first run, which comes with fcnet and needs no download

_SHOWN = 6  # runs that an error lists


# --- names ----------------------------------------------------------------------------------------------------------


def of_config(file: Path) -> str:
    """Return the name of a config's runs: its folders below the nearest ``configs/`` above it, then its stem."""
    above = Path(os.path.abspath(file)).parent.parts
    if CONFIGS not in above:
        return file.stem
    nearest = len(above) - 1 - above[::-1].index(CONFIGS)
    return "-".join((*above[nearest + 1 :], file.stem))


def check_name(name: str) -> None:
    """Raise ConfigError if a config's name cannot be the name of a folder below ``checkpoints/``."""
    if name in ("", ".", ".."):
        raise ConfigError(f"--config: {name + '.yaml'!r} gives the run no name; rename the file, or give --out DIR")


def config_named(name: str) -> str | None:
    """Return the config whose runs have a name, as one writes it behind ``-c``; None if there is none.

    Those below ``configs/`` in the current folder come before those that come with fcnet.
    """
    here = sorted(Path(CONFIGS).rglob("*.yaml")) if files.is_folder(CONFIGS) else []
    for file in here:
        if of_config(file) == name and not loading.is_sweep_file(file):
            return str(file)
    with_fcnet = {of_config(shipped.root() / f"{one}.yaml"): one for one in shipped.names()}
    found = with_fcnet.get(name)
    return None if found is None or loading.is_sweep_file(shipped.root() / f"{found}.yaml") else found


def how_to_train() -> str:
    """Return a hint how to train a first run, which works in any folder."""
    return f"train one with fcnet train -c {FIRST}"


# --- existing runs --------------------------------------------------------------------------------------------------


def is_run(path: Path) -> bool:
    """Return whether a folder is a run directory. Raises ResourceError if it cannot be accessed."""
    return files.is_file(path / CONFIG)


def below(folder: Path, depth: int = DEPTH) -> list[Path]:
    """Return the runs in a folder by name; if it has none, those in its folders."""
    if not files.is_folder(folder):
        return []
    folders = sorted((path for path in folder.iterdir() if _is_folder(path)), key=_natural)
    runs = [path for path in folders if _is_run(path)]
    if runs or depth == 1:
        return runs
    return [run for path in folders for run in below(path, depth - 1)]


def started(path: Path) -> tuple[int, str]:
    """Return a sort key: when a run directory was created."""
    file = path / CONFIG if is_run(path) else path
    return file.stat().st_mtime_ns, path.name


def newest() -> Path:
    """Return the run below ``checkpoints/`` that was started last. Raises ConfigError if there is none."""
    runs = [path for path in _children(ROOT) if _is_run(path)]
    if not runs:
        if problem := files.dead_link(ROOT):
            raise ConfigError(f"{ROOT}: {problem}")
        raise ConfigError(f"{ROOT}: contains no run yet; name a run in another folder, or {how_to_train()}")
    return max(runs, key=started)


def of_kind(kind: str, beside: Path | None = None) -> str:
    """Return a clause that names the runs of a kind of model, below ``checkpoints/`` and beside a run."""
    places = [ROOT] if beside is None or beside.parent == ROOT else [beside.parent, ROOT]
    found = [run for place in places for run in _children(place) if _is_run(run) and _kind(run) == kind]
    name = f"runs of kind {kind}"
    newest_first = sorted(found, key=started, reverse=True)
    return f"; {name} here: {few(newest_first, _SHOWN)}" if found else f"; there are no {name} here"


def _kind(run: Path) -> str | None:
    """Return the kind of model in a run's config; None if it cannot be read."""
    try:
        return str(yaml_lines.read(run / CONFIG).values["model"].get("kind", DEFAULT_KIND))
    except (ConfigError, LookupError, AttributeError, TypeError):
        return None


def _children(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _is_folder(path)] if files.is_folder(folder) else []


def _is_folder(path: Path) -> bool:
    return path.name[:1] != "." and os.path.isdir(path)


def _is_run(path: Path) -> bool:
    """Return whether a folder is a run directory; False if it cannot be accessed."""
    return os.path.isfile(path / CONFIG)


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Return a sort key that puts mnist-2 before mnist-10."""
    parts = "".join(c if c.isdecimal() else f"\0{c}\0" for c in path.name).split("\0")
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


# --- words ----------------------------------------------------------------------------------------------------------


def one(word: Path) -> Path:
    """Return the run directory or file that a word means: a path, a run below ``checkpoints/``, or the run in a folder.

    Raises:
        ConfigError: it means none, or several.
        ResourceError: it cannot be accessed.
    """
    runs = _meant(word)
    if len(runs) > 1:
        raise ConfigError(f"{word}: means {len(runs)} runs ({few(runs, _SHOWN)}); name one of them")
    return runs[0]


def each(word: Path) -> list[Path]:
    """Return the runs that a pattern means, as a shell would; any other word as it is."""
    if glob.has_magic(str(word)) and files.look(word) is None:
        return _meant(word)
    return [word]


def several(words: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the run directories that words mean, each once, and the words that mean no run.

    A folder stands for the runs in it. A shell expands ``checkpoints/*`` to files and folders that are not runs too:
    they are returned separately, unless no word means a run.

    Raises:
        ConfigError: one of the words means nothing that exists, or no word means a run.
        ResourceError: something cannot be accessed.
    """
    runs: dict[Path, None] = {}
    others: list[Path] = []
    for word in words:
        there = files.look(word) is not None
        found = _in(word) if there else [run for path in _meant(word) for run in _in(path)]
        runs |= dict.fromkeys(found)
        if not found:
            others.append(word)
    if not runs:
        raise _no_run(others[0])
    return list(runs), others


def means_run(word: str) -> bool:
    """Return whether a word means runs, or a model file in one."""
    path = Path(word)
    if files.look(path) is not None:
        return bool(_in(path))
    return any(_in(found) for found in _matches(path)) or _named(path) is not None


def _meant(word: Path) -> list[Path]:
    """Return the runs that a word means, or the file that it names. Raises ConfigError if there are none."""
    if files.look(word) is not None:
        found = [word] if files.is_file(word) else _in(word)
        if not found:
            raise _no_run(word)
        return found
    found = _matches(word)
    if len(found) == 1 and files.is_file(found[0]):
        return found
    if runs := [run for path in found for run in _in(path)]:
        return list(dict.fromkeys(runs))
    if (run := _named(word)) is not None:
        return [run]
    raise _not_there(word)


def _in(path: Path) -> list[Path]:
    """Return the run that a path is or belongs to; else the runs in the folder."""
    if not files.is_folder(path):
        return [path.parent] if is_run(path.parent) else []
    return [path] if is_run(path) else below(path)


def _matches(pattern: Path) -> list[Path]:
    """Return the paths that match a pattern: shells do not expand quoted ones."""
    found = glob.glob(str(pattern), recursive=True) if glob.has_magic(str(pattern)) else []
    return sorted((Path(name) for name in found), key=_natural)


def _named(word: Path) -> Path | None:
    """Return the run below ``checkpoints/`` of a bare name; None if there is none."""
    run = ROOT / word
    return run if len(word.parts) == 1 and word.name != ".." and is_run(run) else None


def _no_run(path: Path) -> ConfigError:
    """Return the error for a path that exists and is not a run."""
    if files.is_file(path):
        return ConfigError(f"{path}: is a file outside any run directory; name a run{offers(path)}")
    return ConfigError(
        f"{path}: is not a run directory (it has no {CONFIG}) and contains none; name one, or a model file"
        f"{offers(path)}"
    )


def _not_there(word: Path) -> ConfigError:
    """Return the error for a name that means nothing."""
    if problem := files.absent(word, ""):
        return ConfigError(f"{word}: {problem}")
    return ConfigError(f"{word}: there is no such run directory or model file; looked in {Path.cwd()}{offers(word)}")


def offers(word: Path) -> str:
    """Return a clause with suggestions: a run of a similar name, a config to train, or the existing runs."""
    places = dict.fromkeys([word.parent, ROOT] if word.parent != Path() else [ROOT])
    known = {run: None for place in places for run in _readable(place)}
    names = {run.name: run for run in reversed(known)}
    near = difflib.get_close_matches(word.name, names, n=1)
    if near and names[near[0]] != word:
        return f"; did you mean {names[near[0]]}?"
    file = config_named(word.name) if word.parent in (ROOT, Path()) else None
    if file is not None:
        return f"; train it with fcnet train -c {file}"
    if not known:
        return f"; there are no runs in {few(places, 2)}: {how_to_train()}"
    newest_first = sorted(known, key=started, reverse=True)
    return f"; runs here: {few(newest_first, _SHOWN)}"


def _readable(place: Path) -> Iterator[Path]:
    """Yield the runs in a folder, if it can be read."""
    if os.path.isdir(place) and os.access(place, os.R_OK | os.X_OK):
        yield from (run for run in _children(place) if _is_run(run))
