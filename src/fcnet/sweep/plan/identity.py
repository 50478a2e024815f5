"""The config of a run, from the base and what the run changes in it; and what identifies it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from fcnet import schema
from fcnet.config import load as loading
from fcnet.config.yaml_lines import Layer
from fcnet.schema import Config

Change = tuple[str, Any]  # a dotted key and its value


def in_order(changes: Mapping[str, Any]) -> list[Change]:
    """Return changes in the order of their merging: a section before the keys inside it."""
    return sorted(changes.items(), key=lambda change: change[0].count("."))


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run, as if its changes were given on the command line."""
    values = dict(base)
    for key, value in in_order(changes):
        values = loading.merge(values, loading.nested(key, value), schema.named_keys())
    return values


def config_of(base: Mapping[str, Any], changes: Mapping[str, Any], where: str = "sweep.yaml") -> Config:
    """Return the config of one run.

    Args:
        base: the settings that all runs share (``Plan.base``).
        changes: those of the run.
        where: what to name in errors.

    Raises:
        ConfigError: it is not valid, which a plan that was checked never is.
    """
    try:
        return Config.model_validate(merged(base, changes))
    except ValidationError:
        layers = [Layer(where, loading.nested(key, value)) for key, value in in_order(changes)]
        return schema.check([Layer(where, dict(base)), *layers])


def hash_of(config: Config) -> str:
    """Return what identifies the results of a config: twelve hexadecimal digits, wherever it is trained."""
    return digest(config)[0][:12]


def digest(config: Config) -> tuple[str, ...]:
    """Return the whole SHA-256 of a config without ``ELSEWHERE``, and these; equal for equal configs only."""
    values = schema.values(config)
    elsewhere = [str(values.pop(key, None)) for key in schema.ELSEWHERE]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest(), *elsewhere


def differences(there: Config, here: Config) -> list[str]:
    """Return which settings of two configs differ, as ``train.optimizer.lr: 0.001 there, 0.0003 here``."""
    old, new = (dict(_flat(schema.values(one))) for one in (there, here))
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
    return [f"{key}: {_shown(old.get(key))} there, {_shown(new.get(key))} here" for key in keys]


def _flat(values: Mapping[str, Any], place: str = "") -> Iterator[Change]:
    """Yield the dotted keys of settings and their values."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{place}{key}.")
        else:
            yield place + key, value


def _shown(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def fixed(config: Config) -> dict[str, Any]:
    """Return the settings that a config gives, as plain values that need no other file; defaults stay left out.

    Changes merged over them mean what they mean on the command line: ``train.optimizer.name: sgd`` keeps the rate, and
    does not meet the decay rates of Adam, which nobody has given.
    """
    return config.model_dump(exclude_unset=True)


def problem(values: Mapping[str, Any]) -> ValidationError | None:
    """Return what pydantic has against the settings of a run; None if it accepts them."""
    try:
        Config.model_validate(values)
    except ValidationError as error:
        return error
    return None
