"""Read the settings of a run's config.yaml quickly: a thousand of them in a fraction of a second.

A config that fcnet wrote has one setting per line, and runs of one sweep share most of their lines and sections. So
values and sections are parsed once each. Whatever does not look like that is read as every other config.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fcnet.config import yaml_lines
from fcnet.errors import ConfigError
from fcnet.system import files

Settings = Mapping[str, Any]  # by the dotted path of the key; lists are values

_REMEMBERED = 1 << 14  # texts of values and sections
_LINE = re.compile(r"( *)([A-Za-z_]\w*):(?: +(\S.*))?")
_SECTION = re.compile(r"^(?=\w)", re.MULTILINE)
_NUMBERS = re.compile(r"[-+0-9.eE]+|\[[-+0-9.eE, ]+\]")
_OTHER = ("---", "...", "|", ">", "&", "*", "!", "#", "%", "@", "`")  # how a value begins that is not all on its line
_UNKNOWN = object()


def read(path: Path) -> dict[str, Any]:
    """Return the settings in a config file by their dotted keys. Raises ConfigError with file and line."""
    try:
        text = files.read_bytes(path, yaml_lines.MAX_BYTES).decode()
        before, *sections = _SECTION.split(text)
        if before:
            return _whole(path)
        found = [_section(part) for part in sections]
        names = [part.partition(":")[0] for part in sections]
        names += [name for one in found for name in {key.partition(".")[0] for key in one} - set(names)]
        if len(set(names)) == len(names):
            return {key: value for one in found for key, value in one.items()}
        return _whole(path)
    except (OSError, ValueError, ConfigError):  # the ordinary reader says what is wrong, if anything is
        return _whole(path)


def _whole(path: Path) -> dict[str, Any]:
    layer = yaml_lines.read(path)
    if layer.problems:
        raise ConfigError(*(problem for _, problem in layer.problems))
    return flat(layer.values)


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested settings by their dotted keys."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{above}{key}.")
        else:
            found[above + key] = value
    return found


def nested(settings: Settings, section: str) -> dict[str, Any]:
    """Return one section of settings as ``flat`` got it."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if not key.startswith(f"{section}."):
            continue
        *above, last = key.split(".")[1:]
        place = found
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return found


@lru_cache(_REMEMBERED)
def _section(text: str) -> Settings:
    """Return the settings in the lines of a section. Raises ConfigError if they are not valid YAML."""
    found = _by_lines(text)
    if found is None:
        layer = yaml_lines.parse(text, "")
        if layer.problems:
            raise ConfigError(*(problem for _, problem in layer.problems))
        found = flat(layer.values)
    return MappingProxyType(found)


def _by_lines(text: str) -> dict[str, Any] | None:
    """Return the settings in lines of one key each; None if not all lines are of that form."""
    found: dict[str, Any] = {}
    levels: list[tuple[int, str]] = []  # indents of the sections around a line, and what their keys begin with
    opened: str | None = ""  # of the section whose first line comes next
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        indent, key, value = len(match[1]), match[2], match[3]
        if opened is not None:
            levels.append((indent, opened))
        while levels[-1][0] > indent:
            levels.pop()
        deeper = len(levels) < 2 or levels[-1][0] > levels[-2][0]
        if levels[-1][0] != indent or not deeper:
            return None
        place = levels[-1][1] + key
        opened = f"{place}." if value is None else None
        if value is None:
            continue
        read = _UNKNOWN if value.startswith(_OTHER) else _value(value)
        if isinstance(read, dict | list) and value[0] != ("{" if isinstance(read, dict) else "["):
            read = _UNKNOWN  # such as ``a: b: c``: alone, what is behind the first colon is a mapping
        if read is _UNKNOWN:
            return None
        new = flat(read, f"{place}.") if isinstance(read, dict) else {place: read}
        if found.keys() & new.keys():
            return None
        found |= new
    return found if opened is None else None


@lru_cache(_REMEMBERED)
def _value(text: str) -> Any:
    """Return the value of a text: numbers, which JSON writes as YAML does, by the faster reader."""
    if _NUMBERS.fullmatch(text):
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return yaml_lines.scalar(text, "")
