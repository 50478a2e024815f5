"""One run as a row: what it is, how far it came, how good it is, and how it ended.

Reads config.yaml, result.json and, of a run without a result, the end of metrics.jsonl and the record of who trains it.
What is missing or damaged is said in the row, so that one broken run does not hide the others.
"""

import json
import math
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from fcnet import families
from fcnet.errors import ConfigError, ResourceError
from fcnet.results import settings as reading
from fcnet.results.settings import Settings
from fcnet.rundir import find
from fcnet.schema import DEFAULT_KIND
from fcnet.system import files

# As in ``rundir.own_files`` and ``rundir.lock``, which import torch; a test holds them equal.
RESULT, METRICS, ENVIRONMENT = find.RESULT, "metrics.jsonl", "environment.json"
OWNER = Path(find.CHECKPOINTS) / "owner.json"

SPLITS = ("train", "validation", "test")
SILENT = 300.0  # seconds after whose last sign a run on another host counts as interrupted

# What reading a result or a record that is none may raise; int() of an infinite number is an OverflowError.
_NOT_METRICS = (ValueError, LookupError, TypeError, AttributeError, OverflowError)

_TAIL = 1 << 14  # bytes at the end of a log that are searched for the last finished epoch


@dataclass(frozen=True)
class Scores:
    """The metrics of one split: mean loss, accuracy in [0, 1] (None if nothing is classified), number of images."""

    loss: float
    accuracy: float | None
    n: int


@dataclass(frozen=True)
class Net:
    """What a `model` section describes.

    Attributes:
        kind: its family.
        layers: units of each layer, such as ``784-500-10``; ``?`` if the section is not valid.
        classifies: whether it is a classifier.
        unit: of its loss.
    """

    kind: str
    layers: str = "?"
    classifies: bool = True
    unit: str = "nats"


@dataclass(frozen=True)
class Row:
    """One run.

    Attributes:
        path: its run directory.
        name: how the list names it.
        settings: of its config, by dotted keys; none if they cannot be read.
        net: what its model is; None if unknown.
        ended: finished, early (stopped by validation), stopped, diverged, failed, running, interrupted or damaged.
        why: the reason, or where it runs.
        epoch: epochs done.
        seconds: of the training.
        last: metrics by split, after the last epoch.
        best: the same of the best epoch by validation; None without one.
        best_epoch: that epoch.
    """

    path: Path
    name: str
    settings: Settings = field(default_factory=dict)
    net: Net | None = None
    ended: str = "damaged"
    why: str = ""
    epoch: int | None = None
    seconds: float | None = None
    last: Mapping[str, Scores] = field(default_factory=dict)
    best: Mapping[str, Scores] | None = None
    best_epoch: int | None = None

    @property
    def seed(self) -> int | None:
        """Return its seed."""
        return self.settings.get("seed")

    @property
    def epochs(self) -> int | None:
        """Return the epochs that its config asks for; None of a solution in closed form."""
        return self.settings.get("train.epochs")

    @property
    def complete(self) -> bool:
        """Return whether the training came to its end, by itself or by validation."""
        return self.ended in ("finished", "early")

    def scores(self, split: str, weights: str = "best") -> Scores | None:
        """Return the metrics of a split for the best weights, or for the last ones if asked for or if none are best."""
        chosen = self.best if weights == "best" and self.best is not None else self.last
        return chosen.get(split)


def of(run: Path, name: str) -> Row:
    """Return a run as a row; whatever is wrong with it is in the row."""
    try:
        settings = reading.read(run / find.CONFIG)
    except (ConfigError, ResourceError) as error:
        return Row(run, name, why=error.problems[0].removeprefix(f"{run}{os.sep}"))
    model = {key: value for key, value in settings.items() if key.startswith("model.")}
    known: dict[str, Any] = {"path": run, "name": name, "settings": settings}
    classes = settings.get("data.classes")
    n = len(classes) if isinstance(classes, list) else 0
    known["net"] = _net(json.dumps(model, sort_keys=True), str(settings.get("data.image_size")), n)
    try:
        return Row(**known, **_finished(files.read_json(run / RESULT)))
    except FileNotFoundError:
        return Row(**known, **_unfinished(run))
    except _NOT_METRICS:
        return Row(**known, why=f"{RESULT}: is damaged")
    except OSError as error:
        return Row(**known, why=f"{RESULT}: {error.strerror}")


@lru_cache(1 << 12)
def _net(model: str, size: str, classes: int) -> Net:
    """Return what a `model` section describes, from its keys as JSON, the images' size, and the number of classes."""
    section = reading.nested(json.loads(model), "model")
    kind = str(section.get("kind", DEFAULT_KIND))
    family = next((one for one in families.FAMILIES if families.kind_of(one) == kind), None)
    if family is None:
        return Net(kind)
    try:
        spec = family.spec.model_validate(section)
        height, width = json.loads(size)
        layers = "-".join(spec.layer_sizes((height, width), classes))
    except (ValueError, TypeError):  # a config that was changed by hand: the list still shows the rest
        return Net(kind, classifies=family.spec.classifies)
    return Net(kind, layers, spec.classifies, spec.unit)


def _finished(result: dict[str, Any]) -> dict[str, Any]:
    """Return what a result tells. Raises ValueError, LookupError or TypeError if it is not one."""
    ended, best = str(result["ended"]), result.get("best")
    facts, early = result.get("diverged", {}), result.get("early_stop")
    if ended == "finished" and early is not None:
        ended = "early"
    why = {
        "early": early and f"no gain since epoch {early['last_gain']}",
        "stopped": result.get("signal"),
        "failed": result.get("error"),
        "diverged": ", ".join(f"{key} {facts[key]}" for key in ("epoch", "step") if key in facts),
    }.get(ended)
    return {
        "ended": ended,
        "why": str(why or ""),
        "epoch": result.get("epoch"),
        "seconds": _number(result["seconds"]),
        "last": _splits(result),
        "best": None if best is None else _splits(best),
        "best_epoch": None if best is None else int(best["epoch"]),
    }


def _splits(metrics: Mapping[str, Any]) -> dict[str, Scores]:
    return {name: _scores(metrics[name]) for name in SPLITS if metrics.get(name) is not None}


def _scores(metrics: Mapping[str, Any]) -> Scores:
    accuracy = metrics.get("accuracy")
    return Scores(_number(metrics["loss"]), None if accuracy is None else _number(accuracy), int(metrics["n"]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r}: is not a number")
    return float(value)


def _unfinished(run: Path) -> dict[str, Any]:
    """Return what is known of a run without a result: whether it runs, and its last finished epoch."""
    epoch = _last_epoch(run / METRICS)
    found: dict[str, Any] = {}
    if epoch is not None:
        found = {"epoch": epoch["epoch"], "last": _splits(epoch)}
    try:
        owner = files.read_json(run / OWNER)
        age = time.time() - os.stat(run / OWNER).st_mtime
    except (OSError, ValueError):
        return found | {"ended": "interrupted", "why": "has no result, and nobody trains it"}
    host, seen = owner.get("host"), owner.get("heartbeat")
    if _runs(owner, age):
        return found | {"ended": "running", "why": f"on {host}, last seen {seen}"}
    return found | {"ended": "interrupted", "why": f"on {host}, last seen {seen}"}


def _runs(owner: dict[str, Any], age: float) -> bool:
    """Return whether the process that holds a run still exists; of another host, whether it was seen lately."""
    pid = owner.get("pid")
    if owner.get("host") != socket.gethostname() or os.name != "posix" or not isinstance(pid, int) or pid <= 0:
        return age < SILENT
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def _last_epoch(path: Path) -> dict[str, Any] | None:
    """Return the last record of an epoch in a log; None if there is none near its end."""
    if not path.is_file():  # a pipe would block
        return None
    try:
        with path.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        try:
            record = json.loads(line)
            if record["kind"] == "epoch":
                _splits(record)
                return {**record, "epoch": int(record["epoch"])}
        except (*_NOT_METRICS, RecursionError):
            continue  # cut off at the start of the tail, or being written
    return None
