"""Compare a changed plan with the runs that its sweep has: which are new, stay, leave, or mean something else now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fcnet.sweep.plan import names
from fcnet.sweep.plan.plan import Plan, Planned


@dataclass(frozen=True)
class Merged:
    """The runs of a plan beside those that a sweep directory has.

    Attributes:
        runs: those of the plan, in its order, each under the name that it has on disk or will have.
        added: names of those that the directory does not have.
        stayed: names of those that it has.
        left: entries that it has and the plan has no more.
        changed: entries whose name a run of the plan with another config has; the caller has to refuse them.
    """

    runs: tuple[Planned, ...]
    added: tuple[str, ...]
    stayed: tuple[str, ...]
    left: tuple[dict[str, Any], ...]
    changed: tuple[dict[str, Any], ...]


def entries(plan: Plan) -> list[dict[str, Any]]:
    """Return the runs of a plan, ready for JSON: name, hash and changes of each."""
    return [{"name": run.name, "hash": run.hash, "changes": run.changes} for run in plan.runs]


def merge(old: Sequence[Mapping[str, Any]], plan: Plan) -> Merged:
    """Compare a plan with the entries that a sweep directory has.

    A run is recognised by its hash, and keeps its name: if one more setting varies, new names have one more part, and
    what was trained stays where it is.

    Args:
        old: entries, as ``entries`` returns them.
        plan: the new plan.
    """
    known = _by_hash(old, plan)
    taken = {names.same(entry["name"]) for entry in known.values()}
    runs, added, stayed = [], [], []
    for number, run in enumerate(plan.runs):
        if number in known:
            runs.append(replace(run, name=known[number]["name"]))
            stayed.append(runs[-1].name)
        else:
            clash = names.same(run.name) in taken
            runs.append(replace(run, name=names.with_hash(run.name, run.hash)) if clash else run)
            added.append(runs[-1].name)
    kept = {id(entry) for entry in known.values()}
    others = [dict(entry) for entry in old if id(entry) not in kept]
    changed = _of_names(others, {names.same(name) for name in added})
    new = {names.same(entry["name"]) for entry in changed}
    return Merged(
        tuple(runs),
        tuple(name for name in added if names.same(name) not in new),
        tuple(stayed),
        tuple(entry for entry in others if names.same(entry["name"]) not in new),
        tuple(changed),
    )


def _of_names(found: Iterable[dict[str, Any]], wanted: set[str]) -> list[dict[str, Any]]:
    return [entry for entry in found if names.same(entry["name"]) in wanted]


def _by_hash(old: Sequence[Mapping[str, Any]], plan: Plan) -> dict[int, Mapping[str, Any]]:
    """Return the entry of each run, by its number, that the directory has: of the same name if there are several."""
    exact = {(entry["name"], entry["hash"]): entry for entry in old}
    found = {i: exact[run.name, run.hash] for i, run in enumerate(plan.runs) if (run.name, run.hash) in exact}
    kept = {id(entry) for entry in found.values()}
    free: dict[str, list[Mapping[str, Any]]] = {}
    for entry in old:
        if id(entry) not in kept:
            free.setdefault(entry["hash"], []).append(entry)
    for number, run in enumerate(plan.runs):
        if number not in found and free.get(run.hash):
            found[number] = free[run.hash].pop(0)
    return found
