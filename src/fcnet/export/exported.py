"""What an export has written, for people and programs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcnet.system.text import csv_text


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: the file.
        lines: about it, for people.
        facts: the same for programs.
    """

    path: Path
    lines: Sequence[str]
    facts: dict[str, Any]

    def text(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines)

    def json(self) -> str:
        """Return one JSON object."""
        return json.dumps(self._all(), ensure_ascii=False)

    def csv(self) -> str:
        """Return a header and a row."""
        return csv_text(list(self._all()), [list(self._all().values())])

    def _all(self) -> dict[str, Any]:
        return {"file": str(self.path), **self.facts}
