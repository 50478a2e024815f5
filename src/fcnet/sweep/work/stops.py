"""The stop of one run: that of its worker, or one of its own."""

from fcnet.system.signals import Stop


class StopOfRun(Stop):
    """Whether a run should stop: because its worker should, or for a reason of its own, such as a search's.

    Args:
        worker: the stop of its worker.
    """

    def __init__(self, worker: Stop) -> None:
        self._worker, self._own = worker, ""

    @property
    def signal(self) -> str:
        """Return the name of the reason; empty without any."""
        return self._worker.signal or self._own

    @signal.setter
    def signal(self, reason: str) -> None:
        self._own = reason

    @property
    def own(self) -> bool:
        """Return whether the run alone should stop."""
        return bool(self._own) and not self._worker.signal
