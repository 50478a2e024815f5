"""Read finished runs, and results of ``fcnet eval --json``, into docs/results.json.

Imported by scripts/results.py; does nothing by itself. Which row a run belongs to follows from its config. All or
nothing: if one run cannot be read, nothing is written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from published import same
from published.rows import RESULTS, ROOT, Entries, Refused, Row, load_results, load_rows
from published.same import Version

import fcnet
from fcnet.results import columns, listing
from fcnet.rundir.find import CONFIG
from fcnet.system import files
from fcnet.system.text import counted

Run = dict[str, Any]  # an entry of docs/results.json


def collect(words: Sequence[Path], root: Path = ROOT) -> list[str]:
    """Add runs to docs/results.json, or replace those of equal seeds; return a line about each.

    Args:
        words: run directories, sweeps, folders of runs, and .json files with what ``fcnet eval --json`` printed.
        root: of the repository.

    Raises:
        Refused: with a line for each word that cannot be read.
    """
    versions = same.versions(load_rows(root), root)
    found: list[tuple[Version, Run, str]] = []
    problems: list[str] = []
    for word in words:
        try:
            found += _evaluated(word, versions) if word.suffix == ".json" else _trained(word, versions)
        except Refused as error:
            problems += error.args
        except fcnet.FcnetError as error:
            problems += error.problems
    problems += _twice(found)
    if problems:
        raise Refused(*problems)
    entries = load_results(root)
    said = [_add(entries, version, run, where) for version, run, where in found]
    keys = [*(key for key in versions if key in entries), *(entries.keys() - versions)]  # in the order of the rows
    ordered = {key: entries[key] for key in keys}
    files.write_bytes(root / RESULTS, (json.dumps(ordered, indent=1, ensure_ascii=False) + "\n").encode())
    return said


def _trained(word: Path, versions: Mapping[str, Version]) -> list[tuple[Version, Run, str]]:
    """Return the entries of runs in a folder."""
    rows = listing.rows([word])
    if not rows:
        raise Refused(f"{word}: contains no run")
    found, problems = [], []
    for one in rows:
        try:
            fitting = _fitting([one], versions)
            own = [version for version in fitting if not version.row.evaluated]
            if not own:
                raise Refused(
                    f"{one.path}: the row {fitting[0].row.name} takes what fcnet eval prints: fcnet eval RUN --json >"
                    " FILE.json, then collect FILE.json"
                )
            found += [(version, _run(one, version.row), str(one.path)) for version in own]
        except Refused as error:
            problems += error.args
    if problems:
        raise Refused(*problems)
    return found


def _evaluated(file: Path, versions: Mapping[str, Version]) -> list[tuple[Version, Run, str]]:
    """Return the entries of an evaluation of one run, or of a committee."""
    try:
        said = files.read_json(file)
        models = [Path(one if isinstance(one, str) else one["model"]) for one in said.get("members") or [said["model"]]]
    except FileNotFoundError:
        raise Refused(f"{file}: there is no such file") from None
    except (OSError, ValueError, LookupError, TypeError):
        raise Refused(f"{file}: is not what fcnet eval --json prints") from None
    if not str(said.get("split")).startswith("test ("):
        raise Refused(f"{file}: is not of the test images of a config, but of {said.get('split')}")
    members = [_member(file, model) for model in models]
    fitting = [one for one in _fitting(members, versions) if one.row.evaluated and one.row.committee == len(members)]
    if not fitting:
        raise Refused(
            f"{file}: no row of docs/results.yaml takes evaluations of {counted(len(members), 'run')} of this config"
        )
    return [(version, _evaluation(file, said, members, version.row), str(file)) for version in fitting]


def _member(file: Path, model: Path) -> listing.Row:
    """Return the run whose weights were evaluated; paths are relative to the current folder, as they were then."""
    run = model.parent if model.suffix == ".pth" else model
    if not (run / CONFIG).is_file():
        raise Refused(f"{file}: {run}: is not a run here; collect in the folder in which fcnet eval was called")
    return listing.read(run)[0]


def _fitting(runs: Sequence[listing.Row], versions: Mapping[str, Version]) -> list[Version]:
    """Return the versions of rows that runs are of. Raises Refused if there is none, or a run has not finished."""
    fitting = list(versions.values())
    for one in runs:
        if not one.complete:
            raise Refused(f"{one.path}: {columns.cell(one, 'ended')}; only finished runs count")
        settings = same.flat(fcnet.load_config(one.path / CONFIG))
        apart = {version.key: version.differences(settings) for version in fitting}
        if all(apart.values()):
            key = min(apart, key=lambda key: len(apart[key]))
            raise Refused(f"{one.path}: has the config of no row; nearest is {key}: {same.few(apart[key])}")
        fitting = [version for version in fitting if not apart[version.key]]
    return fitting


def _run(one: listing.Row, row: Row) -> Run:
    """Return the entry of a run by itself. Raises Refused if it has not what the row measures."""
    scores = one.scores("test")
    if scores is None or scores.accuracy is None:
        raise Refused(f"{one.path}: has no test accuracy, which the row {row.name} is measured by")
    metrics = {"accuracy": scores.accuracy, "loss": scores.loss}
    return _entry([one], row) | {"metrics": metrics, "weights": "last" if one.best is None else "best"}


def _evaluation(file: Path, said: Mapping[str, Any], members: Sequence[listing.Row], row: Row) -> Run:
    """Return the entry of an evaluation."""
    assert row.how.key is not None  # rows of seconds are not evaluated
    value: Any = said
    for part in row.how.key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{file}: has no {row.how.key}, which the row {row.name} is measured by")
    return _entry(members, row) | {"metrics": {row.how.key: value}, "weights": said.get("weights", "last")}


def _entry(members: Sequence[listing.Row], row: Row) -> Run:
    """Return what is recorded of runs besides their metrics: seeds, time, images, machine, versions, date."""
    facts = [_facts(one) for one in members]
    together = max(len(one.get("together", [])) + 1 for one in facts)
    if row.metric == "seconds" and together > 1:
        raise Refused(f"{members[0].path}: was trained together with others, so its seconds are not those of one net")
    first, resumed = facts[0], [one for fact in facts for one in fact.get("resumed", [])]
    return {
        "seeds": [one.seed for one in members],
        "part": members[0].settings.get(row.over) if row.over else None,
        "epochs": members[0].epoch,
        "seconds": round(sum(one.seconds or 0.0 for one in members), 3),
        "images": {name: split["n"] for name, split in first["data"].items()},
        "devices": list(dict.fromkeys(one["device"] for one in [*facts, *resumed])),
        "threads": first["threads"],
        "together": together,
        "versions": {name: first["versions"][name] for name in ("fcnet", "torch", "python")},
        "date": first["started"][:10],
    }


def _facts(one: listing.Row) -> dict[str, Any]:
    """Return the environment of a run. Raises Refused if it is missing, or says too little."""
    try:
        found: dict[str, Any] = files.read_json(one.path / "environment.json")
        for key in ("data", "device", "threads", "versions", "started"):
            found[key]
    except (OSError, ValueError, LookupError):
        raise Refused(f"{one.path}: environment.json: is missing or damaged, so its machine is unknown") from None
    return found


def _place(version: Version, run: Run) -> str:
    return json.dumps([version.key, run["seeds"], run["part"]])


def _twice(found: Sequence[tuple[Version, Run, str]]) -> Iterator[str]:
    """Yield a line for each two words that give the same seed of a row."""
    seen: dict[str, str] = {}
    for version, run, where in found:
        place = _place(version, run)
        if place in seen:
            yield f"{where}: has the seeds {run['seeds']} of {version.key}, as {seen[place]}; name one of them"
        seen[place] = where


def _add(entries: Entries, version: Version, run: Run, where: str) -> str:
    """Put a run in the place of one with its seeds; runs of another config than the present one go."""
    entry = entries.get(version.key)
    stale = entry is not None and bool(version.differences(entry["settings"]))
    kept = [] if entry is None or stale else entry["runs"]
    kept = [one for one in kept if _place(version, one) != _place(version, run)]
    runs = sorted([*kept, run], key=lambda one: (one["seeds"], json.dumps(one["part"])))
    entries[version.key] = {"settings": version.settings(), "runs": runs}
    value = f"{version.row.how.text(version.row.value(run))} {version.row.how.unit}"
    return f"{where}: {version.key}, seed {', '.join(map(str, run['seeds']))}: {value}" + (
        f"; {counted(len(entry['runs']), 'run')} of another config removed" if entry is not None and stale else ""
    )


def stale(versions: Mapping[str, Version], entries: Entries) -> Iterator[str]:
    """Yield a line for each collected row whose config has changed since, or that is not listed any more."""
    for key, entry in entries.items():
        if key not in versions:
            yield f"{RESULTS}: {key}: is no row of docs/results.yaml; remove it"
        elif apart := versions[key].differences(entry["settings"]):
            yield f"{RESULTS}: {key}: its runs are of another config: {same.few(apart)}; train and collect them again"
