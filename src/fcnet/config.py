"""From files and overrides to a checked ``Config``: defaults < ``extends`` < file < command line.

A null takes an inherited setting away, so that its default holds again. Every mistake of a config is reported at once,
each on one line with the file and line that it comes from.
"""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from fcnet import yamlfile
from fcnet.errors import ConfigError
from fcnet.schema import TRAINED_BY, Config
from fcnet.sections import TAG, WRONG_KIND
from fcnet.yamlfile import Layer

# Where a word is short for {name: word}: a setting laid over the word leaves the name as it is.
NAMED = ("optimizer", "schedule", "activation", "init", "weights", "solver", "corruption", "sparse")

Path_ = tuple[str | int, ...]  # a key's place in the config, such as ("train", "optimizer", "lr")


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read, merge and check a config.

    Args:
        path: YAML file; its ``extends`` names the file that it starts from.
        overrides: ``KEY=VALUE`` words, KEY a dotted path.

    Raises:
        ConfigError: with one line per mistake.
    """
    return check([*_files(path), *map(_override, overrides)])


def check(layers: Sequence[Layer]) -> Config:
    """Merge the layers, the last one wins, and validate. Raises ConfigError with one line per mistake."""
    values: dict[str, Any] = {}
    found: list[tuple[int, int, str]] = []  # (layer, line, problem), to report them in the order of the text
    for number, layer in enumerate(layers):
        values = _merge(values, layer.values)
        found += [(number, line, problem) for line, problem in layer.problems]
    values.pop("extends", None)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        found += [_located(detail, layers) for detail in error.errors(include_url=False)]
    if found:
        raise ConfigError(*dict.fromkeys(problem for _, _, problem in sorted(found)))
    return config


def dump(config: Config) -> str:
    """The resolved config as YAML that ``load`` reads back to the same config."""
    others = set(TRAINED_BY.values()) - {TRAINED_BY[config.model.kind]}
    values: dict[str, Any] = _shorten(config.model_dump(exclude_none=True, exclude=others))
    return yamlfile.dump(values)


def _shorten(value: Any) -> Any:
    """``{name: relu}`` as ``relu``."""
    if isinstance(value, dict):
        short = value.keys() == {"name"} and isinstance(value["name"], str)
        return value["name"] if short else {key: _shorten(one) for key, one in value.items()}
    return [_shorten(one) for one in value] if isinstance(value, list) else value


def _files(path: Path) -> list[Layer]:
    """The file and those it extends, the most basic first. Raises ConfigError on a cycle."""
    layers: list[Layer] = []
    seen: list[Path] = []
    while True:
        layer = yamlfile.read(path)
        layers.insert(0, layer)
        seen.append(path.resolve())
        parent = layer.values.get("extends")
        if parent is None:
            return layers
        place = layer.place(layer.where(("extends",))[1])
        if not isinstance(parent, str) or not parent or "\0" in parent:
            raise ConfigError(f"{place}: extends: is {_short(parent)}; name one YAML file, relative to this one")
        path = path.parent / parent
        if path.resolve() in seen:
            chain = " -> ".join(str(one.name) for one in [*seen, path])
            raise ConfigError(f"{place}: extends: goes round in a circle ({chain}); break it")
        if not path.is_file():
            raise ConfigError(f"{place}: extends: there is no file {path}; the path is relative to this config")


def _override(word: str) -> Layer:
    """``train.optimizer.lr=3e-4`` as a layer of its own."""
    key, equals, text = word.partition("=")
    parts = key.split(".")
    if parts == ["extends"]:
        raise ConfigError("command line: extends: goes into a file; name that file, or set its keys one by one")
    if not equals or not all(parts):
        raise ConfigError(f"command line: {word!r}: overrides are KEY=VALUE, such as train.optimizer.lr=3e-4")
    value = yamlfile.scalar(text, f"command line: {key}")
    for part in reversed(parts):
        value = {part: value}
    return Layer("command line", value)


def _merge(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """``top`` over ``base``: mappings key by key, all else whole; null takes away what ``base`` has.

    A mapping of another ``name`` that brings settings of its own is taken whole; a name alone keeps those of before.
    """
    merged = dict(base)
    for key, value in top.items():
        if value is None and key in base:
            del merged[key]
        elif key in NAMED and isinstance(value, dict) and isinstance(base.get(key), str):
            merged[key] = {"name": base[key]} | value
        elif isinstance(value, dict) and isinstance(base.get(key), dict) and not _renamed(base[key], value):
            merged[key] = _merge(base[key], value)
        else:
            merged[key] = value
    return merged


def _renamed(base: dict[str, Any], top: dict[str, Any]) -> bool:
    """Whether ``top`` names something else than ``base``, and brings its settings."""
    return "name" in base and "name" in top and base["name"] != top["name"] and len(top) > 1


def _located(detail: ErrorDetails, layers: Sequence[Layer]) -> tuple[int, int, str]:
    """One of pydantic's errors as (layer, line, ``FILE:LINE: KEY: what is wrong``)."""
    path = _path(detail)
    if detail["type"] == WRONG_KIND and isinstance(detail["input"], dict):
        path = (*path, "kind")
    # The layer that has the most of the path, and of several the highest one: that is the one that counts.
    number = max(range(len(layers)), key=lambda number: (layers[number].where(path)[0], number))
    line = layers[number].where(path)[1]
    key = "".join(f"{part}." for part in path)[:-1] + ": " if path else ""  # of the whole, none
    return number, line, f"{layers[number].place(line)}: {key}{_problem(detail)}"


def _path(detail: ErrorDetails) -> Path_:
    """The keys of an error location, without the tags of unions; what an unknown key looks like does not matter."""
    tagged = detail["loc"]
    last = tagged[-1:] if detail["type"] == "extra_forbidden" else ()
    above = tagged[: len(tagged) - len(last)]
    return (*(part for part in above if not (isinstance(part, str) and part.startswith(TAG))), *last)


def _problem(detail: ErrorDetails) -> str:
    """What is wrong and what is allowed, in a few words."""
    tagged, given = detail["loc"], detail["input"]
    if isinstance(given, dict):
        given = given["name"] if given.keys() == {"name"} else given
        given = given.get("kind") if detail["type"] == WRONG_KIND else given
    value = _short(given)
    match detail["type"]:
        case "extra_forbidden":
            known = sorted(_fields(tagged[:-1]))
            return f"unknown key; {_nearest(_path(detail), known)}allowed here: {', '.join(known)}"
        case "missing":
            return f"missing; {_description(tagged)}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"is {value}; {_description(tagged)}"
        case "model_type":
            return f"is {value}; should be a mapping of keys: {', '.join(sorted(_fields(tagged)))}"
        case _:
            return f"is {value}; {detail['msg'].replace('Input should', 'should')}"


def _short(value: Any) -> str:
    """A value as the user wrote it, cut where it is long."""
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _nearest(path: Path_, known: Sequence[str]) -> str:
    """A question: another section has the key, or one of this section's is spelt much the same."""
    word, own = str(path[-1]), ".".join(part for part in path if isinstance(part, str))
    keys = set(_keys(Config))
    same = [] if own in keys else [key for key in keys if key.split(".")[-1] == word]
    depth = min((key.count(".") for key in same), default=0)
    highest = [key for key in same if key.count(".") == depth]
    close = highest if len(highest) == 1 else difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def _keys(kind: Any, place: str = "") -> Iterator[str]:
    """Dotted places of all keys of a section, through its sections and unions, but not those in lists."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield place + name
            yield from _keys(field.annotation, f"{place}{name}.")
    elif get_origin(kind) is not list:
        for one in get_args(kind):
            yield from _keys(one, place)


def _fields(tagged: Path_) -> dict[str, Any]:
    """The fields of the section at an error location (which has the tags of unions in it)."""
    model: Any = Config
    for part in tagged:
        if isinstance(part, int):
            continue
        if part.startswith(TAG):
            model = _member(model, part)
        else:
            field = model.model_fields[part]
            model = field.annotation
    sections = [one for one in (model, *get_args(model)) if isinstance(one, type) and issubclass(one, BaseModel)]
    return dict(sections[0].model_fields) if sections else {}


def _member(union: Any, tag: str) -> Any:
    """The member of a union that carries ``tag``, looked for through lists and Optional."""
    for one in get_args(union):
        if any(isinstance(extra, Tag) and extra.tag == tag for extra in getattr(one, "__metadata__", ())):
            return get_args(one)[0]
        found = _member(one, tag)
        if found is not None:
            return found
    return None


def _description(tagged: Path_) -> str:
    """The one description of the key at an error location."""
    return str(_fields(tagged[:-1])[str(tagged[-1])].description)
