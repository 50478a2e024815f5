"""Load checked settings from files and overrides: defaults < ``extends`` < file < command line.

A null removes an inherited setting, so that its default applies again. All mistakes of a config are reported at once,
each on one line with its file and line number.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fcnet.config import explain, yaml_lines
from fcnet.config.named import shipped
from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError, FcnetError
from fcnet.system import paths, punctuation

C = TypeVar("C", bound=BaseModel)  # the schema of a whole config

# What must exist before training begins.
_NEEDED = tuple(("data", split, part) for split in ("train", "test", "validation") for part in ("images", "labels"))
_NEEDED += (("model", "init", "run"),)


def load(schema: type[C], path: Path, overrides: Sequence[str] = (), needed: bool = False) -> C:
    """Read, merge and check a config.

    Args:
        schema: schema of the whole config.
        path: YAML file; its ``extends`` names the file that it inherits from.
        overrides: ``KEY=VALUE`` words, KEY a dotted path.
        needed: whether its images will be read: report paths that do not exist, but do next to the file.

    Raises:
        ConfigError: with one line per mistake.
    """
    return check(schema, layers(path, overrides), needed)


def layers(path: Path, overrides: Sequence[str] = ()) -> list[Layer]:
    """Read a config, what it extends, and overrides, the most basic first. Raises ConfigError."""
    return [*inherited(_read_config(path), path), *map(override, overrides)]


def check(schema: type[C], layers: Sequence[Layer], needed: bool = False) -> C:
    """Merge the layers (the last one wins) and validate. Raises ConfigError with one line per mistake."""
    values: dict[str, Any] = {}
    found: list[tuple[int, int, str]] = []  # (layer, line, problem), to report them in the order of the text
    words = explain.named_keys(schema)
    for number, layer in enumerate(layers):
        values = merge(values, layer.values, words)
        found += [(number, line, problem) for line, problem in layer.problems]
    values.pop("extends", None)
    try:
        config = schema.model_validate(values)
    except ValidationError as error:
        for number, line, problem in explain.located(error, layers, schema):
            found.append((number, line, f"{layers[number].place(line)}: {problem}"))
    if found:
        raise ConfigError(*dict.fromkeys(problem for _, _, problem in sorted(found)))
    if needed and (problems := list(_next_to_config(layers))):
        raise ConfigError(*problems)
    return config


def is_sweep(layer: Layer) -> bool:
    """Return whether a file describes a sweep, of many runs, not a config."""
    keys = layer.values.keys()
    if keys & {"data", "extends"}:
        return False
    return "base" in keys or bool(keys & {"grid", "seeds", "search"} and not keys & {"model", "train"})


def is_sweep_file(path: Path) -> bool:
    """Return whether a path is that of a sweep file; False if it cannot be read."""
    try:
        return is_sweep(yaml_lines.read(path))
    except FcnetError:
        return False


def dump(values: dict[str, Any]) -> str:
    """Return the values of a config as YAML, each ``{name: relu}`` as ``relu``."""
    return yaml_lines.dump({key: _shorten(value) for key, value in values.items()})


def _shorten(value: Any) -> Any:
    """Return ``{name: relu}`` as ``relu``."""
    if isinstance(value, dict):
        short = value.keys() == {"name"} and isinstance(value["name"], str)
        return value["name"] if short else {key: _shorten(one) for key, one in value.items()}
    return [_shorten(one) for one in value] if isinstance(value, list) else value


def _read_config(path: Path) -> Layer:
    """Read one file. Raises ConfigError if it is a sweep file."""
    layer = yaml_lines.read(path)
    if is_sweep(layer):
        raise ConfigError(f"{path}: is a sweep file, for many runs; run it with: fcnet sweep run {path}")
    return layer


def inherited(layer: Layer, path: Path) -> list[Layer]:
    """Return the files that a layer of the file ``path`` extends, the most basic first, and itself.

    Raises:
        ConfigError: one of them is missing, or they extend each other.
    """
    found: list[Layer] = []
    seen: list[Path] = []
    while True:
        found.insert(0, layer)
        seen.append(path.resolve())
        parent = layer.values.get("extends")
        if parent is None:
            return found
        place = layer.place(layer.where(("extends",))[1])
        path = beside(path, parent, f"{place}: extends")
        if path.resolve() in seen:
            chain = " -> ".join(str(one.name) for one in [*seen, path])
            raise ConfigError(f"{place}: extends: is circular ({chain}); remove one of them")
        layer = _read_config(path)


def beside(path: Path, name: Any, where: str) -> Path:
    """Return the file that a setting of the file ``path`` names: one beside it, or a config that comes with fcnet.

    Raises:
        ConfigError: after ``where``, there is none.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise ConfigError(f"{where}: is {explain.short(name)}; name one YAML file, relative to this one")
    found = path.parent / name
    if not found.is_file():
        try:
            found = path.parent / paths.expand(name)
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from None
    if not found.is_file() and (with_fcnet := shipped.file(name)) is not None:
        return with_fcnet
    if not found.is_file():
        near_by = [one for one in (f"{found}.yaml", f"{found}.yml", Path.cwd() / name) if Path(one).is_file()]
        fix = f"; write {os.path.relpath(near_by[0], path.parent)}" if near_by else ""
        raise ConfigError(f"{where}: there is no file {found}; the path is relative to this file{fix}")
    return found


def _next_to_config(layers: Sequence[Layer]) -> Iterator[str]:
    """Yield errors about needed paths that do not exist in the working folder, but do next to their config."""
    for key in _NEEDED:
        layer = next((layer for layer in reversed(layers) if layer.value(key) is not None), None)
        value = layer.value(key) if layer is not None else None
        if layer is None or layer.node is None or not isinstance(value, str) or os.path.exists(value):
            continue
        there = os.path.join(os.path.dirname(layer.name), paths.expand(value))
        if os.path.exists(there) and not os.path.exists(paths.expand(value)):
            place = layer.place(layer.where(key)[1])
            yield (
                f"{place}: {explain.dotted(key)}: is {value!r}, which exists next to the config, but not in"
                f" {Path.cwd()}, where paths begin; write {os.path.relpath(there)}"
            )


def override(word: str) -> Layer:
    """Return ``train.optimizer.lr=3e-4`` as a layer of its own. Raises ConfigError."""
    key, equals, text = word.partition("=")
    parts = key.split(".")
    if parts == ["extends"]:
        raise ConfigError("command line: extends: works only in a file; name that file, or set its keys one by one")
    if not equals or not all(parts):
        fix = punctuation.advice(key) or "overrides are KEY=VALUE, such as train.optimizer.lr=3e-4"
        raise ConfigError(f"command line: {word!r}: {fix}")
    value = yaml_lines.scalar(text, f"command line: {key}")
    if value == "" or (value is None and text.strip() not in ("null", "~")):
        raise ConfigError(
            f"command line: {key}=: has no value (an unset variable?); write {key}=null to remove a setting"
        )
    return Layer("command line", nested(key, value))


def nested(key: str, value: Any) -> dict[str, Any]:
    """Return ``{train: {l2: 0.1}}`` for ``train.l2`` and 0.1."""
    for part in reversed(key.split(".")):
        value = {part: value}
    whole: dict[str, Any] = value
    return whole


def merge(base: dict[str, Any], top: dict[str, Any], words: Collection[str]) -> dict[str, Any]:
    """Merge ``top`` over ``base``: mappings key by key, all else as a whole; null removes what ``base`` has.

    A mapping with another ``name`` and settings of its own replaces the old one; a name alone keeps the old settings.
    A key in ``words`` accepts a word for ``{name: word}``: a setting merged over the word keeps the name.
    """
    merged = dict(base)
    for key, value in top.items():
        if value is None and key in base:
            del merged[key]
        elif key in words and isinstance(value, dict) and isinstance(base.get(key), str):
            merged[key] = {"name": base[key]} | value
        elif isinstance(value, dict) and isinstance(base.get(key), dict) and not _renamed(base[key], value):
            merged[key] = merge(base[key], value, words)
        else:
            merged[key] = value
    return merged


def _renamed(base: dict[str, Any], top: dict[str, Any]) -> bool:
    """Return whether ``top`` has another name than ``base``, and settings for it."""
    return "name" in base and "name" in top and base["name"] != top["name"] and len(top) > 1
