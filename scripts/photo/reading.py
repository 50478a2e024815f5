"""Read pictures through the command line, as a user does.

Imported by scripts/photos.py; does nothing by itself.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.running import Done, FailedError, launch, shown

Answer = dict[str, Any]

LONGEST = 20_000  # characters of a command line; Windows takes 32,767


@dataclass
class Reader:
    """A run, and the command that reads pictures with it."""

    command: Sequence[str]
    run: Path
    seconds: float = field(default=0.0, init=False)  # that it has taken in all

    def read(self, pictures: Path | Sequence[Path], parts: int = 1) -> dict[str, Answer]:
        """Read a folder of pictures, or files; return the answers by the last parts of paths. Raises FailedError."""
        groups = [[pictures]] if isinstance(pictures, Path) else chunks(pictures)
        rows: list[Answer] = [row for group in groups for row in self._ask("predictions", *group)]
        return {"/".join(Path(row["file"]).parts[-parts:]): row for row in rows}

    def find(self, picture: Path) -> Answer:
        """Find the digits of a page. Raises FailedError."""
        return self._ask("pages", picture, "--find")[0]

    def _ask(self, key: str, *words: object) -> list[Answer]:
        started = time.perf_counter()
        done = launch(*self.command, "predict", self.run, *words, "--json")
        self.seconds += time.perf_counter() - started
        return rows_of(done, key)


def rows_of(done: Done, key: str) -> list[Answer]:
    """Return the list under a key of the object that a command printed. Raises FailedError if there is none."""
    text = "\n".join(line for _, line in done.lines)
    try:
        rows: list[Answer] = json.loads(text)[key]
    except (ValueError, KeyError, TypeError) as error:
        raise FailedError(f"no JSON object with {key}, but: {shown(text[:200])}") from error
    return rows


def chunks(files: Sequence[Path], longest: int = LONGEST) -> list[list[Path]]:
    """Divide files into groups whose names fit on a command line."""
    groups: list[list[Path]] = []
    length = longest
    for file in files:
        length += len(str(file)) + 1
        if length > longest:
            groups.append([])
            length = len(str(file)) + 1
        groups[-1].append(file)
    return groups
