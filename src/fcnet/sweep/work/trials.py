"""The runs of a search: chosen by Optuna one after another, and told to it when they end."""

from typing import Literal

from fcnet.errors import ConfigError
from fcnet.schema import Config
from fcnet.sweep.disk.folder import Entry, Folder
from fcnet.sweep.plan import identity
from fcnet.sweep.search.study import Study, Trial
from fcnet.sweep.search.watch import Watch
from fcnet.system.signals import Stop

Ending = Literal["complete", "pruned", "diverged", "failed"]

_ENDINGS: dict[str, Ending] = {
    "finished": "complete",
    "pruned": "pruned",
    "diverged": "diverged",
    "failed": "failed",
}


class Trials:
    """The trials of a sweep, as one worker sees them.

    Args:
        folder: the sweep, whose plan has a search.
        base: the config that the trials change.
    """

    def __init__(self, folder: Folder, base: Config) -> None:
        search = folder.settings.search
        assert search is not None
        self._folder = folder
        self._study = Study(folder.path, search, folder.path.name, base.train.epochs, folder.settings.dead_after)

        known, told = len(folder.entries()), len(self._study.trials())
        if known > told:
            self.close()
            raise ConfigError(
                f"{folder.path}: has {known} trials, and its database {told}; bring that back (search.db, or"
                " search.storage), or begin the search in another directory"
            )

    def close(self) -> None:
        """Close the connection."""
        self._study.close()

    def more(self) -> bool:
        """Choose a run, or find one whose worker died before it could write it down; return whether there is one.

        Before that, tell the study of runs that ended while their worker could not.
        """
        known = {entry.name for entry in self._folder.entries()}
        for trial in self._study.running():
            if trial.name not in known:
                self._add(trial)
                return True
            if ended := self._folder.ended(trial.name):
                self.tell(trial.name, ended)
        chosen = self._study.next()
        if chosen is not None:
            self._add(chosen)
        return chosen is not None

    def _add(self, trial: Trial) -> None:
        config = identity.config_of(self._folder.base, trial.changes)
        self._folder.add_trial(Entry(trial.name, identity.hash_of(config), trial.changes, trial.name))

    def watch(self, name: str, stop: Stop) -> Watch:
        """Return a sink that reports a run to the study, and ends it early if it does worse than others."""
        return Watch(self._study, _number(name), stop)

    def is_pruned(self, name: str) -> bool:
        """Return whether a run was told to end early."""
        return self._study.reports(_number(name)).pruned

    def tell(self, name: str, ended: str, why: str = "") -> None:
        """Record how a run ended: finished, pruned, diverged or failed."""
        self._study.tell(_number(name), None, _ENDINGS[ended], why)


def _number(name: str) -> int:
    """Return the number of a trial by the name of its run."""
    return int(name.rpartition("-")[2])
