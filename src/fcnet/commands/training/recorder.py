"""Run a training, from its start or a checkpoint to its end or a signal: write records, checkpoints and weights.

The newest checkpoint is the single source of truth. A recorder that loads it truncates the metrics and rewrites
best.pth and other logs to match, so that a run ends with the same files however often it was interrupted.
"""

import contextlib
import math
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from fcnet.errors import CheckpointError, DivergedError, FcnetError, InUseError, OutOfMemory, Stopped
from fcnet.rundir import directory, environment, log, tensor_files
from fcnet.rundir.checkpoints import Checkpointer
from fcnet.rundir.lock import Beat
from fcnet.rundir.logs import choice as logs
from fcnet.schema import Config
from fcnet.system import files, streams
from fcnet.system.memory import is_out_of_memory
from fcnet.system.signals import Stop
from fcnet.system.sinks import SILENT, Sinks
from fcnet.training.records import End, EpochRecord, Record, Start, StepRecord
from fcnet.training.stopping.early_stop import Patience, better
from fcnet.training.trainable import Trainable

SAVE_EVERY = 10.0  # least seconds between two checkpoints, if the config does not set them
SAVE_SHARE = 50  # the same as a multiple of the time that a checkpoint takes: saving takes at most a fiftieth

Wish = Literal["go on", "save", "stop"]  # what a training does next, between two of its pieces


class Recorder:
    """Runs a training in a run directory, and records it.

    Args:
        run: the run directory, which this process owns.
        training: at its beginning.
        facts: what the training depends on, saved with each checkpoint.
        stop: whether a signal has asked to stop.
        beat: called after each step.
        sinks: for records and warnings, besides the metrics of the run.
        settings: the config, for its logs and for when it stops early; by default neither.
        nets: that are trained together with this one, itself among them: its seconds are its share of theirs.
    """

    def __init__(
        self,
        run: Path,
        training: Trainable,
        facts: dict[str, Any],
        stop: Stop,
        beat: Beat,
        sinks: Sinks = SILENT,
        settings: Config | None = None,
        nets: int = 1,
    ) -> None:
        self._nets = nets
        self._patience = Patience(None if settings is None else settings.train.early_stop)
        self._sinks = sinks
        self._logs = [] if settings is None else logs.of(settings, run, training.epochs)
        self._records = Sinks([log.MetricsLog(run), *self._logs, *sinks])
        self.run, self.training, self._facts = run, training, facts
        self._keeper = Checkpointer(run)
        self._stop, self._beat = stop, beat
        self._last: EpochRecord | None = None
        self._best: EpochRecord | None = None
        self._best_weights: dict[str, Tensor] = {}
        self._seconds_before = 0.0  # before the run was resumed
        self._started = self._saved_at = time.monotonic()
        self._saved = (0, 0)  # epoch and step of the newest checkpoint
        self._cost = 0.0  # seconds that it took

    def load(self, path: Path, state: dict[str, Any]) -> None:
        """Load a checkpoint, and restore the run's files to match. Raises CheckpointError if it is not valid."""
        model = self.training.model
        try:
            tensor_files.check(model, dict(state["training"]["model"]), path)
            if state["best_weights"]:
                tensor_files.check(model, dict(state["best_weights"]), path)
            self.training.load(state["training"])
            self._last, self._best = (
                EpochRecord.of_plain(state[key]) if state[key] else None for key in ("last", "best")
            )
            self._best_weights = dict(state["best_weights"])
            self._patience.load(state["patience"] if "patience" in state else self._patience.state())
            self._seconds_before = float(state["seconds"])
            size = int(state["metrics_bytes"])
            if not (math.isfinite(self._seconds_before) and 0 <= size < 2**60):
                raise ValueError("invalid numbers of seconds or bytes")
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError) as error:
            if is_out_of_memory(error):
                raise
            raise CheckpointError(
                f"{path}: is not a training state of this model ({' '.join(str(error).split())[:200]}); start a new"
                " run without --resume"
            ) from None
        self._saved = self.place
        self._keeper.trust(path)
        directory.tidy(self.run)
        if lost := log.cut(self.run, size, self.place, self._last.epoch if self._last else 0):
            self._sinks.warn(lost)
        self.begin_logs(resumes=True)
        (self.run / directory.RESULT).unlink(missing_ok=True)
        if self._best is None:
            (self.run / directory.BEST).unlink(missing_ok=True)
        else:
            self._write_best()
        if self._stops_early:
            self._sinks.notice(
                f"{self.run}: stopped early; a higher train.early_stop.patience continues it, more epochs alone do not"
            )

    def begin_logs(self, resumes: bool = False) -> None:
        """Write the logs beside the metrics anew, if the run ``resumes`` with the records that were kept."""
        if self._logs:
            records = log.read(self.run)[0] if resumes else []
            for one in self._logs:
                one.begin(records)

    def train(self) -> None:
        """Train to the end, or until a signal; save by the clock. Raises as ``pieces`` does."""
        with contextlib.closing(self.pieces()) as pieces, contextlib.suppress(StopIteration):
            next(pieces)
            while True:
                pieces.send(self._wish())

    def _wish(self) -> Wish:
        """Return what a training alone does next."""
        if self._stop.signal:
            return "stop"
        return "save" if self.due else "go on"

    @property
    def due(self) -> bool:
        """Return whether it is time for the next checkpoint."""
        return self.place != self._saved and time.monotonic() - self._saved_at >= interval(
            self.training.save_every, self._cost
        )

    @property
    def place(self) -> tuple[int, int]:
        """Return the epoch of the training, and the steps done in it."""
        return self.training.epoch, self.training.step

    def pieces(self) -> Generator[None, Wish, None]:
        """Train piece by piece; write the weights however it ends, and the result if it ends early.

        Yields:
            after each piece, such as a step, where the state is complete; what is sent back says what to do next.

        Raises:
            Stopped: it was asked for; all is saved.
            DivergedError: the weights are those of the last good step.
            ResourceError: memory (OutOfMemory) or disk ran out; the last checkpoint is kept.
        """
        try:
            yield from self._pieces()
        except DivergedError as error:
            self._write_weights()
            self.write_result("diverged", {"diverged": error.facts})
            raise
        except InUseError:  # another host has taken over the run: write nothing more
            raise
        except Exception as error:
            if is_out_of_memory(error):
                error = self._out_of_memory()
            problem = error.problems[0] if isinstance(error, FcnetError) else str(error) or type(error).__name__
            with contextlib.suppress(OSError):  # report what stopped the training, not this
                self.write_result("failed", {"error": problem})
            raise error from None
        self._write_weights()
        if self._stops_early:
            self._sinks.say(self._patience.text())
        elif not self.training.finished:
            self.write_result("stopped", {"signal": self._stop.signal})
            raise Stopped(
                f"{self._stop.signal} {self.training.place()}; saved; resume with: fcnet train --resume {self.run}"
            )

    def _pieces(self) -> Generator[None, Wish, None]:
        """Train to the end, or until it is asked to stop, and save."""
        try:
            with contextlib.closing(self.training.records()) as records:
                for record in records:
                    self._write(record)
                    self._beat()
                    if isinstance(record, StepRecord) and record.step < self.training.step:
                        continue  # several steps were taken together; their other records follow at once
                    if self.training.finished or self._stops_early:
                        break
                    while (wish := (yield)) == "save":
                        self.save()
                    if wish == "stop":
                        break
                self.save()
        finally:
            self._records.write(End())

    def _write(self, record: Record) -> None:
        """Write a record to all sinks, and the weights of the best epoch."""
        self._records.write(record)
        if isinstance(record, Start):
            with contextlib.suppress(CheckpointError):  # informational only; not worth failing for
                environment.write_step(self.run, record.step)
        if isinstance(record, EpochRecord):
            self._last = record
            self._patience.took(record)
            if better(record, self._best):
                self._best = record
                weights = self.training.model.state_dict().items()
                self._best_weights = {name: tensor.detach().cpu().clone() for name, tensor in weights}
                self._write_best()

    @property
    def _stops_early(self) -> bool:
        """Return whether no epoch follows, although the training is not finished."""
        return self._patience.exhausted and not self.training.finished

    def save(self) -> None:
        """Write a checkpoint, unless the newest is of this step. Raises DivergedError if the state is not finite."""
        place = self.place
        if place == self._saved:
            return
        began = time.monotonic()
        self.training.check_now()
        state = {
            "training": self.training.state(),
            "last": self._last.to_plain() if self._last else {},
            "best": self._best.to_plain() if self._best else {},
            "best_weights": self._best_weights,
            "patience": self._patience.state(),
            "seconds": self._seconds(),
            "metrics_bytes": log.size(self.run),
        }
        self._keeper.save(self._facts | state, *place)
        self._saved, self._saved_at = place, time.monotonic()
        self._cost = self._saved_at - began

    @property
    def last(self) -> EpochRecord | None:
        """Return the record of the last epoch."""
        return self._last

    @property
    def best(self) -> EpochRecord | None:
        """Return the record of the best epoch by validation."""
        return self._best

    def write_result(self, ended: str, more: dict[str, Any] | None = None, warnings: Sequence[str] = ()) -> None:
        """Write result.json: the metrics so far, how the training ended, and warnings, with those of lost output."""
        warnings = [*warnings, *streams.losses()]
        early = self._patience.facts() if self._stops_early else {}
        more = self.training.facts() | early | ({"warnings": warnings} if warnings else {}) | (more or {})
        environment.write_result(self.run, ended, self._last, self._best, self._seconds(), more)

    def _write_weights(self) -> None:
        model, unaveraged = self.training.model, self.training.unaveraged
        tensor_files.save(model, self.run / directory.MODEL)
        if unaveraged is not model:
            tensor_files.save(unaveraged, self.run / directory.UNAVERAGED)

    def _write_best(self) -> None:
        files.write_bytes(self.run / directory.BEST, tensor_files.encode(self._best_weights))

    def _seconds(self) -> float:
        return self._seconds_before + (time.monotonic() - self._started) / self._nets

    def _out_of_memory(self) -> OutOfMemory:
        kept = f"the checkpoint of epoch {self._saved[0]}, step {self._saved[1]} is kept" if any(self._saved) else ""
        return OutOfMemory(
            f"{self.training.smaller}; memory ran out {self.training.place()}; free some memory and resume with: fcnet"
            f" train --resume {self.run}; or start a new run with less" + (f"; {kept}" if kept else "")
        )


def interval(wanted: float | None, cost: float) -> float:
    """Return the seconds from one checkpoint to the next: as the config says, or by the seconds that one takes."""
    return max(SAVE_EVERY, SAVE_SHARE * cost) if wanted is None else wanted
