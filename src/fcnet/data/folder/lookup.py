"""Find the file of a folder that is meant by a name in a table."""

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from fcnet.data.folder.entries import Entries, dead_link, stat_row

Found = tuple[str, tuple[int, int, int]]  # the file's own name, and what the file system reports about it


class Lookup:
    """Finds files by their names, even if these are spelt differently.

    Args:
        folder: folder of the images.
        found: its contents.
        table: the file that contains the names.

    Attributes:
        ways: how names had to be read, and how many of them.
    """

    def __init__(self, folder: Path, found: Entries, table: Path) -> None:
        self._folder, self._found, self._table = folder, found, table
        self._rows = {name: i for i, name in enumerate(found.names)}
        self._root = os.path.abspath(folder)
        self.ways: Counter[str] = Counter()

    def known(self) -> frozenset[str]:
        """Return the names of the images, with and without their suffix."""
        return frozenset(self._rows).union(self._stems)

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for name in self._found.names:
            stems.setdefault(os.path.splitext(name)[0], []).append(name)
        return stems

    @cached_property
    def _numbers(self) -> dict[int, list[str]]:
        """The images by their numbers, if all have one."""
        if not all(stem.isascii() and stem.isdecimal() and len(stem) < 19 for stem in self._stems):
            return {}
        numbers: dict[int, list[str]] = {}
        for stem, names in self._stems.items():
            numbers.setdefault(int(stem), []).extend(names)
        return numbers

    def find(self, name: str) -> Found:
        """Return the file that a name stands for. Raises ValueError, with what is wrong, if there is none."""
        if name in self._rows:
            return self._row(name)
        problem = None
        for way, other in ((None, name), *self._ways(name)):
            if other in self._rows:
                self._count(way)
                return self._row(other)
            try:
                found = os.stat(self._folder / other)
            except PermissionError:
                problem = problem or "permission denied; make it readable"
            except (OSError, ValueError):  # it does not exist, or cannot
                continue
            else:
                if stat.S_ISREG(found.st_mode):  # reading a pipe would wait forever
                    self._count(way)
                    return other, stat_row(found)
                problem = problem or "is not a file (but a folder, a pipe or a device); correct the path"
        raise ValueError(problem or self._absent(name))

    def key(self, name: str) -> str:
        """Return a name that is the same for all spellings of a path, relative to the folder if the file is in it."""
        if os.sep not in name and "/" not in name:
            return name
        path = os.path.normpath(os.path.join(self._root, name))
        return path.removeprefix(self._root + os.sep)

    def _row(self, name: str) -> Found:
        size, modified, changed = self._found.stats[self._rows[name]].tolist()
        return name, (size, modified, changed)

    def _count(self, way: str | None) -> None:
        if way is not None:
            self.ways[way] += 1

    def _ways(self, name: str) -> Iterator[tuple[str | None, str]]:
        """Yield other spellings of a name, each after what to report about it."""
        same = (
            self._stems.get(name) or (name.isascii() and name.isdecimal() and self._numbers.get(int(name[:18]))) or []
        )
        if len(same) == 1:
            yield "have no suffix", same[0]
        plain = name.replace("\\", "/")
        if plain != name:
            yield "have \\ instead of /", plain
        if not plain.isascii():  # macOS decomposes accents, others do not: both look the same
            yield None, unicodedata.normalize("NFC", plain)
            yield None, unicodedata.normalize("NFD", plain)
            yield None, self._step_by_step(plain)

    def _step_by_step(self, name: str) -> str:
        """Return a path with each part spelt as on disk."""
        path = ""
        for part in name.split("/"):
            forms = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
            steps = (os.path.join(path, form) for form in forms)
            path = next((step for step in steps if os.path.lexists(self._folder / step)), os.path.join(path, part))
        return path

    def _absent(self, name: str) -> str:
        """Return why there is no such file, and what to do."""
        if (link := dead_link(self._folder / name)) is not None:
            return link.partition(": ")[2]
        if "\n" in name:
            return "there is no such file: a quote opens here and is closed on a later line; fix the line"
        if len(self._stems.get(name, [])) > 1:
            return f"could be {' or '.join(sorted(self._stems[name])[:2])}; write the suffix too"
        for base in (self._table.parent, Path()):
            if (base / name).is_file():
                return f"there is no such file; paths are relative to `images`: give images: {base}"
        if name.isascii() and name.isdecimal() and self._numbers:
            return f"no image has this number: they run from {min(self._numbers)} to {max(self._numbers)}"
        last = name.replace("\\", "/").rpartition("/")[2]
        near = [last] if last in self._rows else self._nearly.get(os.path.splitext(last)[0].casefold(), [])
        return f"there is no such file; {f'there is {near[0]}: ' if near else ''}correct the path"

    @cached_property
    def _nearly(self) -> dict[str, list[str]]:
        """The images by their stems in lower case."""
        found: dict[str, list[str]] = {}
        for stem, names in self._stems.items():
            found.setdefault(stem.casefold(), []).extend(names)
        return found
