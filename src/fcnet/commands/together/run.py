"""Train several runs together: the counterpart of ``commands.train`` for a group."""

import contextlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from fcnet.commands import train
from fcnet.commands.together import alike
from fcnet.commands.together.members import Apart, Job, Member, common
from fcnet.commands.train import RunResult
from fcnet.commands.training.prepare import Work, gather
from fcnet.commands.training.prepare import alike as alike_work
from fcnet.commands.training.recorder import Wish, interval
from fcnet.commands.training.shelf import Shelf
from fcnet.errors import ConfigError, FcnetError
from fcnet.system import streams
from fcnet.system.device import flush_denormals
from fcnet.system.signals import Stop
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits
from fcnet.training.together.group import Group
from fcnet.training.together.lane import Net

__all__ = ["Job", "run_together"]

Outcome = RunResult | FcnetError


@flush_denormals()
def run_together(
    jobs: Sequence[Job],
    stop: Stop | None = None,
    sinks: Sinks = SILENT,
    shelf: Shelf | None = None,
) -> list[Outcome]:
    """Train the models of several configs together, each into its run directory as if alone.

    A group that is resumed should have the same runs in the same order; those that have finished or diverged stay as
    they are. Where runs cannot be trained together after all, they are trained one after the other, with a warning:
    they have no checkpoint in common, or their images do not fit into memory.

    Args:
        jobs: ``alike.fit`` has to be equal for all; a single one is trained alone.
        stop: whether a signal has asked to stop.
        sinks: for what concerns all of them: reading the images.
        shelf: images of earlier trainings of this process, which are not read again.

    Returns:
        For each job its result, or the error that ended it; Stopped for all that a signal ended.

    Raises:
        FcnetError: for all runs together: configs that are not alike, data, memory; nothing is written then.
    """
    stop = stop or Stop()
    members = [Member(job) for job in jobs]
    if len(jobs) < 2:
        _one_by_one(members, stop, shelf)
        return [member.outcome for member in members if member.outcome is not None]
    check_alike(jobs)
    streams.forget()
    setting = jobs[0].settings.threads
    with limits.chosen(None if setting == "auto" else setting), ExitStack() as held:
        for member in members:
            member.tried(member.locate)
        try:
            trained = _train([*members], held, stop, sinks, shelf)
        except Apart as reason:
            held.close()
            sinks.warn(f"the runs are trained one after the other: {reason}")
            _one_by_one(members, stop, shelf)
            trained = []
        for member in trained:
            if isinstance(member.outcome, RunResult):
                train.show(member.outcome.path, member.settings, member.job.sinks, member.job.is_drawn)
    return [member.outcome for member in members if member.outcome is not None]


def check_alike(jobs: Sequence[Job]) -> None:
    """Raise ConfigError if runs cannot be trained together."""
    fits = [alike.fit(job.settings) for job in jobs]
    for fit, job in zip(fits, jobs, strict=True):
        if fit.reason:
            raise ConfigError(
                f"{job.target.name}: cannot be trained together with others, as {fit.reason}; train it alone"
            )
        if fit.key != fits[0].key:
            raise ConfigError(
                f"{job.target.name}: cannot be trained together with {jobs[0].target.name}; they differ in more than"
                f" {', '.join(alike.OWN)}; train them one by one"
            )


def _train(
    members: Sequence[Member], held: ExitStack, stop: Stop, sinks: Sinks, shelf: Shelf | None
) -> Sequence[Member]:
    """Train all runs that have not ended; return them. Raises Apart if they cannot be trained together."""
    for member in members:
        if member.outcome is None:
            member.tried(partial(member.hold, held))
    rest = [member for member in members if member.outcome is None]
    if not rest:
        return rest
    begins = not common(rest)
    rest[0].work = gather(rest[0].settings, stop, begins, not rest[0].job.target.own_config, sinks, shelf)
    images = rest[0].work.splits.train
    if images.mapped or images.images.device != images.labels.device:
        raise Apart("their images do not fit into memory")
    for member in members:  # also of those that have ended: a group keeps its size, on which bits may depend
        member.work = member.work or alike_work(rest[0].work, member.settings, begins, member.job.sinks)
    group = Group([net_of(member.work) for member in members if member.work], rest[0].work.splits)
    names = [str(member.run or member.job.target.out or member.job.target.name) for member in members]
    for number, (member, lane) in enumerate(zip(members, group.lanes, strict=True)):
        if member.outcome is None:
            member.tried(partial(member.begin, lane, held, [*names[:number], *names[number + 1 :]], stop))
        if member.outcome is not None:
            group.leave(lane)
    trained = [member for member in members if member.outcome is None]
    _Drive(group, trained, stop).go()
    return trained


def net_of(work: Work) -> Net:
    """Return the net of a run."""
    return Net(work.model, work.settings.train, work.settings.seed)


class _Drive:
    """Takes all runs of a group from place to place, and saves and stops them at the same ones."""

    def __init__(self, group: Group, members: Sequence[Member], stop: Stop) -> None:
        self._group, self._members, self._stop = group, list(members), stop
        self._saved_at, self._cost = time.monotonic(), 0.0
        self._fresh = False  # whether the newest checkpoints are of the current place

    def go(self) -> None:
        """Train to the end of all."""
        with ExitStack() as closing:
            for member in self._members:
                if member.pieces is not None:
                    closing.enter_context(contextlib.closing(member.pieces))
            self._each(None)
            while self._members:
                if self._stop.signal:
                    self._each("stop")
                elif self._due():
                    self._save()
                else:
                    self._each("go on")
                    self._fresh = False

    def _due(self) -> bool:
        """Return whether it is time for the next checkpoints, which all runs save at the same step."""
        wanted = self._members[0].settings.train.save_every
        return not self._fresh and time.monotonic() - self._saved_at >= interval(wanted, self._cost)

    def _save(self) -> None:
        began = time.monotonic()
        self._each("save")
        self._saved_at = time.monotonic()
        self._cost, self._fresh = self._saved_at - began, True

    def _each(self, wish: Wish | None) -> None:
        """Send a wish to each run, None to begin; those that end leave the group."""
        for member in self._members:
            member.tried(partial(member.advance, wish))
            if member.outcome is not None and member.lane is not None:
                self._group.leave(member.lane)
        self._members = [member for member in self._members if member.outcome is None]


def _one_by_one(members: Sequence[Member], stop: Stop, shelf: Shelf | None) -> None:
    """Train runs alone, one after the other."""
    for member in members:
        if member.outcome is None:
            member.tried(partial(_alone, member, stop, shelf))


def _alone(member: Member, stop: Stop, shelf: Shelf | None) -> None:
    stop.check()
    job = member.job
    member.outcome = train.run_train(job.settings, job.target, stop, job.sinks, shelf, job.draws)
