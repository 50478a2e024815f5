"""One of several runs that are trained together: how it begins, resumes and ends."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fcnet.commands import train
from fcnet.commands.train import RunResult
from fcnet.commands.training import resume, warm_start
from fcnet.commands.training.prepare import Work
from fcnet.commands.training.recorder import Recorder, Wish
from fcnet.commands.training.resume import Found
from fcnet.errors import CheckpointError, DivergedError, FcnetError
from fcnet.rundir import directory, environment
from fcnet.rundir.checkpoints import Checkpointer
from fcnet.rundir.lock import Beat, owning
from fcnet.rundir.target import Target
from fcnet.schema import Config
from fcnet.system import text
from fcnet.system.files import from_os_error
from fcnet.system.signals import Stop
from fcnet.system.sinks import SILENT, Sinks
from fcnet.training.together.lane import Lane

Place = tuple[int, int]  # epoch and step


@dataclass(frozen=True)
class Job:
    """A run to train.

    Attributes:
        settings: the resolved config.
        target: the run directory.
        sinks: for the records and messages of this run.
        draws: whether the curves are drawn, unless the config has ``plots: false``.
    """

    settings: Config
    target: Target
    sinks: Sinks = SILENT
    draws: bool = True

    @property
    def is_drawn(self) -> bool:
        """Return whether the curves are drawn."""
        return self.draws and self.settings.plots is not False


@dataclass
class Member:
    """A run of a group.

    Attributes:
        job: what to train.
        run: the run directory; None as long as it does not exist.
        outcome: how it has ended; None as long as it has not.
        beat: renews the sign of life in the run directory.
        found: the checkpoint to resume from; None to begin.
        work: what is trained.
        pieces: the training, piece by piece.
        recorder: of the run.
        lane: the net's own training.
    """

    job: Job
    run: Path | None = None
    outcome: RunResult | FcnetError | None = None
    beat: Beat | None = None
    found: Found | None = None
    work: Work | None = None
    recorder: Recorder | None = None
    pieces: Generator[None, Wish, None] | None = None
    lane: Lane | None = None

    @property
    def settings(self) -> Config:
        """Return the config."""
        return self.job.settings

    def locate(self) -> None:
        """Find the run directory, and whether the run has ended already. Raises FcnetError as ``train.choose`` does."""
        warm_start.check_there(self.settings)
        self.run = train.choose(self.job.target, self.settings, self.job.sinks)
        if self.run is not None and self.job.target.resumes:
            self.outcome = ended(self.run, self.job)

    def hold(self, held: ExitStack) -> None:
        """Lock the run directory, if it exists. Raises InUseError."""
        if self.run is not None and self.outcome is None:
            self.beat = held.enter_context(owning(self.run, self.job.target.force))

    def places(self) -> list[Place]:
        """Return the checkpoints of a run that is resumed, the newest first."""
        resumes = self.run is not None and self.job.target.resumes
        return Checkpointer(self.run).places() if self.run is not None and resumes else []

    def find(self, place: Place) -> bool:
        """Load the checkpoint of a place; return whether it is intact. Raises ConfigError if it is another training."""
        assert self.run is not None
        found = Checkpointer(self.run).at(place)
        self.found = None if found is None else resume.checked(self.run, self.settings, *found)
        return found is not None

    def begin(self, lane: Lane, held: ExitStack, together: Sequence[str], stop: Stop) -> None:
        """Create the run directory, or load the checkpoint; the training is then before its next step.

        Args:
            lane: the training.
            held: keeps the lock of a new directory.
            together: names of the other runs.
            stop: whether a signal has asked to stop.
        """
        assert self.work is not None
        job, self.lane = self.job, lane
        warnings = [] if self.found is None else resume.compare(self.found, self.work.facts, self.work.settings)
        if self.run is None or self.beat is None:
            self.run = directory.create(job.target.out, job.target.name)
            self.beat = held.enter_context(owning(self.run))
        settings, nets = self.work.settings, len(together) + 1
        self.recorder = Recorder(self.run, lane, self.work.facts, stop, self.beat, job.sinks, settings, nets)
        if self.found is None:
            train.begin(self.recorder, self.work, job.target.name, job.sinks, together)
        else:
            before, now = resume.threads_of(self.found), self.work.facts["machine"]["threads"]
            if before not in (None, now):  # a training alone finds out itself whether that changes its bits
                warnings.append(text.changed("threads", before, now))
            train.go_on(self.recorder, self.work, self.found, warnings, job.sinks)
            self.found = None  # its tensors are copied
        self.pieces = self.recorder.pieces()

    def advance(self, wish: Wish | None) -> None:
        """Do what is wished, None to begin; to go on is to go to the next place. At the end, write the result."""
        assert self.pieces is not None
        assert self.recorder is not None
        before = self.recorder.place
        try:
            if wish is None:
                next(self.pieces)
                return
            self.pieces.send(wish)
            while wish == "go on" and self.recorder.place == before:
                self.pieces.send(wish)
        except StopIteration:
            assert self.work is not None
            train.conclude(self.recorder, self.work, self.job.sinks)
            self.outcome = RunResult(self.recorder.run, environment.read_json(self.recorder.run / directory.RESULT))

    def tried(self, act: Callable[[], object]) -> None:
        """Do something for this run; what fails ends this run alone."""
        try:
            act()
        except FcnetError as error:
            self.outcome = error
        except OSError as error:
            self.outcome = from_os_error(error)


def ended(run: Path, job: Job) -> RunResult | FcnetError | None:
    """Return how a run ended that is not trained further: finished or diverged; None if it is to be resumed."""
    if resume.nothing_to_do(run, job.settings, job.sinks):
        if job.is_drawn:
            train.finish_drawing(run, job.settings, job.target.force, job.sinks)
        return RunResult(run, environment.read_json(run / directory.RESULT))
    try:
        result = environment.read_json(run / directory.RESULT)
    except CheckpointError:
        return None
    if result.get("ended") != "diverged" or not isinstance(result.get("diverged"), dict):
        return None
    where = result["diverged"]
    return DivergedError(
        f"{run}: diverged in epoch {where.get('epoch')}, step {where.get('step')} (lr {where.get('lr')}), and would do"
        " so again; lower train.optimizer.lr, or set train.clip_grad_norm",
        facts=where,
    )


class Apart(Exception):
    """Why runs cannot be trained together here, in words."""


def common(members: Sequence[Member]) -> bool:
    """Let all runs resume from the newest checkpoint that all have intact; return False if all begin.

    Runs of a group save at the same steps. If a group was killed while it saved for the first time, some of its runs
    have that checkpoint and others none: then all begin.

    Raises:
        Apart: to begin would lose more than that.
        ConfigError: a run was started with other settings.
    """
    places = [member.places() for member in members]
    shared = set(places[0]).intersection(*places[1:])
    for place in sorted(shared, reverse=True):
        if all(member.find(place) for member in members):
            return True
    if shared or any(len(one) > 1 for one in places):
        raise Apart("they have no intact checkpoint in common")
    return False
