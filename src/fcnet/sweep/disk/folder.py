"""A sweep on disk: its directory, the plan in it, and how each of its runs is doing.

DIR/sweep.yaml      the plan, with all settings of the base: what a worker on another host needs
DIR/NAME/           a run, as ``fcnet train`` writes it
DIR/.sweep/         what workers tell each other:
    runs.json       the runs: names, settings, and which are trained together; the folder where paths begin
    claims/         who trains what (``claims``)
    tries/          what went wrong (``tries``)
    trials/         the runs that a search has chosen so far
    log/            what workers wrote to stderr
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from fcnet.config import load, yaml_lines
from fcnet.errors import ConfigError, ResourceError
from fcnet.rundir.find import CHECKPOINTS, RESULT
from fcnet.sweep.disk.claims import Claims
from fcnet.sweep.disk.tries import Tries
from fcnet.sweep.plan.section import Sweep
from fcnet.system import files

PLAN, STATE, RUNS = "sweep.yaml", ".sweep", "runs.json"

LARGEST = 1 << 32  # bytes of runs.json: a million runs have a gigabyte at most

# How a run may have ended for good, in its result.json: another try would give the same.
FINAL = ("finished", "diverged", "pruned")


@dataclass(frozen=True)
class Entry:
    """A run of a sweep, as runs.json has it.

    Attributes:
        name: its directory.
        hash: of its config.
        changes: what differs from the base: dotted keys and values.
        unit: the name that all runs share that are trained together; its own name if it is trained alone.
    """

    name: str
    hash: str
    changes: dict[str, Any]
    unit: str


@dataclass(frozen=True)
class _Index:
    """The contents of runs.json and of the trials, and when they were changed."""

    changed: tuple[int, int]
    home: Path
    entries: list[Entry]


class Folder:
    """The directory of a sweep.

    Args:
        path: of it.

    Attributes:
        path: as above.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / STATE
        self._read: _Index | None = None
        self._plan: tuple[int, Sweep] | None = None  # sweep.yaml, and when it was changed

    @classmethod
    def open(cls, path: Path) -> "Folder":
        """Return an existing sweep. Raises ConfigError if there is none."""
        folder = cls(path)
        if not is_sweep(path):
            what = "is not a sweep directory" if files.look(path) is not None else "does not exist"
            raise ConfigError(
                f"{path}: {files.absent(path, what)}; begin a sweep with: fcnet sweep run FILE --out {path}"
            )
        with contextlib.suppress(OSError):  # on a disk that is read-only, it can still be looked at
            folder.prepare()
        return folder

    @property
    def settings(self) -> Sweep:
        """Return the plan's settings, with all settings of the base, anew if they have changed."""
        changed = (self.path / PLAN).stat().st_mtime_ns
        if self._plan is None or self._plan[0] != changed:
            self._plan = changed, load.check(Sweep, [yaml_lines.read(self.path / PLAN)])
        return self._plan[1]

    @property
    def base(self) -> dict[str, Any]:
        """Return the settings that all runs share. Raises ConfigError if the plan was changed by hand."""
        if not isinstance(self.settings.base, dict):
            raise ConfigError(f"{self.path / PLAN}: base: should be the settings themselves; do not change this file")
        return self.settings.base

    @property
    def home(self) -> Path | None:
        """Return the folder where the sweep was begun, and relative paths of its config begin; None before that."""
        return self._index().home if files.is_file(self._state / RUNS) else None

    def entries(self) -> list[Entry]:
        """Return the runs in the order of the plan, anew if it has grown."""
        return self._index().entries

    def _index(self) -> _Index:
        """Return what runs.json and the trials say, anew if they have changed."""
        path, trials = self._state / RUNS, self._state / "trials"
        changed = path.stat().st_mtime_ns, trials.stat().st_mtime_ns
        if self._read is None or self._read.changed != changed:
            names = sorted(name for name in os.listdir(trials) if name.endswith(".json"))
            whole = _read(path)
            found = [*whole["runs"], *(files.read_json(trials / name) for name in names)]
            self._read = _Index(changed, Path(whole["home"]), [Entry(**one) for one in found])
        return self._read

    def add_trial(self, entry: Entry) -> None:
        """Write a run that a search has chosen."""
        text = json.dumps(vars(entry), ensure_ascii=False) + "\n"
        files.write_bytes(self._state / "trials" / f"{entry.name}.json", text.encode())

    def prepare(self) -> None:
        """Make the folders in which workers write; copies of a directory may have lost empty ones."""
        for folder in ("claims", "tries", "trials", "log"):
            (self._state / folder).mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def planning(self) -> Iterator[None]:
        """Hold a lock, so that one process at a time changes the plan."""
        self.prepare()
        with FileLock(self._state / "lock"):
            yield

    def write(self, text: str, entries: Sequence[Entry]) -> None:
        """Write plan and runs; the runs last, which make it a sweep."""
        self.prepare()
        files.write_bytes(self.path / PLAN, text.encode())
        runs = {"home": str(self.home or Path.cwd()), "runs": [vars(entry) for entry in entries]}
        files.write_bytes(self._state / RUNS, (json.dumps(runs, ensure_ascii=False) + "\n").encode())

    def holds(self, text: str, entries: Sequence[Entry]) -> bool:
        """Return whether the directory has a plan and its runs already."""
        return (self.path / PLAN).read_text(encoding="utf-8") == text and self.entries() == list(entries)

    def claims(self) -> Claims:
        """Return the claims of its units."""
        return Claims(self._state / "claims", self.settings.dead_after)

    def run(self, name: str) -> Path:
        """Return the directory of a run."""
        return self.path / name

    def log(self, worker: str) -> Path:
        """Return the file for what a worker writes to stderr."""
        return self._state / "log" / f"{worker}.log"

    def tries(self, name: str) -> Tries:
        """Return what went wrong with a run so far."""
        return Tries.read(self._tries(name))

    def tried(self) -> set[str]:
        """Return the runs of which something went wrong."""
        return {name.removesuffix(".json") for name in os.listdir(self._state / "tries")}

    def write_tries(self, name: str, tries: Tries) -> None:
        """Write what went wrong with a run."""
        tries.write(self._tries(name))

    def forget_failures(self) -> None:
        """Let all runs be tried as often as if none had ever failed."""
        for name in self.tried():
            self._tries(name).unlink(missing_ok=True)

    def _tries(self, name: str) -> Path:
        return self._state / "tries" / f"{name}.json"

    def result(self, name: str) -> dict[str, Any]:
        """Return result.json of a run; an empty one if it has not ended, or if it is damaged."""
        try:
            return files.read_json(self.run(name) / RESULT)
        except (OSError, ValueError):
            return {}

    def mark(self, name: str, ended: str) -> None:
        """Change how a run that was stopped has ended, in its result.json."""
        text = json.dumps(self.result(name) | {"ended": ended}, indent=2, ensure_ascii=False) + "\n"
        self.run(name).mkdir(exist_ok=True)  # it may have been deleted
        files.write_bytes(self.run(name) / RESULT, text.encode(errors="backslashreplace"))

    def ended(self, name: str) -> str | None:
        """Return how a run ended for good: finished, diverged, pruned or failed; None if there is something to do."""
        ended = self.result(name).get("ended")
        if ended in FINAL:
            return str(ended)
        return "failed" if self.tries(name).verdict(self.settings.retries) else None

    def newest_checkpoint(self, name: str) -> str:
        """Return the name of a run's newest checkpoint; empty without any."""
        try:
            found = [entry for entry in os.scandir(self.run(name) / CHECKPOINTS) if entry.name.endswith(".json")]
        except OSError:
            return ""
        sealed = [entry for entry in found if entry.name.startswith("epoch-")]
        return max(sealed, key=lambda entry: entry.stat().st_mtime_ns).name.removesuffix(".json") if sealed else ""


def _read(path: Path) -> dict[str, Any]:
    """Return runs.json, however many runs it has."""
    found: dict[str, Any] = json.loads(files.read_bytes(path, LARGEST))
    return found


def is_sweep(path: Path) -> bool:
    """Return whether a directory is that of a sweep."""
    return files.is_file(path / PLAN) and files.is_file(path / STATE / RUNS)


def check_new(path: Path) -> None:
    """Raise an error if a sweep cannot be begun in a directory."""
    if files.look(path) is None:
        return
    if not files.is_folder(path):
        raise ConfigError(f"--out {path}: is a file; choose another directory")
    if found := sorted(set(os.listdir(path)) - {PLAN, STATE}):  # these were left by a process that was killed
        raise ConfigError(
            f"--out {path}: is not a sweep directory (it has no {PLAN}) and is not empty (it has {found[0]}); choose"
            " another one"
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise ResourceError(f"--out {path}: is not writable; choose a directory that you may write to")
