"""How a sweep is doing: each run's state, and how long the rest may take."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fcnet.errors import RunsFailed
from fcnet.rundir.find import CONFIG
from fcnet.sweep.disk.claims import Claims, Held
from fcnet.sweep.disk.folder import FINAL, Entry, Folder
from fcnet.sweep.search import study
from fcnet.system.text import counted, duration, few

STATES = ("finished", "pruned", "diverged", "failed", "running", "stopped", "planned")
OVER = (*FINAL, "failed")  # nothing more is done
SHOWN = 20  # runs of one state in the text


@dataclass(frozen=True)
class Run:
    """The state of a run.

    Attributes:
        name: of the run.
        state: one of ``STATES``; ``stopped`` ones are resumed by the next worker.
        seconds: of its training so far; None before it ended.
        accuracy: of the test images at its end, as a fraction; None without one.
        where: the process that trains it; empty if none does.
        since: when that began, by that host's clock.
        why: why it failed, diverged, or is tried again.
    """

    name: str
    state: str
    seconds: float | None = None
    accuracy: float | None = None
    where: str = ""
    since: str = ""
    why: str = ""


@dataclass(frozen=True)
class Status:
    """The states of all runs of a sweep.

    Attributes:
        folder: of the sweep.
        runs: in the order of the plan.
        workers: that train now.
        others: run directories that are not in the plan any more.
    """

    folder: str
    runs: Sequence[Run]
    workers: int
    others: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of runs in each state that occurs."""
        found = Counter(run.state for run in self.runs)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def left(self) -> int:
        """Return the number of runs that have not ended for good."""
        return sum(run.state not in OVER for run in self.runs)

    @property
    def seconds_left(self) -> float | None:
        """Return how long the rest may take, by the mean of what has ended; None if that is not known."""
        known = [run.seconds for run in self.runs if run.seconds and run.state in ("finished", "pruned")]
        if not known or not self.workers:
            return None if self.left else 0.0
        return sum(known) / len(known) * self.left / self.workers

    def check(self) -> None:
        """Raise RunsFailed if runs have failed or diverged."""
        bad = [run for run in self.runs if run.state in ("failed", "diverged")]
        if bad:
            lines = [f"{run.name}: {run.state}: {run.why}" for run in bad[:SHOWN]]
            more = f"{self.folder}: {len(bad)} of {counted(len(self.runs), 'run')} failed or diverged"
            again = "; try those that failed again with --retry" if any(run.state == "failed" for run in bad) else ""
            raise RunsFailed(*lines, more + again)

    def text(self) -> str:
        """Return the counts, and a line for each run that is trained, failed or stopped."""
        counts = ", ".join(f"{number} {state}" for state, number in self.counts.items())
        left = self.seconds_left
        rest = f"; about {duration(left)} left" if left else ""
        return "\n".join([f"{self.folder}: {counted(len(self.runs), 'run')}: {counts}{rest}", *self._lines()])

    def _lines(self) -> Iterator[str]:
        for state in ("running", "failed", "diverged", "stopped"):
            found = [run for run in self.runs if run.state == state]
            for run in found[:SHOWN]:
                facts = [f"{run.where}, since {run.since}" if run.where else "", run.why]
                yield f"  {state:9} {run.name}" + "".join(f": {fact}" for fact in facts if fact)
            if len(found) > SHOWN:
                yield f"  {state:9} and {len(found) - SHOWN} more (--json lists all)"
        if self.others:
            yield f"  not in the plan any more: {few(self.others, SHOWN)}"

    def json(self) -> str:
        """Return one JSON object: accuracies as fractions, times in seconds."""
        whole = {
            "folder": self.folder,
            "counts": self.counts,
            "workers": self.workers,
            "seconds_left": self.seconds_left,
        }
        runs = [asdict(run) for run in self.runs]
        return json.dumps(whole | {"runs": runs, "others": list(self.others)}, ensure_ascii=False)


def of(folder: Folder) -> Status:
    """Return the status of a sweep."""
    claims = folder.claims()
    valid, tried, now = claims.valid(), folder.tried(), time.time()
    held = {unit: claims.look(unit, number) for unit, number in valid.items()}
    alive = {unit: one for unit, one in held.items() if _is_alive(claims, one, folder.settings.dead_after, now)}
    entries = folder.entries()
    runs = [_state(folder, entry, alive.get(entry.unit), entry.name in tried) for entry in entries]
    search = folder.settings.search
    if search is not None:  # those that are not chosen yet
        runs += [Run(study.name_of(number), "planned") for number in range(len(entries), search.trials)]
    working = {str(alive[entry.unit].holder) for entry in entries if entry.unit in alive}
    return Status(str(folder.path), runs, len(working), _others(folder, entries))


def _is_alive(claims: Claims, held: Held, dead_after: float, now: float) -> bool:
    """Return whether a claim's holder seems to be at work: a single look, so other hosts' clocks matter a little."""
    if held.given_up or claims.is_dead(held):
        return False
    try:
        return held.holder is not None and now - held.path.stat().st_mtime < dead_after
    except OSError:
        return False


def _state(folder: Folder, entry: Entry, claim: Held | None, tried: bool) -> Run:
    """Return the state of one run."""
    result = folder.result(entry.name)
    ended, seconds = result.get("ended"), result.get("seconds")
    if ended in FINAL:
        why = _why_diverged(result) if ended == "diverged" else ""
        return Run(entry.name, str(ended), seconds, _accuracy(result), why=why)
    tries = folder.tries(entry.name) if tried else None
    if tries is not None and (verdict := tries.verdict(folder.settings.retries)):
        return Run(entry.name, "failed", seconds, why=verdict)
    why = f"failed before: {tries.failures[-1].why}" if tries and tries.failures else ""
    if claim is not None:
        return Run(entry.name, "running", where=str(claim.holder), since=claim.since, why=why)
    begun = (folder.run(entry.name) / CONFIG).exists()
    return Run(entry.name, "stopped" if begun else "planned", seconds, why=why)


def _why_diverged(result: dict[str, Any]) -> str:
    """Return where a run diverged."""
    facts = result.get("diverged")
    return f"epoch {facts.get('epoch')}, step {facts.get('step')}" if isinstance(facts, dict) else ""


def _accuracy(result: dict[str, Any]) -> float | None:
    """Return the accuracy of the test images, of the best epoch if there is one."""
    for metrics in (result.get("best"), result):
        test = metrics.get("test") if isinstance(metrics, dict) else None
        if isinstance(test, dict) and isinstance(test.get("accuracy"), int | float):
            return float(test["accuracy"])
    return None


def _others(folder: Folder, entries: Sequence[Entry]) -> list[str]:
    """Return run directories that are not in the plan."""
    names = {entry.name for entry in entries}
    with os.scandir(folder.path) as found:
        others = [one.name for one in found if one.name not in names and not one.name.startswith(".")]
    return sorted(name for name in others if (folder.run(name) / CONFIG).exists())
