"""The record that a training has ended and all its files are there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Finished:
    """A run is finished.

    Attributes:
        run: its directory.
        files: those that it has, relative to the directory; the important ones.
        result: contents of its result.json.
        classifies: whether the model classifies images.
        encodes: whether it has codes of images, as an autoencoder does.
    """

    kind: ClassVar[str] = "finished"

    run: Path
    files: tuple[str, ...]
    result: dict[str, Any]
    classifies: bool
    encodes: bool

    def text(self) -> str:
        """Return the line that names the run and its files."""
        return f"run: {self.run} ({', '.join(self.files)})"
