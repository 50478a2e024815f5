"""The command line in-process, as the fixture ``fcnet`` runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]  # of the repository

COMMANDS = [
    *("train", "eval", "plot", "predict", "encode", "runs", "compare", "report", "export"),
    *("data fashion-mnist", "data import"),
    *("config list", "config init", "config show", "config check", "config schema"),
    *("sweep run", "sweep status", "sweep slurm"),
]
GROUPS = ("data", "config", "sweep")


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The errors without their prefix."""
        prefix = "fcnet: error: "
        return [line.removeprefix(prefix) for line in self.err.splitlines() if line.startswith(prefix)]


Run = Callable[..., Outcome]
