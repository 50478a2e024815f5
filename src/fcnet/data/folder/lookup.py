"""Which file of a folder is meant by a name as it is written in a table."""

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from fcnet.data.folder.entries import Entries, dead_link, stat_row

Found = tuple[str, tuple[int, int, int]]  # the file's own name, and what the file system says of it


class Lookup:
    """Finds files by their names, also where these are written in another way.

    Args:
        folder: of the images.
        found: what lies in it.
        table: the file that the names are written in.

    Attributes:
        told: how names had to be read, and how many of them.
    """

    def __init__(self, folder: Path, found: Entries, table: Path) -> None:
        self._folder, self._found, self._table = folder, found, table
        self._rows = {name: i for i, name in enumerate(found.names)}
        self._root = os.path.abspath(folder)
        self.told: Counter[str] = Counter()

    def known(self) -> frozenset[str]:
        """The names of the images, with and without their suffix."""
        return frozenset(self._rows).union(self._stems)

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for name in self._found.names:
            stems.setdefault(os.path.splitext(name)[0], []).append(name)
        return stems

    @cached_property
    def _numbers(self) -> dict[int, list[str]]:
        """The images by their numbers, where all have one."""
        if not all(stem.isascii() and stem.isdecimal() and len(stem) < 19 for stem in self._stems):
            return {}
        numbers: dict[int, list[str]] = {}
        for stem, names in self._stems.items():
            numbers.setdefault(int(stem), []).extend(names)
        return numbers

    def find(self, name: str) -> Found:
        """The file that a name stands for. Raises ValueError, with what is wrong, where there is none."""
        if name in self._rows:
            return self._row(name)
        problem = None
        for way, other in ((None, name), *self._ways(name)):
            if other in self._rows:
                self._tell(way)
                return self._row(other)
            try:
                found = os.stat(self._folder / other)
            except PermissionError:
                problem = problem or "permission denied; make it readable"
            except (OSError, ValueError):  # it is not there, or cannot be
                continue
            else:
                if stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
                    self._tell(way)
                    return other, stat_row(found)
                problem = problem or "is no file (a folder, a pipe or a device); mend the path"
        raise ValueError(problem or self._absent(name))

    def key(self, name: str) -> str:
        """A name that is the same for all ways to write a path, relative to the folder where the file is in it."""
        if os.sep not in name and "/" not in name:
            return name
        path = os.path.normpath(os.path.join(self._root, name))
        return path.removeprefix(self._root + os.sep)

    def _row(self, name: str) -> Found:
        size, modified, changed = self._found.stats[self._rows[name]].tolist()
        return name, (size, modified, changed)

    def _tell(self, way: str | None) -> None:
        if way is not None:
            self.told[way] += 1

    def _ways(self, name: str) -> Iterator[tuple[str | None, str]]:
        """Other ways to write a name, and what to say of them."""
        same = (
            self._stems.get(name) or (name.isascii() and name.isdecimal() and self._numbers.get(int(name[:18]))) or []
        )
        if len(same) == 1:
            yield "have no suffix", same[0]
        plain = name.replace("\\", "/")
        if plain != name:
            yield "have \\ in place of /", plain
        if not plain.isascii():  # macOS takes accents apart, others do not: the eye sees no difference
            yield None, unicodedata.normalize("NFC", plain)
            yield None, unicodedata.normalize("NFD", plain)
            yield None, self._step_by_step(plain)

    def _step_by_step(self, name: str) -> str:
        """A path each part of which is spelt as the folder has it."""
        path = ""
        for part in name.split("/"):
            forms = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
            steps = (os.path.join(path, form) for form in forms)
            path = next((step for step in steps if os.path.lexists(self._folder / step)), os.path.join(path, part))
        return path

    def _absent(self, name: str) -> str:
        """Why there is no such file, and what to do."""
        if (link := dead_link(self._folder / name)) is not None:
            return link.partition(": ")[2]
        if "\n" in name:
            return "there is no such file: a quote opens here and is closed lines below; mend the line"
        if len(self._stems.get(name, [])) > 1:
            return f"could be {' or '.join(sorted(self._stems[name])[:2])}; write the suffix too"
        for base in (self._table.parent, Path()):
            if (base / name).is_file():
                return f"there is no such file; paths are relative to `images`: give images: {base}"
        if name.isascii() and name.isdecimal() and self._numbers:
            return f"no image has this number: they run from {min(self._numbers)} to {max(self._numbers)}"
        last = name.replace("\\", "/").rpartition("/")[2]
        near = [last] if last in self._rows else self._nearly.get(os.path.splitext(last)[0].casefold(), [])
        return f"there is no such file; {f'there is {near[0]}: ' if near else ''}mend the path"

    @cached_property
    def _nearly(self) -> dict[str, list[str]]:
        """The images by their stems in small letters."""
        found: dict[str, list[str]] = {}
        for stem, names in self._stems.items():
            found.setdefault(stem.casefold(), []).extend(names)
        return found
