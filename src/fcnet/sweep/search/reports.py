"""The reports of one trial: its metric after each epoch, and whether that is reason enough to end its run."""

from typing import TYPE_CHECKING

from fcnet.sweep.search.storage import Storage

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

PRUNED, PHASE = "pruned", "phase"  # user attributes in Optuna: the epoch; the last phase and its first epoch


class Reports:
    """The reports of a trial that this process trains.

    Args:
        study: Optuna's.
        trial: as it is in the database.
        storage: the database.
        pruned: whether runs may be ended early at all.

    Attributes:
        last: the last epoch that was reported; 0 if none was.
        pruned: whether the run should end early, or should have before it was resumed.
    """

    def __init__(self, study: "optuna.Study", trial: "FrozenTrial", storage: Storage, prunes: bool) -> None:
        import optuna

        self._storage, self._prunes = storage, prunes
        self._name = str(trial.user_attrs["run"])
        self._trial = storage.patiently(lambda: optuna.trial.Trial(study, trial._trial_id))
        self.last = trial.last_step or 0
        self.pruned = PRUNED in trial.user_attrs
        self._phase = str(trial.user_attrs.get(PHASE, [""])[0])

    def report(self, epoch: int, value: float, prunes: bool = True, phase: str = "") -> bool:
        """Record the metric of an epoch, and return whether the run should end early.

        An epoch that was reported before the last one, by a run that was interrupted, is passed over.

        Args:
            epoch: from 1.
            value: the metric.
            prunes: whether the run may end early after this epoch.
            phase: of the training, if it has phases: only metrics of the last one count; others are of other losses.

        Nothing is recorded of a trial whose result was told: its run is trained once more, such as after it failed.
        """
        from optuna.exceptions import UpdateFinishedTrialError

        if epoch < self.last:
            return self.pruned
        try:
            self._storage.patiently(lambda: self._record(epoch, value, phase))
            if self._prunes and prunes and not self.pruned:
                self.pruned = self._storage.patiently(lambda: self._is_bad(epoch))
        except UpdateFinishedTrialError:
            return False
        return self.pruned

    def _record(self, epoch: int, value: float, phase: str) -> None:
        if epoch == self.last:
            return
        if phase != self._phase:
            self._trial.set_user_attr(PHASE, [phase, epoch])
            self._phase = phase
        self._trial.report(value, epoch)
        self.last = epoch

    def _is_bad(self, epoch: int) -> bool:
        if not self._trial.should_prune():
            return False
        self._trial.set_user_attr(PRUNED, epoch)  # before the run ends: a worker that dies here is not asked again
        return True


def best(trial: "FrozenTrial", largest: bool) -> float | None:
    """Return the best metric that was reported of a trial; None if none was.

    Args:
        trial: as it is in the database.
        largest: whether the largest is the best.
    """
    _, first = trial.user_attrs.get(PHASE, ("", 0))
    values = [value for epoch, value in trial.intermediate_values.items() if epoch >= first]
    return (max if largest else min)(values, default=None)
