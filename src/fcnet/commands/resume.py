"""Going on with a run: which one it is, and whether it would be the same training."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fcnet import __version__, schema
from fcnet.config import yaml_lines
from fcnet.config.train import Constant, StepDecay
from fcnet.data.splits import Splits
from fcnet.errors import CheckpointError, ConfigError, DataError
from fcnet.rundir import directory, environment, find, log, own_files
from fcnet.rundir.checkpoints import FOLDER, Checkpointer
from fcnet.schema import Config
from fcnet.system import files
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import few

# Keys that may change between two sittings. Those of `data` do not choose what is learned: its content does, which is
# compared; `log_every` changes the log alone, and more `epochs` go on from where the others end.
_FREE = (
    "device",
    "data.source",
    "data.root",
    "data.train",
    "data.test",
    "data.validation.images",
    "data.validation.labels",
    "data.cache",
    "data.memory",
    "data.classes",
    "data.white",
    "data.on_bad",
    "train.epochs",
    "train.log_every",
    "train.save_every",
    "solve.save_every",
    "solve.keep_gram",
)


def choose(name: str, out: Path | None, insisted: Path | None, settings: Config, sinks: Sinks = SILENT) -> Path | None:
    """The directory of the run to go on with; None where there is none yet.

    Args:
        name: of the config: the newest of ``checkpoints/NAME``, ``NAME-2``, ... that is the same training is meant.
        out: the directory, given with --out.
        insisted: the directory, given with --resume, of a run that has to be there.
        settings: of the training.
        sinks: for notices.

    Raises:
        ConfigError: what was named is no run directory.
    """
    named = insisted or out
    if named is None:
        find.check_name(name)
        newest = newest_of(name, settings, sinks)
        if newest is not None:
            own_files.check_writable(newest, f"--resume {newest}")
        return newest
    if insisted is None:
        directory.check_out(named)
        if files.look(named) is None:
            return None
    option = f"--out {named}" if insisted is None else f"--resume {named}"
    if not files.is_folder(named):
        what = "is not there" if files.look(named) is None else "is a file"
        raise ConfigError(f"{option}: {files.absent(named, what)}; name a run directory")
    if insisted is not None and not (find.is_run(named) or own_files.is_known(named)):
        raise ConfigError(f"{option}: is no run directory (it has no {directory.CONFIG}); name one")
    if not own_files.is_known(named) and (found := own_files.foreign(named)):
        raise ConfigError(own_files.refusal(f"{option}: is no run directory", found))
    own_files.check_writable(named, option)
    return named


def newest_of(name: str, settings: Config, sinks: Sinks) -> Path | None:
    """The newest run of a config that is the same training; None where there is none. Says where newer ones are not."""
    runs = directory.runs_of(name)
    other = ""
    for run in runs:
        differ = _differences_of(run, settings)
        if not differ:
            if other:
                sinks.notice(f"{other}; going on with {run}")
            return run
        other = other or f"{run}: is of other settings ({few(differ, 2)})"
    if other:
        sinks.notice(f"{other}, and no run has these; a new one is begun")
    return None


def _differences_of(run: Path, settings: Config) -> list[str]:
    """How a run's settings differ, in words. One whose config is missing or damaged is asked about them later."""
    try:
        before = schema.load(run / directory.CONFIG)
    except ConfigError:
        return []
    old, new, differ = _compared(before, settings)
    differ += [key for key in sorted(old.keys() | new.keys()) if _is_place(key) and old.get(key) != new.get(key)]
    return [f"{key}: {old.get(key, 'not given')} there, {new.get(key, 'not given')} here" for key in differ]


def _is_place(key: str) -> bool:
    """Whether a key tells where images lie: those of another place may be others, which only reading them shows."""
    return key.startswith(("data.source", "data.root", "data.train.", "data.test."))


def nothing_to_do(run: Path, settings: Config, sinks: Sinks = SILENT) -> bool:
    """Whether a run is finished, and no more epochs are asked for.

    Raises:
        ConfigError: naming each key whose change would make it another training.
    """
    if not find.is_run(run):
        return False  # it was cut short before it had a config
    try:
        before = schema.load(run / directory.CONFIG)
    except ConfigError as error:
        sinks.warn(f"{error.problems[0]}; the config of the newest checkpoint is compared instead")
        return False
    _refuse_changes(run, before, settings)
    if not settings.model.in_order:
        return False  # images may have been added, which only reading them shows
    if any(_is_place(difference.split(":")[0]) for difference in _differences_of(run, settings)):
        return False
    return is_finished(run) and settings.train.epochs == before.train.epochs


def _compared(before: Config, settings: Config) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The settings of a run and those of now by dotted key, and the keys that make it another training."""
    old, new = (dict(_flat(one.model_dump(exclude_none=True))) for one in (before, settings))
    frees = (*_FREE, "solve.solver") if settings.model.grows else _FREE
    if settings.data.normal_classes is None:  # a run may have taken them from its images, which are compared
        frees = (*frees, "data.normal_classes")
    differ = [
        key
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not any(key == free or key.startswith(f"{free}.") for free in frees)
    ]
    return old, new, differ


def _refuse_changes(run: Path, before: Config, settings: Config) -> None:
    old, new, differ = _compared(before, settings)
    # Another optimiser has other settings too: its name says enough.
    named = [key.removesuffix("name") for key in differ if key.endswith(".name")]
    problems = [
        f"{key}: is {new.get(key, 'not given')}, but {run} was begun"
        f" {f'with {old[key]}' if key in old else 'without it'}; give that, or start a new run without --resume"
        for key in differ
        if not any(key.startswith(section) and key != f"{section}name" for section in named)
    ]
    then, now = before.train.epochs, settings.train.epochs
    if now < then:
        problems.append(f"train.epochs: is {now}, but {run} was begun with {then}; epochs can be added, not taken away")
    if problems:
        raise ConfigError(*problems)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def is_finished(run: Path) -> bool:
    """Whether a run has come to its end."""
    try:
        return bool(environment.read_json(run / directory.RESULT)["ended"] == "finished")
    except (CheckpointError, KeyError):
        return False


@dataclass(frozen=True)
class Found:
    """A checkpoint to go on from.

    Attributes:
        run: the run directory.
        path: the checkpoint.
        state: what is in it.
        epochs: of its config.
        problems: why newer ones are not used.
    """

    run: Path
    path: Path
    state: dict[str, Any]
    epochs: int
    problems: list[str]


def newest(run: Path, settings: Config, insisted: bool) -> Found | None:
    """The newest intact checkpoint of a run; None where the run has to be begun anew.

    Raises:
        CheckpointError: all are damaged; or there is none, and the run is finished or ``insisted`` on.
        ConfigError: naming each key that is not as it was for the checkpoint.
    """
    found = Checkpointer(run).newest(metrics=log.left(run))
    if found is not None:
        path, state, problems = found
        try:
            before = schema.check([yaml_lines.parse(str(state["config"]), str(path))])
        except (LookupError, ConfigError):
            raise CheckpointError(f"{path}: is not the state of a training; start a new run") from None
        _refuse_changes(run, before, settings)
        return Found(
            run,
            path,
            state,
            before.train.epochs,
            [f"{problem}; the one before is used: {path.name}" for problem in problems],
        )
    if insisted or is_finished(run):
        raise CheckpointError(
            f"{run / FOLDER}: holds no checkpoint to go on from; start a new run (another --out, or --overwrite)"
        )
    return None


def facts(settings: Config, splits: Splits, device: torch.device) -> dict[str, Any]:
    """What a training stands on, for its checkpoints: the config, the images, and the machine."""
    return {
        "config": schema.dump(settings),
        "data": {name: split.fingerprint() for name, split in splits.items()},
        "classes": list(splits.classes),
        "memory": "mapped" if splits.train.mapped else "resident",  # which the order of the images depends on
        "machine": {
            "fcnet": __version__,
            "torch": str(torch.__version__),
            "device": environment.device_name(device),
            "threads": torch.get_num_threads(),
        },
    }


def compare(found: Found, now: dict[str, Any], settings: Config) -> list[str]:
    """Compare what a checkpoint stands on with the ``facts`` of now.

    Returns:
        Warnings: what differs of the machine, so that the last bits of the results may differ, and whether more epochs
        change the learning rates of the epochs before them.

    Raises:
        DataError: the images, their labels or the classes are others.
        CheckpointError: the checkpoint does not tell what it stands on.
    """
    try:
        machine = {str(key): str(value) for key, value in found.state["machine"].items()}
        problems = list(_changes(found.state, now, settings, found.run))
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
        raise CheckpointError(f"{found.path}: is not the state of a training; start a new run") from None
    if problems:
        raise DataError(*problems)
    warnings = [
        f"{key} was {machine.get(key)} and is {value}: the last bits of the results may differ from those of an"
        " uninterrupted run"
        for key, value in now["machine"].items()
        if machine.get(key) != str(value)
    ]
    schedule, epochs = settings.train.schedule, settings.train.epochs
    if not isinstance(schedule, Constant | StepDecay) and epochs != found.epochs:
        warnings.append(f"train.schedule: {schedule.name} is laid out anew over {epochs} epochs, from here on")
    return warnings


def _changes(then: dict[str, Any], now: dict[str, Any], settings: Config, run: Path) -> Iterator[str]:
    """What is different of classes, images and labels."""
    where = f"changed since the checkpoint of {run}; restore what was there, or start a new run without --resume"
    before = then.get("memory", "resident")
    if before != now["memory"] and settings.model.in_order:
        yield (
            f"data.memory: the training images are {now['memory']} now and were {before} (memory or its limit differs),"
            f" which changes their order; give data.memory={before}"
        )
    if [unicodedata.normalize("NFC", name) for name in then["classes"]] != now["classes"]:
        yield f"data.classes: {', '.join(now['classes'])} (formerly {', '.join(then['classes'])}) {where}"
    for name in sorted(then["data"].keys() | now["data"].keys()):
        if name == "train" and settings.model.grows:
            continue  # images may be added: each is looked at when the sums are taken up
        old, new = then["data"].get(name, {}), now["data"].get(name, {})
        place = f"data.{name}" if settings.data.source is None else f"{settings.data.root} ({name})"
        changed = [key for key in ("pixels", "labels") if old.get(key) != new.get(key)]
        if old.get("n") != new.get("n"):
            yield f"{place}: the number of images, {old.get('n', 0)} then and {new.get('n', 0)} now, {where}"
        elif changed:
            yield f"{place}: the {' and the '.join(changed)} of its {new['n']} images {where}"
