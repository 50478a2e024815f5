"""Sweeps of tiny runs, and workers in the process of the test."""

from pathlib import Path
from typing import Any

import yaml

from fcnet.sweep.begin import Begun, begin
from fcnet.sweep.disk.folder import Folder
from fcnet.sweep.plan import load
from fcnet.sweep.work.worker import Way, Worker
from fcnet.system.signals import Stop

Events = list[dict[str, Any]]


def write_sweep(path: Path, base: Path | dict[str, Any], **keys: Any) -> Path:
    """Write a sweep file whose base is a config, or settings; each run is trained alone, unless ``fuse`` is given."""
    values = {"base": str(base) if isinstance(base, Path) else base, "fuse": "off"} | keys
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def begun(file: Path, out: Path, *words: str) -> Begun:
    """The sweep of a file, in its directory."""
    return begin(out, load.from_file(file, words))


def work(folder: Folder, stop: Stop | None = None, **way: Any) -> Events:
    """Work on a sweep in this process until nothing is left; what was reported."""
    events: Events = []
    Worker(folder, stop or Stop(), lambda event, **facts: events.append({"event": event} | facts), Way(**way)).work()
    return events


def ended(events: Events) -> dict[str, str]:
    """How runs ended, by their names."""
    return {event["run"]: event["how"] for event in events if event["event"] == "ended"}
