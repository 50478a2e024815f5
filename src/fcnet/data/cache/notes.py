"""What is known about decoded images besides their pixels, in a file with a checksum against flipped bits."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fcnet.data.images.decode import Picture
from fcnet.data.images.grey import Depth
from fcnet.system import files

MAX_BYTES = 1 << 30  # of a file of notes: a million images, each with what is wrong with it, take a fifth of this


@dataclass
class Notes:
    """What was found when the images of a folder were decoded.

    Attributes:
        of: the name of the array that these notes describe.
        sizes: the files' own sizes, such as ``{"28x28": 60000}`` (height x width).
        bad: what is wrong with the images that cannot be decoded, by position.
        frames: how many pictures a file has, by position, if it has several.
        depth: what the 16-bit images hold; None if there are none.
        sha256: fingerprint of the pixels, in order.
    """

    of: str
    sizes: Counter[str] = field(default_factory=Counter)
    bad: dict[int, str] = field(default_factory=dict)
    frames: dict[int, int] = field(default_factory=dict)
    depth: Depth | None = None
    sha256: str = ""

    def see(self, i: int, picture: Picture) -> None:
        """Record image i."""
        self.sizes["x".join(map(str, picture.size))] += 1
        if picture.frames > 1:
            self.frames[i] = picture.frames
        if picture.depth is not None:
            self.depth = picture.depth.with_more(self.depth)

    def dump(self) -> bytes:
        """Return the file of these notes: JSON with a seal, the SHA-256 of everything else."""
        facts: dict[str, Any] = {
            "of": self.of,
            "sizes": dict(self.sizes),
            "bad": {str(i): problem for i, problem in self.bad.items()},
            "frames": {str(i): frames for i, frames in self.frames.items()},
            "depth": None if self.depth is None else [self.depth.peak, self.depth.coloured],
            "sha256": self.sha256,
        }
        seal = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
        return json.dumps(facts | {"seal": seal}).encode()

    @classmethod
    def read(cls, path: Path, of: str, n: int) -> "Notes":
        """Read a file of notes.

        Args:
            path: the file.
            of: the name of the array.
            n: how many images it has.

        Raises:
            OSError: there is none, or it cannot be read.
            ValueError: it is not what was written, or describes another array.
        """
        data = files.read_bytes(path, MAX_BYTES)
        try:
            facts = json.loads(data)
            found = cls(
                of=facts["of"],
                sizes=Counter(facts["sizes"]),
                bad={int(i): problem for i, problem in facts["bad"].items()},
                frames={int(i): frames for i, frames in facts["frames"].items()},
                depth=None if facts["depth"] is None else Depth(*facts["depth"]),
                sha256=facts["sha256"],
            )
            whole = found.dump() == data and of == found.of and found._fits(n)
        except (LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise ValueError(f"{path}: {type(error).__name__}") from None
        if not whole:
            raise ValueError(f"{path}: its seal is broken, or it describes another array")
        return found

    def _fits(self, n: int) -> bool:
        """Return whether these can be the notes of n images."""
        numbers = [*self.sizes.values(), *self.frames.values()]
        texts = [*self.sizes, *self.bad.values()]
        return (
            all(type(number) is int and number > 0 for number in numbers)
            and all(isinstance(text, str) for text in texts)
            and all(0 <= i < n for i in (*self.bad, *self.frames))
            and sum(self.sizes.values()) + len(self.bad) == n
            and (self.depth is None or all(type(one) is int for one in (self.depth.peak, self.depth.coloured)))
        )
