"""Resume a run: find it, and check that it would be the same training."""

import unicodedata
from collections.abc import Iterator, Sequence
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
from fcnet.system.text import changed, few

# Keys that may differ when a run is resumed. Those of `data` say where the images are; their contents decide what is
# learned, and these are compared. `log_every` changes only the log, and more `epochs` or patience continue where the
# others end.
_LENGTHS = ("train.epochs", "train.early_stop.patience")
_FREE = (
    *_LENGTHS,
    *schema.ELSEWHERE,
    "train.step",
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
    "train.log_every",
    "train.save_every",
    "solve.save_every",
    "solve.keep_gram",
)


def choose(name: str, out: Path | None, insisted: Path | None, settings: Config, sinks: Sinks = SILENT) -> Path | None:
    """Return the directory of the run to resume; None if there is none yet.

    Args:
        name: of the config: the run is the newest of ``checkpoints/NAME``, ``NAME-2``, ... that is the same training.
        out: the directory given with --out.
        insisted: the directory given with --resume, of a run that must exist.
        settings: of the training.
        sinks: for notices.

    Raises:
        ConfigError: ``out`` or ``insisted`` is not a run directory.
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
        what = "does not exist" if files.look(named) is None else "is a file"
        raise ConfigError(f"{option}: {files.absent(named, what)}; name a run directory")
    if insisted is not None and not (find.is_run(named) or own_files.is_known(named)):
        raise ConfigError(f"{option}: is not a run directory (it has no {directory.CONFIG}); name one")
    if not own_files.is_known(named) and (found := own_files.foreign(named)):
        raise ConfigError(own_files.refusal(f"{option}: is not a run directory", found))
    own_files.check_writable(named, option)
    return named


def newest_of(name: str, settings: Config, sinks: Sinks) -> Path | None:
    """Return the newest run of a config that is the same training, noting newer ones that are not; None without any."""
    runs = directory.runs_of(name)
    other = ""
    for run in runs:
        differ = _differences_of(run, settings)
        if not differ:
            if other:
                sinks.notice(f"{other}; resuming {run}")
            return run
        other = other or f"{run}: has other settings ({few(differ, 2)})"
    if other:
        sinks.notice(f"{other}, and no run has these settings; starting a new run")
    return None


def _differences_of(run: Path, settings: Config) -> list[str]:
    """Describe how a run's settings differ. If its config is missing or damaged, that is reported later."""
    try:
        before = schema.load(run / directory.CONFIG)
    except ConfigError:
        return []
    old, new, differ = _compared(before, settings)
    differ += [key for key in sorted(old.keys() | new.keys()) if _is_place(key) and old.get(key) != new.get(key)]
    return [f"{key}: {old.get(key, 'not given')} there, {new.get(key, 'not given')} here" for key in differ]


def _is_place(key: str) -> bool:
    """Return whether a key says where images are: elsewhere they may differ, which only reading them shows."""
    return key.startswith(("data.source", "data.root", "data.train.", "data.test."))


def nothing_to_do(run: Path, settings: Config, sinks: Sinks = SILENT) -> bool:
    """Return whether a run is finished and no more epochs are asked for.

    Raises:
        ConfigError: naming each changed key that would make it a different training.
    """
    if not find.is_run(run):
        return False  # it was interrupted before it had a config
    try:
        before = schema.load(run / directory.CONFIG)
    except ConfigError as error:
        sinks.warn(f"{error.problems[0]}; comparing with the config of the newest checkpoint instead")
        return False
    _refuse_changes(run, before, settings)
    if not settings.model.in_order:
        return False  # images may have been added, which only reading them shows
    if any(_is_place(difference.split(":")[0]) for difference in _differences_of(run, settings)):
        return False
    same = settings.train.epochs == before.train.epochs and settings.train.early_stop == before.train.early_stop
    return is_finished(run) and same


def _compared(before: Config, settings: Config) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Return a run's settings and the current ones by dotted key, and the keys that make it a different training."""
    old, new = (dict(_flat(one.model_dump(exclude_none=True))) for one in (before, settings))
    frees = (*_FREE, "solve.solver") if settings.model.grows else _FREE
    if settings.data.normal_classes is None:  # they may come from the images, which are compared
        frees = (*frees, "data.normal_classes")
    differ = [
        key
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not any(key == free or key.startswith(f"{free}.") for free in frees)
    ]
    return old, new, differ


def _refuse_changes(run: Path, before: Config, settings: Config) -> None:
    old, new, differ = _compared(before, settings)
    # Another optimiser also has other settings: naming the optimiser is enough.
    named = [key.removesuffix("name") for key in differ if key.endswith(".name")]
    problems = [
        f"{key}: is {new.get(key, 'not given')}, but {run} was started"
        f" {f'with {old[key]}' if key in old else 'without it'}; set it as before, or start a new run without --resume"
        for key in differ
        if not any(key.startswith(section) and key != f"{section}name" for section in named)
    ]
    problems += [
        f"{key}: is {new[key]}, but {run} was started with {old[key]}; epochs can be added, but not removed"
        for key in _LENGTHS
        if key in old and key in new and new[key] < old[key]
    ]
    if problems:
        raise ConfigError(*problems)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and their values."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def is_finished(run: Path) -> bool:
    """Return whether a run has finished."""
    try:
        return bool(environment.read_json(run / directory.RESULT)["ended"] == "finished")
    except (CheckpointError, KeyError):
        return False


@dataclass(frozen=True)
class Found:
    """A checkpoint to resume from.

    Attributes:
        run: the run directory.
        path: the checkpoint.
        state: its contents.
        epochs: in its config.
        problems: why newer ones are not used.
    """

    run: Path
    path: Path
    state: dict[str, Any]
    epochs: int
    problems: list[str]


def newest(run: Path, settings: Config, insisted: bool) -> Found | None:
    """Return the newest intact checkpoint of a run; None if the run must start from scratch.

    Raises:
        CheckpointError: all are damaged; or there is none, and the run is finished or ``insisted`` on.
        ConfigError: naming each key that differs from the checkpoint's config.
    """
    found = Checkpointer(run).newest(metrics=log.left(run))
    if found is not None:
        return checked(run, settings, *found)
    if insisted or is_finished(run):
        raise CheckpointError(
            f"{run / FOLDER}: contains no checkpoint to resume from; start a new run (another --out, or --overwrite)"
        )
    return None


def checked(run: Path, settings: Config, path: Path, state: dict[str, Any], problems: Sequence[str] = ()) -> Found:
    """Return a checkpoint to resume from, with problems of newer ones. Raises as ``newest`` does."""
    try:
        before = schema.check([yaml_lines.parse(str(state["config"]), str(path))])
    except (LookupError, ConfigError):
        raise CheckpointError(f"{path}: is not a training state; start a new run") from None
    _refuse_changes(run, before, settings)
    lines = [f"{problem}; using the one before: {path.name}" for problem in problems]
    return Found(run, path, state, before.train.epochs, lines)


def facts(settings: Config, splits: Splits, device: torch.device) -> dict[str, Any]:
    """Return what a training depends on, for its checkpoints: the config, the images and the machine."""
    return {
        "config": schema.dump(settings),
        "data": {name: split.fingerprint() for name, split in splits.items()},
        "classes": list(splits.classes),
        "teacher": [] if splits.teacher is None else splits.teacher.hashes,
        "memory": "mapped" if splits.train.mapped else "resident",  # the order of the images depends on it
        "machine": {
            "fcnet": __version__,
            "torch": str(torch.__version__),
            "device": environment.device_name(device),
            "threads": torch.get_num_threads(),
            **({"train.step": settings.train.step} if device.type == "cuda" else {}),
        },
    }


def compare(found: Found, now: dict[str, Any], settings: Config) -> list[str]:
    """Compare the facts in a checkpoint with the current ``facts``.

    Returns:
        Warnings: differences of the machine, because of which the last bits of the results may differ, and whether more
        epochs change the learning-rate schedule.

    Raises:
        DataError: the images, their labels or the classes have changed.
        CheckpointError: the checkpoint lacks these facts.
    """
    try:
        machine = {str(key): str(value) for key, value in found.state["machine"].items()}
        problems = list(_changes(found.state, now, settings, found.run))
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
        raise CheckpointError(f"{found.path}: is not a training state; start a new run") from None
    if problems:
        raise DataError(*problems)
    warnings = [
        changed(key, machine.get(key), value)
        for key, value in now["machine"].items()
        if machine.get(key, str(value)) != str(value) and not (key == "threads" and _checks_threads(settings))
    ]
    schedule, epochs = settings.train.schedule, settings.train.epochs
    if not isinstance(schedule, Constant | StepDecay) and epochs != found.epochs:
        warnings.append(f"train.schedule: from here on, {schedule.name} is stretched over {epochs} epochs")
    return warnings


def _checks_threads(settings: Config) -> bool:
    """Return whether the training itself finds out whether its bits depend on the number of threads."""
    return settings.model.in_order


def threads_of(found: Found) -> int | None:
    """Return the number of threads with which a training was begun; None if the checkpoint does not say."""
    number = found.state["machine"].get("threads")
    return number if isinstance(number, int) and number > 0 else None


def _changes(then: dict[str, Any], now: dict[str, Any], settings: Config, run: Path) -> Iterator[str]:
    """Yield the differences in classes, images, labels and the teacher."""
    where = f"changed since the checkpoint of {run}; undo the change, or start a new run without --resume"
    before = then.get("memory", "resident")
    if before != now["memory"] and settings.model.in_order:
        yield (
            f"data.memory: the training images are now {now['memory']} and were {before} (memory or its limit differs),"
            f" which changes their order; set data.memory={before}"
        )
    if [unicodedata.normalize("NFC", name) for name in then["classes"]] != now["classes"]:
        yield f"data.classes: {', '.join(now['classes'])} (formerly {', '.join(then['classes'])}) {where}"
    if then.get("teacher", []) != now["teacher"]:
        yield f"train.teacher: the weights of its runs {where}"
    for name in sorted(then["data"].keys() | now["data"].keys()):
        if name == "train" and settings.model.grows:
            continue  # images may be added: each is checked when the sums are loaded
        old, new = then["data"].get(name, {}), now["data"].get(name, {})
        place = f"data.{name}" if settings.data.source is None else f"{settings.data.root} ({name})"
        changed = [key for key in ("pixels", "labels") if old.get(key) != new.get(key)]
        if old.get("n") != new.get("n"):
            yield f"{place}: the number of images, {old.get('n', 0)} then and {new.get('n', 0)} now, {where}"
        elif changed:
            yield f"{place}: the {' and the '.join(changed)} of its {new['n']} images {where}"
