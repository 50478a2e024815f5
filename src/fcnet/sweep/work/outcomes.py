"""How runs ended: recorded in the sweep's directory, told to its search, and reported."""

from collections.abc import Callable, Sequence

from fcnet.commands.train import RunResult
from fcnet.errors import DivergedError, FcnetError, InUseError, OutOfMemory, ResourceError, Stopped
from fcnet.sweep.disk import host
from fcnet.sweep.disk.folder import Entry, Folder
from fcnet.sweep.work.trials import Trials
from fcnet.system.files import from_os_error
from fcnet.system.memory import is_out_of_memory, no_memory

Report = Callable[..., None]  # takes the kind of an event, and its facts by name


class Outcomes:
    """Records how runs ended.

    Args:
        folder: the sweep.
        report: receives events.
        trials: of a search.
        alone: whether memory that runs out is a failure of the run: no other worker shares it.
    """

    def __init__(self, folder: Folder, report: Report, trials: Trials | None, alone: bool) -> None:
        self._folder, self._report, self._trials, self._alone = folder, report, trials, alone
        self._host = host.this().host

    def survive(self, entries: Sequence[Entry]) -> bool:
        """Count that the worker of some runs has died; return whether any of them is tried again."""
        again = False
        for entry in entries:
            if self._folder.ended(entry.name) is None:
                tries = self._folder.tries(entry.name).died(self._folder.newest_checkpoint(entry.name))
                self._folder.write_tries(entry.name, tries)
                verdict = tries.verdict(self._folder.settings.retries)
                again = again or verdict is None
                if verdict is not None:
                    self._end(entry, "failed", verdict)
        return again

    def record(self, entries: Sequence[Entry], found: Sequence[RunResult | FcnetError]) -> None:
        """Record the results of runs that were trained; raise what ends their worker too."""
        fatal: FcnetError | None = None
        for entry, one in zip(entries, found, strict=True):
            if isinstance(one, RunResult):
                self._report("ended", run=entry.name, how="finished", **one.metrics)
                self._tell(entry, "finished")
            elif self._ends_worker(entry, one):
                self._report("stopped", run=entry.name)
                fatal = one
        if fatal is not None:
            raise fatal

    def _ends_worker(self, entry: Entry, error: FcnetError) -> bool:
        """Record why a run ended early; return whether its worker should end too."""
        if isinstance(error, Stopped):
            if not self._is_pruned(entry):
                return True
            self._folder.mark(entry.name, "pruned")
            self._end(entry, "pruned", "")
        elif isinstance(error, InUseError):  # another process has it; perhaps it is still ending
            self._report("left", run=entry.name, why=error.problems[0])
        elif isinstance(error, DivergedError):
            self._end(entry, "diverged", error.problems[0])
        elif isinstance(error, ResourceError) and not (isinstance(error, OutOfMemory) and self._alone):
            return True
        else:
            self._failed(entry, error)
        return False

    def _is_pruned(self, entry: Entry) -> bool:
        """Return whether a search has ended a run early."""
        return self._trials is not None and self._trials.is_pruned(entry.name)

    def _failed(self, entry: Entry, error: FcnetError) -> None:
        """Record a failure; the run is tried again as often as the plan says."""
        why = error.problems[0]
        tries = self._folder.tries(entry.name).failed(why, error.exit_code, self._host)
        self._folder.write_tries(entry.name, tries)
        if tries.verdict(self._folder.settings.retries) is None:
            self._report("failed", run=entry.name, why=why)
        else:
            self._end(entry, "failed", why)

    def _end(self, entry: Entry, how: str, why: str) -> None:
        self._report("ended", run=entry.name, how=how, why=why)
        self._tell(entry, how, why)

    def _tell(self, entry: Entry, how: str, why: str = "") -> None:
        if self._trials is not None:
            self._trials.tell(entry.name, how, why)


def told(error: Exception) -> FcnetError:
    """Return any error as one of fcnet's, with all that is known about it."""
    if isinstance(error, FcnetError):
        return error
    if is_out_of_memory(error):
        return no_memory()
    if isinstance(error, OSError):
        return from_os_error(error)
    return FcnetError(f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'} (a bug)")
