"""Runs in groups: those that differ in nothing but their seed, or those that agree in given keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fcnet.errors import ConfigError
from fcnet.results import columns
from fcnet.results.row import Row
from fcnet.schema import INCIDENTAL
from fcnet.system.text import few

FOLDER, RUN = "folder", "run"  # groups by place instead of settings
PLACES = (FOLDER, RUN)

_LISTED = 6  # runs or groups that one sentence names


@dataclass(frozen=True)
class Group:
    """Runs that belong together.

    Attributes:
        name: what sets it apart, such as ``hidden=500, lr=0.001``.
        settings: the same by dotted keys.
        rows: its runs, each with another ``pair``.
        pairs: what identifies a run in its group, and its partners in others: its seed and what is mixed.
    """

    name: str
    settings: dict[str, Any]
    rows: list[Row]
    pairs: list[str]


@dataclass(frozen=True)
class Grouped:
    """All groups.

    Attributes:
        groups: sorted by their settings.
        by: the keys that set them apart.
        mixed: keys in which runs of a group differ, beside the seed.
        beside: keys in which groups differ, beside those that set them apart.
        repeated: runs that are left out because a group has one with the same settings and seed.
    """

    groups: list[Group]
    by: list[str]
    mixed: list[str]
    beside: list[str]
    repeated: list[Row]


def group(rows: Sequence[Row], by: Sequence[str] = ()) -> Grouped:
    """Return runs in groups.

    Args:
        rows: at least one run.
        by: keys that set groups apart, ``folder`` or ``run``; none for all that differ, except the seed and what the
            results do not depend on. If nothing differs but some seeds are repeated, runs are grouped by folder.

    Raises:
        ConfigError: there is no such key.
    """
    differing = [key for key in columns.differing(rows) if key not in INCIDENTAL]
    chosen = [one if one in PLACES else columns.resolve(one, rows, "--by") for one in by]
    chosen = ["model.kind" if one == "kind" else one for one in chosen]
    if bad := [one for one in chosen if one in columns.FIXED and one not in (*PLACES, "seed", "net")]:
        raise ConfigError(f"--by: {bad[0]}: is a result, not a setting; give a key of the configs, folder or run")
    keys = chosen or [key for key in differing if key != "seed"] or _places(rows)
    names = columns.short_names([key for key in keys if key not in (*PLACES, *columns.FIXED)])
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: [columns.sort_key(_value(row, key)) for key in keys]):
        found.setdefault(repr([_value(row, key) for key in keys]), []).append(row)
    others = [key for key in differing if key not in (*keys, "seed")]
    mixed = [key for key in others if any(_differs(key, alike) for alike in found.values())]
    pairing = [*mixed, *(["seed"] if "seed" not in keys else [])]
    repeated: list[Row] = []
    groups = [_group(alike, keys, names, pairing, repeated) for alike in found.values()]
    told = any(key in (*PLACES, "net") for key in keys)  # groups that differ in more than their names say, as meant
    return Grouped(groups, keys, mixed, [] if told else [key for key in others if key not in mixed], repeated)


def _differs(key: str, rows: Sequence[Row]) -> bool:
    return len({repr(row.settings.get(key)) for row in rows}) > 1


def _places(rows: Sequence[Row]) -> list[str]:
    """Return by which place runs are grouped that differ in nothing but their seed."""
    if len({row.seed for row in rows}) == len(rows):
        return []
    if len({row.path.parent.resolve() for row in rows}) > 1:
        return [FOLDER]
    return [RUN] if len(rows) == 2 else []


def _value(row: Row, key: str) -> Any:
    match key:
        case "folder":
            return str(row.path.parent)
        case "run":
            return row.name
    return columns.value(row, key)


def _group(
    rows: Sequence[Row], keys: Sequence[str], names: dict[str, str], pairing: Sequence[str], repeated: list[Row]
) -> Group:
    """Return runs as a group; append to ``repeated`` those that it has already."""
    settings = {key: found for key in keys if (found := _value(rows[0], key)) is not None}
    words = [f"{names.get(key, key)}={columns.words(found)}" for key, found in settings.items()]
    name = str(settings[keys[0]]) if len(keys) == 1 and keys[0] in PLACES else ", ".join(words)
    own: dict[str, Row] = {}
    for row in rows:
        pair = ", ".join(f"{key}={columns.words(row.settings.get(key))}" for key in pairing)
        if pair in own:
            repeated.append(row)
        else:
            own[pair] = row
    return Group(name or "all runs", settings, list(own.values()), list(own))


def find(groups: Sequence[Group], word: str) -> Group:
    """Return the group that a word means: its name, some of its settings, or one of its runs.

    Raises:
        ConfigError: it means none, or several.
    """
    wanted = {part.strip() for part in word.split(",")}
    exact = [one for one in groups if one.name == word]
    found = exact or [
        one
        for one in groups
        if wanted <= {part.strip() for part in one.name.split(",")}
        or wanted <= {f"{key}={columns.words(value)}" for key, value in one.settings.items()}
        or any(word in (row.name, str(row.path)) for row in one.rows)
    ]
    if len(found) == 1:
        return found[0]
    what = "means no group" if not found else f"means {len(found)} groups"
    there = "; ".join(f"'{one.name}'" for one in groups[:_LISTED]) + (" ..." if len(groups) > _LISTED else "")
    raise ConfigError(f"--against {word}: {what}; the groups are {there}")


def listed(rows: Sequence[Row]) -> str:
    """Return the names of some runs."""
    return few((row.name for row in rows), _LISTED)
