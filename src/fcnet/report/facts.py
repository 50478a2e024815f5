"""What a run is: its settings beside the defaults, its images, its machine, and how to train it again."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from fcnet.report.language import Words
from fcnet.results.row import SPLITS
from fcnet.rundir import directory
from fcnet.schema import Config

Rows = list[list[str]]

_HASH = 16  # digits of a fingerprint that are shown
_CHOICES = ("name", "kind")  # keys whose word chooses the type of a section
_RESOLVED = ("data.classes",)  # keys that the images fill in, whatever the config says


def differing(settings: Config, words: Words) -> Rows:
    """Return the settings that differ from the defaults: rows of key, value and default."""
    return [[key, _plain(value, words), _plain(default, words)] for key, value, default in _differing(settings, None)]


def _differing(section: BaseModel, default: Any, above: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield keys, values and defaults; a section of another type than its default has the defaults of its own type."""
    fields = type(section).model_fields
    for name, field in fields.items():
        key, value = f"{above}{name}", getattr(section, name)
        usual = (
            getattr(default, name) if type(default) is type(section) else field.get_default(call_default_factory=True)
        )
        if key in _RESOLVED or field.exclude:
            continue
        if isinstance(value, BaseModel):
            found = _differing(value, usual, f"{key}.")
            if type(usual) is not type(value):  # it was chosen by a word, which has no default of its own
                word = next((one for one in _CHOICES if one in type(value).model_fields), None)
                if word is not None:
                    yield f"{key}.{word}", getattr(value, word), getattr(usual, word, None)
                    found = (one for one in found if one[0] != f"{key}.{word}")
            yield from found
        elif value != usual and value is not None:
            yield key, value, usual


def _plain(value: Any, words: Words) -> str:
    """Return a value as YAML would have it on one line."""
    if value is None or value is PydanticUndefined:
        return words("none")
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, list):
        value = [one.model_dump(exclude_none=True) if isinstance(one, BaseModel) else one for one in value]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def images(environment: Mapping[str, Any], words: Words) -> Rows:
    """Return a row for each split: its name, folder, number of images, and fingerprints of pixels and labels."""
    found = environment.get("data")
    rows: Rows = []
    for split in SPLITS:
        facts = found.get(split) if isinstance(found, dict) else None
        if isinstance(facts, dict):
            hashes = [str(facts.get(key) or words("unknown"))[:_HASH] for key in ("sha256", "labels")]
            rows.append([words(f"split_{split}"), str(facts.get("images")), str(facts.get("n")), *hashes])
    return rows


def machine(environment: Mapping[str, Any], words: Words) -> Rows:
    """Return what environment.json says about the machine: rows of name and value."""
    versions = environment.get("versions")
    rows = [[name, str(value)] for name, value in (versions.items() if isinstance(versions, dict) else ()) if value]
    commit = environment.get("git_commit")
    if isinstance(commit, str) and commit.endswith("+"):
        commit = words("commit_changed", commit=commit[:-1])
    resumed = environment.get("resumed")
    facts = {
        "device": environment.get("device"),
        "threads": environment.get("threads"),
        "system": environment.get("platform"),
        "commit": commit,
        "started": environment.get("started"),
        "resumed": words("resumed_times", n=len(resumed)) if isinstance(resumed, list) else None,
    }
    return [*rows, *([words(name), str(value)] for name, value in facts.items() if value is not None)]


def commands(run: Path, environment: Mapping[str, Any], split: str, which: str | None) -> list[tuple[str, str]]:
    """Return command lines, each after the key of the words that say what it does."""
    weights = ["--weights", which] if which else []
    train = ["fcnet", "train", "--config", str(run / directory.CONFIG), "--out", f"{run}-again"]
    found = [("reproduce_train", train), ("reproduce_eval", ["fcnet", "eval", str(run), "--split", split, *weights])]
    first = environment.get("command")
    if isinstance(first, list) and len(first) > 1:
        found.append(("reproduce_first", ["fcnet", *map(str, first[1:])]))
    return [(key, shlex.join(line)) for key, line in found]


def solutions(stages: Sequence[Mapping[str, Any]], words: Words) -> tuple[list[str], Rows]:
    """Return what was solved in closed form: a header, and a row for each problem, with seconds by part."""
    names = ["stage", "units", "rank", "condition", "ridge", "precision", "nonzeros"]
    names = [name for name in names if any(facts.get(name) is not None for facts in stages)]
    parts = [key for key in dict.fromkeys(key for facts in stages for key in facts) if key.endswith("_s")]
    header = [words(f"fact_{name}") for name in names]
    header += [f"{words(f'part_{key[:-2]}')} ({words('seconds', n='').strip()})" for key in parts if key in _PARTS]
    keys = [*names, *(key for key in parts if key in _PARTS)]
    return header, [[_number(facts.get(key), words) for key in keys] for facts in stages]


_PARTS = ("map_s", "gram_s", "solve_s")


def _number(value: Any, words: Words) -> str:
    if value is None:
        return words("dash")
    return f"{value:.4g}" if isinstance(value, float) else str(value)
