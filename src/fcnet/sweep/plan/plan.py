"""A plan: the runs of a sweep, and what they share."""

from dataclasses import dataclass
from typing import Any

from fcnet.sweep.plan.section import Sweep
from fcnet.system.text import counted


@dataclass(frozen=True)
class Planned:
    """A run of a sweep.

    Attributes:
        name: its directory in that of the sweep, after what differs from the base: ``hidden-300_lr-3e-4_seed-0``.
        hash: of its whole config, twelve hexadecimal digits.
        changes: what differs from the base: dotted keys and their values, the seed among them.
    """

    name: str
    hash: str
    changes: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep.

    Attributes:
        settings: the sweep file, its base as a mapping that needs no other file.
        runs: in the order in which they are begun; none of a search, whose runs are chosen one after another.
        equal: runs that were left out because an earlier one has the same config.
    """

    settings: Sweep
    runs: tuple[Planned, ...]
    equal: int = 0

    @property
    def base(self) -> dict[str, Any]:
        """Return the settings that the runs share."""
        assert isinstance(self.settings.base, dict)  # that of a plan is never a path
        return self.settings.base

    @property
    def size(self) -> str:
        """Return in words how many runs are planned."""
        if self.settings.search is not None:
            return f"a search of {counted(self.settings.search.trials, 'trial')}"
        equal = f"; {self.equal} more would be equal to one of them" if self.equal else ""
        return f"{counted(len(self.runs), 'run')}{equal}"
