"""From the start or a checkpoint of a training to its end or a signal: records go to sinks, checkpoints to ``ckpt/``.

The newest checkpoint is the one truth. A recorder that loads it cuts the metrics back to it and writes best.pth anew,
so that a run ends in the same files however often it was interrupted.
"""

import contextlib
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from fcnet.errors import CheckpointError, DivergedError, FcnetError, InUseError, ResourceError, Stopped
from fcnet.rundir import directory, environment, log, tensor_files
from fcnet.rundir.checkpoints import Checkpointer
from fcnet.rundir.lock import Beat
from fcnet.system import files, streams
from fcnet.system.memory import is_out_of_memory
from fcnet.system.signals import Stop
from fcnet.system.sinks import SILENT, Sinks
from fcnet.training.records import End, EpochRecord, Record
from fcnet.training.trainable import Trainable

SAVE_EVERY = 10.0  # seconds between two checkpoints, where the config does not say
SAVE_SHARE = 50  # the same as a multiple of what a checkpoint takes: a fiftieth of the time at most


class Recorder:
    """Trains into a run directory, and writes down what comes of it.

    Args:
        run: the run directory, which this process owns.
        training: where to begin.
        facts: what the training stands on, kept with each checkpoint.
        stop: whether a signal has asked to stop.
        beat: called after each step.
        sinks: for records and warnings, beside the metrics of the run.
    """

    def __init__(
        self,
        run: Path,
        training: Trainable,
        facts: dict[str, Any],
        stop: Stop,
        beat: Beat,
        sinks: Sinks = SILENT,
    ) -> None:
        self._sinks = sinks
        self._records = Sinks([log.MetricsLog(run), *sinks])
        self.run, self.training, self._facts = run, training, facts
        self._keeper = Checkpointer(run)
        self._stop, self._beat = stop, beat
        self._last: EpochRecord | None = None
        self._best: EpochRecord | None = None
        self._best_weights: dict[str, Tensor] = {}
        self._seconds_before = 0.0  # of former sittings
        self._started = self._saved_at = time.monotonic()
        self._saved = (0, 0)  # epoch and step of the newest checkpoint
        self._cost = 0.0  # seconds that it took

    def load(self, path: Path, state: dict[str, Any]) -> None:
        """Go on from a checkpoint, and bring the files of the run back to it. Raises CheckpointError if it is none."""
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
            self._seconds_before = float(state["seconds"])
            size = int(state["metrics_bytes"])
            if not (math.isfinite(self._seconds_before) and 0 <= size < 2**60):
                raise ValueError("odd numbers of seconds or bytes")
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError) as error:
            if is_out_of_memory(error):
                raise
            raise CheckpointError(
                f"{path}: is not the state of such a training ({' '.join(str(error).split())[:200]}); start a new run"
                " without --resume"
            ) from None
        self._saved = (self.training.epoch, self.training.step)
        self._keeper.trust(path)
        directory.tidy(self.run)
        place = (self.training.epoch, self.training.step)
        if lost := log.cut(self.run, size, place, self._last.epoch if self._last else 0):
            self._sinks.warn(lost)
        (self.run / directory.RESULT).unlink(missing_ok=True)
        if self._best is None:
            (self.run / directory.BEST).unlink(missing_ok=True)
        else:
            self._write_best()

    def train(self) -> None:
        """Train to the end; write the weights however it ends, and the result where it ends early.

        Raises:
            Stopped: a signal asked for it; all is saved.
            DivergedError: the weights are those of the last good step.
            ResourceError: memory or disk ran out; the last checkpoint is kept.
        """
        try:
            self._train()
        except DivergedError as error:
            self._write_weights()
            self.write_result("diverged", {"diverged": error.facts})
            raise
        except InUseError:  # another host has taken the run over: nothing more is written
            raise
        except Exception as error:
            if is_out_of_memory(error):
                error = self._out_of_memory()
            problem = error.problems[0] if isinstance(error, FcnetError) else str(error) or type(error).__name__
            with contextlib.suppress(OSError):  # what stopped the training is what is told
                self.write_result("failed", {"error": problem})
            raise error from None
        self._write_weights()
        if not self.training.finished:
            self.write_result("stopped", {"signal": self._stop.signal})
            raise Stopped(
                f"{self._stop.signal} {self.training.place()}; saved; go on with: fcnet train --resume {self.run}"
            )

    def _train(self) -> None:
        """Train to the end or to a signal, and save there."""
        try:
            with contextlib.closing(self.training.records()) as records:
                for record in records:
                    self._write(record)
                    self._beat()
                    if self.training.finished or self._stop.signal:
                        break
                    if time.monotonic() - self._saved_at >= self._interval():
                        self.save()
                self.save()
        finally:
            self._records.write(End())

    def _write(self, record: Record) -> None:
        """Write a record to all sinks, and the weights of the best epoch."""
        self._records.write(record)
        if isinstance(record, EpochRecord):
            self._last = record
            if better(record, self._best):
                self._best = record
                weights = self.training.model.state_dict().items()
                self._best_weights = {name: tensor.detach().cpu().clone() for name, tensor in weights}
                self._write_best()

    def _interval(self) -> float:
        """Seconds from one checkpoint to the next."""
        wanted = self.training.save_every
        return max(SAVE_EVERY, SAVE_SHARE * self._cost) if wanted is None else wanted

    def save(self) -> None:
        """Write a checkpoint, unless the newest is of this very step. Raises DivergedError in place of a bad one."""
        place = (self.training.epoch, self.training.step)
        if place == self._saved:
            return
        began = time.monotonic()
        self.training.check_now()
        state = {
            "training": self.training.state(),
            "last": self._last.to_plain() if self._last else {},
            "best": self._best.to_plain() if self._best else {},
            "best_weights": self._best_weights,
            "seconds": self._seconds(),
            "metrics_bytes": log.size(self.run),
        }
        self._keeper.save(self._facts | state, *place)
        self._saved, self._saved_at = place, time.monotonic()
        self._cost = self._saved_at - began

    @property
    def last(self) -> EpochRecord | None:
        """The last epoch."""
        return self._last

    def write_result(self, ended: str, more: dict[str, Any] | None = None, warnings: Sequence[str] = ()) -> None:
        """Write result.json: the figures so far, and how the sitting ended; warnings with those of lost lines."""
        told = [*warnings, *streams.losses()]
        more = self.training.facts() | ({"warnings": told} if told else {}) | (more or {})
        environment.write_result(self.run, ended, self._last, self._best, self._seconds(), more)

    def _write_weights(self) -> None:
        tensor_files.save(self.training.model, self.run / directory.MODEL)

    def _write_best(self) -> None:
        files.write_bytes(self.run / directory.BEST, tensor_files.encode(self._best_weights))

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._started

    def _out_of_memory(self) -> ResourceError:
        kept = f"the checkpoint of epoch {self._saved[0]}, step {self._saved[1]} is kept" if any(self._saved) else ""
        return ResourceError(
            f"{self.training.smaller}; memory ran out {self.training.place()}; free some and go on with fcnet train"
            f" --resume {self.run}, or start a new run with less" + (f"; {kept}" if kept else "")
        )


def better(record: EpochRecord, best: EpochRecord | None) -> bool:
    """Whether an epoch is the best so far by validation: higher accuracy, and lower loss where that is equal.

    Of a net that classifies nothing it is the loss. A later stage is always better: its loss is of something else.
    """
    if record.validation is None:
        return False
    if best is None or best.validation is None:
        return True
    if record.stage != best.stage:
        return True
    new, old = ((one.accuracy or 0.0, -one.loss) for one in (record.validation, best.validation))
    return new > old
