"""From a base and axes to the runs: every combination checked, equal ones once, each with its name and hash."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fcnet.config.yaml_lines import Layer
from fcnet.errors import ConfigError
from fcnet.schema import Config
from fcnet.sweep.plan import names
from fcnet.sweep.plan.identity import digest, merged
from fcnet.sweep.plan.plan import Planned
from fcnet.sweep.plan.runs.axes import Axis
from fcnet.sweep.plan.runs.mistakes import Mistakes


def runs(base: Mapping[str, Any], layers: Sequence[Layer], axes: Sequence[Axis]) -> tuple[tuple[Planned, ...], int]:
    """Return the runs of a sweep, the last axis fastest, and how many were left out as equal to an earlier one.

    Args:
        base: the settings that all runs share, a valid config.
        layers: the same, as written, for the lines of mistakes.
        axes: what varies.

    Raises:
        ConfigError: with one line per mistake, however many runs make it.
    """
    mistakes = Mistakes(base, layers)
    found: dict[tuple[str, ...], dict[str, Any]] = {}  # by digest
    number = 0
    for picks in itertools.product(*(axis.choices for axis in axes)):
        number += 1
        changes = {key: value for pick in picks for key, value in pick.changes.items()}
        try:
            config = Config.model_validate(merged(base, changes))
        except ValidationError as error:
            mistakes.add(error, picks)
        else:
            found.setdefault(digest(config), changes)
    if problems := mistakes.problems:
        raise ConfigError(*problems)
    hashes = [one[0][:12] for one in found]
    named = dict.fromkeys(key for axis in axes for key in axis.named)
    called = names.of_runs(list(found.values()), hashes, named)
    planned = map(Planned, called, hashes, found.values())
    return tuple(planned), number - len(found)
