"""A worker: one process that claims runs of a sweep and trains them, one after another, until nothing is left.

Its images are read once. What it does is reported as events, for the process that started it; all that counts is in the
sweep's directory.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fcnet.commands import train
from fcnet.commands.together import run as together
from fcnet.commands.training.shelf import Shelf
from fcnet.errors import FcnetError, InUseError, Stopped
from fcnet.rundir.target import Target
from fcnet.sweep.disk.claims import Claim
from fcnet.sweep.disk.folder import PLAN, Entry, Folder
from fcnet.sweep.plan import identity
from fcnet.sweep.work.outcomes import Outcomes, Report, told
from fcnet.sweep.work.stops import StopOfRun
from fcnet.sweep.work.trials import Trials
from fcnet.system.signals import Stop
from fcnet.system.sinks import Sink, Sinks

LATER = 10.0  # seconds after which a run is tried again that another process had
POLL = 0.5  # seconds between two looks for work, while all that is left is held by other workers


class Holding:
    """A sink that ends a training whose claim was lost: another worker goes on with it."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def write(self, _record: Any) -> None:
        """Raise InUseError if the claim is lost."""
        self._claim.check()

    def close(self) -> None:
        """Do nothing: the claim outlives the training."""


@dataclass(frozen=True)
class Way:
    """How a worker works.

    Attributes:
        waits: for runs that other workers hold, in case that they die; else it ends once it is certain that they live.
        alone: no other worker shares its memory or GPU, so that memory which runs out is a failure of the run.
        sink_of: makes a sink for what the training of a run reports.
    """

    waits: bool = True
    alone: bool = True
    sink_of: Callable[[str], Sink] | None = None


class Worker:
    """Works on a sweep.

    Args:
        folder: the sweep.
        stop: whether a signal has asked to stop.
        report: receives events.
        way: how it works.
    """

    def __init__(self, folder: Folder, stop: Stop, report: Report, way: Way) -> None:
        self._folder, self._stop, self._report, self._way = folder, stop, report, way
        self._claims, self._shelf = folder.claims(), Shelf()
        self._over: set[str] = set()  # runs that have ended for good
        self._later: dict[str, float] = {}  # when units are tried again that another process had
        search = folder.settings.search
        self._trials = None if search is None else Trials(folder, identity.config_of(folder.base, {}))
        self._outcomes = Outcomes(folder, report, self._trials, way.alone)

    def work(self) -> None:
        """Train runs until all have ended, or none is left that nobody holds.

        Raises:
            Stopped: a signal asked for it; all is saved.
            OutOfMemory: with several workers on one memory, there should be fewer.
            ResourceError: the disk is full or does not allow writing: no run could be trained.
        """
        with contextlib.closing(self._trials) if self._trials is not None else contextlib.nullcontext():
            while self._works():
                if self._stop.signal:
                    raise Stopped(f"{self._stop.signal}; all is saved")

    def _works(self) -> bool:
        """Train the next unit, or wait a moment; return whether there may be more to do."""
        claim, entries = self._next()
        if claim is not None:
            with claim.kept():
                self._train(claim, entries)
            return True
        if self._trials is not None and self._trials.more():
            return True
        if self._left(self._folder.entries()) and (self._way.waits or not self._others_work()):
            time.sleep(POLL)
            return True
        return False

    def _others_work(self) -> bool:
        """Return whether other workers certainly work on all that is left."""
        valid = self._claims.valid()
        left = [unit for unit, entries in self._units() if self._left(entries)]
        return all(self._claims.is_at_work(unit, valid.get(unit, 0)) for unit in left)

    def _left(self, entries: Sequence[Entry]) -> bool:
        """Return whether some runs have not ended for good."""
        self._over |= {one.name for one in entries if one.name not in self._over and self._folder.ended(one.name)}
        return any(entry.name not in self._over for entry in entries)

    def _next(self) -> tuple[Claim | None, list[Entry]]:
        """Claim the next unit with something to do; return the claim and the unit's runs."""
        valid = self._claims.valid()
        for unit, entries in self._units():
            if self._later.get(unit, 0.0) > time.monotonic() or not self._left(entries):
                continue
            if (claim := self._claims.take(unit, valid.get(unit, 0))) is None:
                continue
            if self._left(entries):
                return claim, entries
            claim.give_up()  # another worker has just finished it
        return None, []

    def _units(self) -> Iterator[tuple[str, list[Entry]]]:
        """Yield the units, with their runs: those that never failed before those that did."""
        units: dict[str, list[Entry]] = {}
        for entry in self._folder.entries():
            units.setdefault(entry.unit, []).append(entry)
        tried = self._folder.tried()
        yield from sorted(units.items(), key=lambda one: any(entry.name in tried for entry in one[1]))

    def _train(self, claim: Claim, entries: list[Entry]) -> None:
        """Train the runs of a unit, and record how that ended."""
        if claim.inherited and not self._outcomes.survive(entries):
            return
        for entry in entries:
            self._report("began", run=entry.name, resumed=claim.number > 1)
        try:
            found = self._trained(claim, entries)
        except Exception as error:
            found = [told(error) for _ in entries]
        if any(isinstance(one, InUseError) for one in found):
            self._later[claim.unit] = time.monotonic() + LATER
        self._outcomes.record(entries, found)

    def _trained(self, claim: Claim, entries: list[Entry]) -> list[train.RunResult | FcnetError]:
        """Train the runs of a unit, together if there are several; return the result of each, or why it ended early."""
        stop = StopOfRun(self._stop)
        jobs = [self._job(claim, entry, stop) for entry in entries]
        return together.run_together(jobs, stop, shelf=self._shelf)

    def _job(self, claim: Claim, entry: Entry, stop: Stop) -> together.Job:
        """Return what a run trains, and where."""
        config = identity.config_of(self._folder.base, entry.changes)
        if identity.hash_of(config) != entry.hash:  # of a plan that is being written now, or that was edited
            raise InUseError(f"{self._folder.path / PLAN}: does not fit {entry.name}; give the sweep file again")
        if ":" in config.device and "CUDA_VISIBLE_DEVICES" in os.environ:  # which leaves this worker one GPU
            config = config.model_copy(update={"device": "cuda"})
        # Without an earlier claim nobody but a person can hold the run.
        target = Target(entry.name, self._folder.run(entry.name), resume=True, force=claim.number > 1)
        return together.Job(config, target, self._sinks(claim, entry, stop), self._folder.settings.plots)

    def _sinks(self, claim: Claim, entry: Entry, stop: Stop) -> Sinks:
        """Return the sinks of a run: its claim, the search, the log."""
        sinks: list[Sink] = [Holding(claim)]
        if self._trials is not None:
            sinks.append(self._trials.watch(entry.name, stop))
        if self._way.sink_of is not None:
            sinks.append(self._way.sink_of(entry.name))
        return Sinks(sinks)
