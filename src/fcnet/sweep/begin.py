"""Begin a sweep in a directory, or continue one, perhaps with more runs than before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.sweep import groups
from fcnet.sweep.disk.folder import Entry, Folder, check_new, is_sweep
from fcnet.sweep.plan import database, identity, load, merge
from fcnet.sweep.plan.plan import Plan, Planned
from fcnet.sweep.work import slots
from fcnet.system.text import counted, few

SHOWN = 5  # settings or runs that a message names


@dataclass(frozen=True)
class Begun:
    """A sweep on disk.

    Attributes:
        folder: the sweep.
        added: how many runs are new in it.
        left: names of runs that are not in the plan any more; they are kept, and not trained.
        together: why runs are trained together or not, in words; empty if nothing is new.
        secrets: environment variables for workers: the password of a search's database, which is never written.
    """

    folder: Folder
    added: int = 0
    left: Sequence[str] = ()
    together: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def begin(out: Path, plan: Plan, workers: int | None = None) -> Begun:
    """Write a plan into a new directory, or into that of the same sweep.

    Args:
        out: the directory.
        plan: what to write.
        workers: that will share the runs; by default those of this host.

    Raises:
        ConfigError: the directory holds something else, or runs of the same names with other settings.
        ResourceError: it is not writable.
    """
    plan, secrets = _without_password(plan)
    if not is_sweep(out):
        check_new(out)
    folder = Folder(out)
    with folder.planning():
        return _written(folder, plan, workers, secrets)


def _written(folder: Folder, plan: Plan, workers: int | None, secrets: Mapping[str, str]) -> Begun:
    """Write a plan, while no other process does."""
    begun, old = is_sweep(folder.path), list[Entry]()
    if begun:
        _check_same_search(folder, plan)
        old = [] if plan.settings.search is not None else folder.entries()  # those of a search are never planned
    merged = merge.merge([vars(entry) for entry in old], plan)
    _check(folder, old, merged, plan)
    new = [run for run in merged.runs if run.name in set(merged.added)]
    units, together = _units(new, plan, workers)
    known = {entry.name: entry.unit for entry in old} | units
    entries = [Entry(run.name, run.hash, run.changes, known[run.name]) for run in merged.runs]
    if old and plan.settings.fuse != folder.settings.fuse:
        together = f"{together}; " * bool(together) + "runs that were here before stay in their groups"
    text = load.text(plan)
    if not (begun and folder.holds(text, entries)):
        folder.write(text, entries)
    return Begun(folder, len(new), [str(entry["name"]) for entry in merged.left], together, secrets)


def _without_password(plan: Plan) -> tuple[Plan, dict[str, str]]:
    """Return a plan without the password of its database, and this as PostgreSQL's environment variable."""
    search = plan.settings.search
    if search is None or search.storage is None or (password := database.password(search.storage)) is None:
        return plan, {}
    bare = search.model_copy(update={"storage": database.without_password(search.storage)})
    return replace(plan, settings=plan.settings.model_copy(update={"search": bare})), {"PGPASSWORD": password}


def _check(folder: Folder, old: Sequence[Entry], merged: merge.Merged, plan: Plan) -> None:
    """Raise ConfigError if a directory holds another sweep."""
    if merged.changed:
        entry = merged.changed[0]
        there = identity.config_of(folder.base, entry["changes"])
        run = next(run for run in plan.runs if run.name == entry["name"])
        differ = identity.differences(there, identity.config_of(plan.base, run.changes))
        raise ConfigError(
            f"--out {folder.path}: holds a sweep whose {entry['name']} has other settings ({few(differ, SHOWN)}); set"
            " them as before, or choose another directory"
        )
    if old and plan.runs and not merged.stayed:
        raise ConfigError(
            f"--out {folder.path}: holds another sweep: none of its {counted(len(old), 'run')}"
            f" ({few([one.name for one in old], 2)}) is in this plan; choose another directory"
        )


def _check_same_search(folder: Folder, plan: Plan) -> None:
    """Raise ConfigError if one of two plans is a search and the other is not."""
    before, now = (settings.search is not None for settings in (folder.settings, plan.settings))
    if before != now:
        what = ("lists its runs", "is a search")
        raise ConfigError(
            f"--out {folder.path}: holds a sweep that {what[before]}, and this plan {what[now]}; choose another"
            " directory"
        )
    if now and (differ := identity.differences(*(identity.config_of(base, {}) for base in (folder.base, plan.base)))):
        raise ConfigError(
            f"--out {folder.path}: holds a search whose trials have other settings ({few(differ, SHOWN)}); set them as"
            " before, or choose another directory"
        )


def _units(runs: Sequence[Planned], plan: Plan, workers: int | None) -> tuple[dict[str, str], str]:
    """Return the unit of each run, named after the first run in it, and why runs are trained together or not."""
    if not runs:
        return {}, ""
    configs = [identity.config_of(plan.base, run.changes) for run in runs]
    device: groups.Device = "cuda" if slots.on_gpu(configs[0].device) else "cpu"
    if workers is None:
        planned = plan.settings.workers
        workers = slots.usual(configs[0], len(runs)) if planned == "auto" else planned
    found = groups.groups(configs, plan.settings.fuse, device, workers)
    together = [group for group in found if len(group.runs) > 1]
    units = {runs[i].name: runs[group.runs[0]].name for group in found for i in group.runs}
    return units, _why(together or found, bool(together))


def _why(found: Sequence[groups.Group], together: bool) -> str:
    """Return in words how runs are grouped."""
    if together:
        sizes = sorted({len(group.runs) for group in found})
        many = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else str(sizes[0])
        count = sum(len(group.runs) for group in found)
        return f"{count} runs are trained in groups of {many}, as one computation each: that is faster for such nets"
    return f"each run is trained alone: {found[0].reason}"
