"""A sink that reports a training to its study, and ends it early if it does worse than others."""

from typing import TYPE_CHECKING, Any

from fcnet.errors import ConfigError
from fcnet.sweep.search.study import Study, name_of
from fcnet.system.signals import Stop

if TYPE_CHECKING:
    from fcnet.training.records import EpochRecord

SIGNAL = "PRUNED"  # what a run that was ended early has in place of the signal that stopped it


class Watch:
    """Reports the validation metric of each epoch. Of a run that was resumed, epochs may come again.

    A run that should end early is stopped as by a signal: between two steps, all saved. Then ``run_train`` raises
    ``Stopped``, and ``pruned`` is true; the worker tells the study so.

    Args:
        study: the study.
        number: of the trial.
        stop: of the training.
    """

    def __init__(self, study: Study, number: int, stop: Stop) -> None:
        self._study, self._stop = study, stop
        self._name = name_of(number)
        self._reports = study.reports(number)
        self._epochs = 0

    @property
    def pruned(self) -> bool:
        """Return whether the run should end early; so it is from the beginning if that was decided before a resume."""
        return self._reports.pruned

    def write(self, record: Any) -> None:
        """Take a record. Raises ConfigError if an epoch has no metric to choose by."""
        self._study.renew()
        if record.kind == "start":
            self._epochs = record.epochs
        elif record.kind == "epoch":
            self._report(record)
        if self.pruned:
            self._stop.signal = self._stop.signal or SIGNAL

    def close(self) -> None:
        """Do nothing: each metric is reported at once."""

    def _report(self, record: "EpochRecord") -> None:
        value = measured(record, self._study.search.metric, self._name)
        # Losses of a training by phases are of different things, and after the last epoch nothing is saved by ending.
        prunes = not record.stage and record.epoch < self._epochs
        self._reports.report(record.epoch, value, prunes, record.stage)


def measured(record: "EpochRecord", metric: str, where: str) -> float:
    """Return the validation metric of an epoch. Raises ConfigError if it has none."""
    value = None if record.validation is None else getattr(record.validation, metric)
    if value is None:
        raise ConfigError(
            f"{where}: has no {metric} of validation images, by which the search chooses; set data.validation (0.1) in"
            " the base of the sweep, or search.metric to loss for a model that does not classify"
        )
    return float(value)
