"""What users see while a sweep runs: a line for each run that ends, with how many are left."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fcnet.cli.words import warn
from fcnet.system import streams
from fcnet.system.text import duration, few

if TYPE_CHECKING:
    from fcnet.sweep.begin import Begun
    from fcnet.sweep.disk.folder import Folder
    from fcnet.sweep.work.slots import Slot


LOOK = 5.0  # seconds between two looks at all runs


class SweepConsole:
    """Shows the events of workers.

    Args:
        folder: the sweep.
    """

    def __init__(self, folder: "Folder") -> None:
        self._folder = folder
        self._began, self._ended = 0.0, 0  # when the first run began, and how many have ended since
        self._over: set[str] = set()
        self._looked = 0.0  # when all runs were looked at, those of other hosts too

    def begin(self, begun: "Begun", slots: Sequence["Slot"]) -> None:
        """Say what is trained, by how many workers."""
        if begun.left:
            streams.tell(sys.stderr, f"sweep: not in the plan any more, and left as they are: {few(begun.left, 3)}")
        if begun.together:
            streams.tell(sys.stderr, f"sweep: {begun.together}")
        home = self._folder.home
        if home is not None and not home.is_dir():
            here = f"{home}, which does not exist here; relative paths of its config begin in the current folder"
            warn(f"{self._folder.path}: was begun in {here}")
        many = f"{len(slots)} workers ({slots[0]} each)" if len(slots) > 1 else f"1 worker ({slots[0]})"
        streams.tell(sys.stderr, f"sweep: {self._folder.path}, {many}")

    def tell(self, event: dict[str, Any]) -> None:
        """Show an event."""
        run = event.get("run", "")
        match event["event"]:
            case "began":
                self._began = self._began or time.monotonic()
            case "ended" if event["how"] == "finished":
                self._count(run)
                streams.tell(sys.stdout, f"{run}: {_metric(event)}{event['seconds']:.1f} s{self._rest()}")
            case "ended":
                self._count(run)
                why = event["why"]
                streams.tell(sys.stdout, f"{run}: {event['how']}{f': {why}' if why else ''}{self._rest()}")
            case "failed":
                warn(f"{run}: failed, and will be tried again: {event['why']}")
            case "left":
                warn(event["why"])
            case "died":
                text = f"worker {event['worker']} ended without a word (exit code {event['code']}); see {event['log']}"
                warn(text)
            case "memory":
                text = f"memory ran out; going on with {event['left']} worker{'s' * (event['left'] > 1)} on it"
                warn(text)

    def _count(self, run: str) -> None:
        self._ended += 1
        self._over.add(run)

    def _rest(self) -> str:
        """Return how many runs of how many have ended, and how long the others may take."""
        entries = self._folder.entries()
        search = self._folder.settings.search
        total = len(entries) if search is None else search.trials
        if time.monotonic() - self._looked > LOOK:
            left = [entry.name for entry in entries if entry.name not in self._over]
            self._over |= {name for name in left if self._folder.ended(name)}
            self._looked = time.monotonic()
        over = len(self._over)
        if over >= total or not self._ended:
            return f" ({over} of {total})"
        rest = (time.monotonic() - self._began) / self._ended * (total - over)
        return f" ({over} of {total}, about {duration(rest)} left)"


def _metric(event: dict[str, Any]) -> str:
    """Return the metric of a run's test images, else of its training images."""
    found = event | (event.get("best") or {})  # the weights that other commands take
    for name in ("test", "validation", "train"):
        metrics = found.get(name)
        if isinstance(metrics, dict):
            if metrics.get("accuracy") is not None:
                return f"{name} {100 * metrics['accuracy']:.2f} %, "
            return f"{name} loss {metrics['loss']:.4f}, "
    return ""
