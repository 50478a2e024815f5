"""The study of a sweep: it hands out trials, and takes their results."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from fcnet.errors import CheckpointError, ConfigError
from fcnet.sweep.plan.search import Search
from fcnet.sweep.search import choosing, parameters
from fcnet.sweep.search.hosts import OneHost
from fcnet.sweep.search.reports import PRUNED, Reports, best
from fcnet.sweep.search.storage import OPENING, PATIENCE, Storage
from fcnet.system import files

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

FILE = "search.json"  # in the directory of a sweep: the name of its study
SETTINGS, RUN, WHY = "search", "run", "why"  # user attributes in Optuna, as PRUNED and PHASE of reports

State = Literal["running", "complete", "pruned", "failed"]
Ending = Literal["complete", "pruned", "diverged", "failed"]


@dataclass(frozen=True)
class Trial:
    """A run of a search.

    Attributes:
        number: from 0.
        changes: what differs from the base: dotted keys and their values.
        state: running from its beginning until its result is told, whether or not a process still trains it.
        pruned: whether its run was told to end early; so it is while it runs.
        value: the metric of its best epoch; None as long as it is not told, or if it failed.
        why: it failed, in words.
    """

    number: int
    changes: dict[str, Any]
    state: State = "running"
    pruned: bool = False
    value: float | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """Return the name of its run directory."""
        return name_of(self.number)


def name_of(number: int) -> str:
    """Return the name of the run directory of a trial."""
    return f"trial-{number:03d}"


class Study:
    """The study of a sweep directory, opened or created; one for each worker process.

    Args:
        folder: the directory of the sweep, which exists.
        search: what is searched, and how.
        name: of the sweep.
        epochs: of a run of the base.
        dead_after: seconds without a sign of life after which another host counts as dead.
        patience: seconds for which the database may be busy or away.

    Raises:
        ConfigError: a library is missing; the server refuses; another search was begun here; an SQLite file is in use
            by another host.
        ResourceError: the database cannot be reached or written.
        CheckpointError: the SQLite file is damaged.
    """

    def __init__(
        self,
        folder: Path,
        search: Search,
        name: str,
        epochs: int,
        dead_after: float = 60.0,
        patience: float = PATIENCE,
    ) -> None:
        self.search = search
        self._folder = folder
        self._reports: dict[int, Reports] = {}
        self._epochs = parameters.most_epochs(search, epochs)
        self._host = OneHost(folder, dead_after) if search.storage is None else None
        self.renew()
        self._name = _study_name(folder, name)
        self._storage = Storage(folder, search.storage, self._name, patience)
        try:
            self.optuna = self._storage.patiently(self._open, min(OPENING, patience))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._storage.close()

    def renew(self) -> None:
        """Give a sign of life: raises ConfigError if another host uses the SQLite file. Cheap, to be called often."""
        if self._host is not None:
            self._host.renew()

    def _open(self) -> "optuna.Study":
        import optuna

        with self._storage.turn():
            study = optuna.create_study(
                storage=self._backend(),
                study_name=self._name,
                sampler=optuna.samplers.RandomSampler(0),  # never asked: `next` has one for each trial
                pruner=choosing.pruner(self.search, self._epochs),
                direction="maximize" if self.search.metric == "accuracy" else "minimize",
                load_if_exists=True,
            )
            self._check_same(study)
        return study

    def _backend(self) -> "optuna.storages.RDBStorage":
        try:
            return self._storage.open()
        except RuntimeError as error:  # the tables are those of another Optuna
            raise ConfigError(
                f"{self._storage.where}: was made by another version of Optuna ({' '.join(str(error).split())[:200]});"
                " install that version, or begin the sweep in another directory"
            ) from None

    def _check_same(self, study: "optuna.Study") -> None:
        """Record what is searched. Raises ConfigError if the study was begun with something else."""
        settings = self.search.model_dump(mode="json", include={"parameters", "metric"})
        before = study.user_attrs.get(SETTINGS)
        if before is None:
            study.set_user_attr(SETTINGS, settings)
        elif before != json.loads(json.dumps(settings)):
            differ = [key for key in settings if before.get(key) != json.loads(json.dumps(settings[key]))]
            raise ConfigError(
                f"{self._folder}: its search was begun with other {' and '.join(differ)}; set them as before, or begin"
                " a sweep in another directory"
            )

    def next(self) -> Trial | None:
        """Begin a trial, and return it; None if all have been begun.

        The trial is in the database before this returns, with its settings: if the worker dies, ``running`` has it.
        """
        self.renew()
        return self._storage.patiently(self._begin)

    def _begin(self) -> Trial | None:
        import optuna

        with self._storage.turn():
            before = self.optuna.get_trials(deepcopy=False)
            number = len(before)
            if number >= self.search.trials:
                return None
            # Chosen in memory, so that the trial comes into the database as a whole, in one transaction.
            rehearsal = optuna.create_study(
                study_name=self._name,  # hyperband gives a trial its bracket by this name
                sampler=choosing.sampler(self.search, number),
                pruner=self.optuna.pruner,
                direction=self.optuna.direction,
            )
            rehearsal.add_trials(before)
            asked = rehearsal.ask(parameters.distributions(self.search))
            begun = optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params=asked.params,
                distributions=asked.distributions,
                user_attrs={RUN: name_of(number)},
            )
            self.optuna.add_trial(begun)
        return Trial(number, parameters.changes(self.search, asked.params))

    def trials(self) -> list[Trial]:
        """Return all trials that have been begun, in order."""
        return [self._trial(one) for one in self._frozen()]

    def running(self) -> list[Trial]:
        """Return the trials whose results are not told: of other workers, or of none that lives."""
        return [one for one in self.trials() if one.state == "running"]

    def tell(self, number: int, value: float | None = None, state: Ending = "complete", why: str = "") -> None:
        """Record how a trial ended. Does nothing if that is recorded already.

        Args:
            number: of the trial.
            value: the metric of its best epoch; None for the best of those that ``Watch`` has reported.
            state: diverged if a loss was not finite: then its settings count as bad ones; those of a trial that failed
                count for nothing.
            why: it failed or diverged, in words.

        Raises ConfigError if a trial is complete and has no value.
        """
        import optuna
        from optuna.trial import TrialState

        if self._frozen()[number].state.is_finished():
            return
        told = {"complete": TrialState.COMPLETE, "failed": TrialState.FAIL}.get(state, TrialState.PRUNED)
        if told == TrialState.COMPLETE and value is None:
            value = best(self._frozen()[number], self.search.metric == "accuracy")
        if told == TrialState.COMPLETE and value is None:
            raise ConfigError(
                f"{name_of(number)}: has no validation metric, by which a search chooses; set data.validation in the"
                " base of the sweep"
            )

        def tell() -> None:
            trial = self._frozen()[number]
            if why and not trial.state.is_finished():
                optuna.trial.Trial(self.optuna, trial._trial_id).set_user_attr(WHY, why)
            given = value if told == TrialState.COMPLETE else None
            self.optuna.tell(number, given, state=told, skip_if_finished=True)

        self._storage.patiently(tell)
        self._reports.pop(number, None)

    def reports(self, number: int) -> Reports:
        """Return what takes the reports of a trial, which another process may have begun."""
        if number not in self._reports:
            prunes = self.search.pruner != "none"
            self._reports[number] = Reports(self.optuna, self._frozen()[number], self._storage, prunes)
        return self._reports[number]

    def _frozen(self) -> "list[FrozenTrial]":
        return self._storage.patiently(lambda: self.optuna.get_trials(deepcopy=False))

    def _trial(self, frozen: "FrozenTrial") -> Trial:
        names: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        state = names.get(frozen.state.name, "running")
        attributes = frozen.user_attrs
        return Trial(
            frozen.number,
            parameters.changes(self.search, frozen.params),
            state,
            PRUNED in attributes,
            frozen.value if state == "complete" else None,
            str(attributes.get(WHY, "")),
        )


def _study_name(folder: Path, name: str) -> str:
    """Return the name of a directory's study, which the first worker chooses.

    It has a random part: a database may hold the studies of many sweeps, and of others called the same.
    """
    path = folder / FILE
    if not path.exists():
        partial = folder / f"{FILE}.{secrets.token_hex(4)}"
        files.write_bytes(partial, json.dumps({"study": f"{name}-{secrets.token_hex(4)}"}).encode())
        try:
            os.link(partial, path)  # only one worker can, and no one sees half a file
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    try:
        return str(files.read_json(path)["study"])
    except (ValueError, LookupError) as error:
        raise CheckpointError(
            f"{path}: is damaged ({error}); restore it from a copy: it names the study of this sweep"
        ) from None
