"""What went wrong with a run so far: how often it failed, and how often its worker died."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fcnet.system import files
from fcnet.system.text import now

# How often the worker of a run may die at the same checkpoint before the run counts as the reason.
DEATHS = 10


@dataclass(frozen=True)
class Failure:
    """One failure of a run.

    Attributes:
        why: the error, for people.
        code: the exit code that ``fcnet train`` would have.
        host: where.
        at: when, by that host's clock.
    """

    why: str
    code: int
    host: str
    at: str


@dataclass(frozen=True)
class Tries:
    """What went wrong with a run so far.

    Attributes:
        failures: in their order.
        deaths: how often its worker died since ``place`` changed.
        place: the newest checkpoint at the last death.
    """

    failures: tuple[Failure, ...] = ()
    deaths: int = 0
    place: str = ""

    @classmethod
    def read(cls, path: Path) -> "Tries":
        """Return what a file says; nothing went wrong if there is none."""
        try:
            plain = files.read_json(path)
            return cls(tuple(Failure(**one) for one in plain["failures"]), int(plain["deaths"]), str(plain["place"]))
        except (OSError, ValueError, TypeError, KeyError):  # a damaged one costs a few more tries
            return cls()

    def write(self, path: Path) -> None:
        """Write them to a file."""
        files.write_bytes(path, (json.dumps(self.plain(), indent=1, ensure_ascii=False) + "\n").encode())

    def plain(self) -> dict[str, Any]:
        """Return the attributes, JSON-ready."""
        return asdict(self)

    def failed(self, why: str, code: int, host: str) -> "Tries":
        """Return them with one more failure."""
        return replace(self, failures=(*self.failures, Failure(why, code, host, now())))

    def died(self, place: str) -> "Tries":
        """Return them with one more death, at the newest checkpoint ``place``."""
        return replace(self, deaths=self.deaths + 1 if place == self.place else 1, place=place)

    def verdict(self, retries: int) -> str | None:
        """Return why the run is not tried again; None if it is."""
        if self.deaths >= DEATHS:
            return (
                f"its worker was killed {self.deaths} times"
                f" {f'after {self.place}' if self.place else 'before the first checkpoint'} (out of memory?)"
            )
        if len(self.failures) > retries:
            return self.failures[-1].why
        return None
