"""Whether a run is of a row's config: all settings are equal that its results depend on.

Imported by scripts/results.py; does nothing by itself. Settings are kept whole, not as a hash, so that a key that fcnet
has learned since takes its default, and a difference can be named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from published.rows import ROOT, SMALL, Refused, Row
from pydantic import ValidationError

import fcnet
from fcnet import schema
from fcnet.results import columns, settings

Settings = Mapping[str, Any]  # by dotted keys

# Which seed, and where images and other runs lie. `data.classes` is what a run found in its folder.
ELSEWHERE = schema.INCIDENTAL | {"seed", "data.root", "data.classes"}
RUNS = ("run", "runs")  # last parts of keys that name other runs: teachers, encoders

SHOWN = 4  # differing keys that a message names


@dataclass(frozen=True)
class Version:
    """A row's config as it is now, whole or small.

    Attributes:
        row: the row.
        key: its name in docs/results.json.
        config: resolved.
    """

    row: Row
    key: str
    config: fcnet.Config

    def settings(self) -> dict[str, Any]:
        """Return the settings that its results depend on."""
        return {key: value for key, value in flat(self.config).items() if not self._ignores(key)}

    def differences(self, other: Settings) -> list[str]:
        """Return how a run's settings differ from those of the config, a few words for each key.

        Keys that ``other`` lacks because they are newer than it take the defaults.
        """
        own = flat(self.config)
        merged = {key: value for key, value in own.items() if self._ignores(key)}
        merged |= {key: value for key, value in other.items() if not self._ignores(key)}
        try:
            there = flat(fcnet.Config.model_validate(_nested(merged)))
        except ValidationError as error:
            return [f"its settings are not valid any more ({'.'.join(map(str, error.errors()[0]['loc']))})"]
        keys = [key for key in dict.fromkeys([*own, *there]) if own.get(key) != there.get(key)]
        return [f"{key}: {_said(own, key)} in {self.row.file}, {_said(there, key)} there" for key in keys]

    def _ignores(self, key: str) -> bool:
        return key in ELSEWHERE or key == self.row.over or key.rpartition(".")[2] in RUNS


def versions(rows: Mapping[str, Row], root: Path = ROOT) -> dict[str, Version]:
    """Return the versions of all rows by their keys. Raises Refused if a config is missing or not valid."""
    found, problems = {}, []
    for row in rows.values():
        if not (root / row.file).is_file():
            problems.append(f"{row.name}: config missing: there is no {row.file}")
            continue
        for key, overrides in ((row.name, []), (row.name + SMALL, row.small)):
            if key == row.name or overrides:
                try:
                    found[key] = Version(row, key, fcnet.load_config(root / row.file, *overrides))
                except fcnet.FcnetError as error:
                    problems += [f"{row.name}: {problem}" for problem in error.problems]
    if problems:
        raise Refused(*problems)
    return found


def flat(config: fcnet.Config) -> dict[str, Any]:
    """Return the settings of a config by their dotted keys."""
    return settings.flat(schema.values(config))


def few(differences: list[str]) -> str:
    """Return the first differences as words."""
    more = [f"and {len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
    return "; ".join(differences[:SHOWN] + more)


def _nested(values: Settings) -> dict[str, Any]:
    return settings.nested({f"all.{key}": value for key, value in values.items()}, "all")


def _said(values: Settings, key: str) -> str:
    return columns.words(values[key]) if key in values else "not set"
