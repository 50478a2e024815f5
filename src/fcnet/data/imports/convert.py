"""From files to an image folder, and what a config says to use it."""

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data import writing
from fcnet.data.cache.store import Progress
from fcnet.data.folder import labels as label_files
from fcnet.data.folder.listing import is_whole
from fcnet.data.images import decode
from fcnet.data.imports import idx, pairing, recognise
from fcnet.data.imports.parts import Tell, split_of
from fcnet.data.writing import Split
from fcnet.errors import ConfigError, DataError
from fcnet.system import files
from fcnet.system.text import few

ROOT = "data"  # of image folders

_TRAIN, _TEST = SOURCE_SPLITS
_SIZE = (28, 28)  # the default of data.image_size
_PLAIN = re.compile(r"[\w./~-]+")  # a path that needs no quotes in a config


@dataclass(frozen=True)
class Imported:
    """An image folder that was written.

    Attributes:
        root: the folder.
        splits: what is in it.
    """

    root: Path
    splits: Sequence[Split]

    def text(self) -> str:
        """Return a line about what was written, and the line of a config that uses it."""
        written = "; ".join(map(self._described, self.splits))
        used = [split for split in self.splits if split.labels is not None] or self.splits
        keys = [*map(self._key, used), *_size(used[0]), *_classes(used[0])]
        return f"{self.root}: {written}\ndata: {{{', '.join(keys)}}}"

    def _described(self, split: Split) -> str:
        height, width = _size_of(split)
        what = {_TRAIN: "training ", _TEST: "test "}.get(split.name, "")
        images = f"{len(split.images):,} {what}image{_s(len(split.images))} {height}x{width}"
        if split.labels is not None:
            n = len(set(split.labels))
            return f"{images}, {n} class{_s(n, 'es')}"
        use = f"fcnet predict RUN {shlex.quote(str(self.root / split.part('images')))}"
        return f"{images} without labels, for {use}" + (" or an autoencoder" if split.name != _TEST else "")

    def _key(self, split: Split) -> str:
        images, labels = (_quoted(self.root / split.part(kind)) for kind in ("images", "labels.txt"))
        labelled = "" if split.labels is None else f", labels: {labels}"
        return f"{'test' if split.name == _TEST else 'train'}: {{images: {images}{labelled}}}"


def _s(count: int, plural: str = "s") -> str:
    return "" if count == 1 else plural


def _quoted(path: Path) -> str:
    """Return a path as a config writes it."""
    text = str(path)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _size_of(split: Split) -> tuple[int, int]:
    """Return height and width of images, of files those of the first."""
    first = split.images[0]
    return decode.size_of(first) if isinstance(first, bytes) else (first.shape[0], first.shape[1])


def _size(split: Split) -> list[str]:
    size = _size_of(split)
    return [] if size == _SIZE else [f"image_size: [{size[0]}, {size[1]}]"]


def _classes(split: Split) -> list[str]:
    """Return the key that lists classes, if they are numbers that do not count from 0."""
    names = {str(label) for label in split.labels or ()}
    if not names or not all(map(is_whole, names)) or names == {str(i) for i in range(len(names))}:
        return []
    return [f"classes: [{', '.join(sorted(names, key=int))}]"]


def convert(given: Sequence[Path], out: Path | None, progress: Progress, tell: Tell) -> Imported:
    """Write what files hold as an image folder.

    Args:
        given: files, patterns of their names, or folders of idx files.
        out: the folder to write, which may not contain anything yet; ``data/NAME`` by default.
        progress: called with the number of images read and written; what it raises ends the work.
        tell: called with notes about how the files were read.

    Raises:
        ConfigError: files are missing or do not belong together, or the folder is not empty.
        DataError: files are damaged, or in another format; ten problems of each and their number.
    """
    named = recognise.matching(given)
    paths = recognise.gather(named)
    root = out or default_folder(named)
    _check_free(root)
    parts = [part for path in paths for part in recognise.read(path, progress, tell)]
    found = pairing.splits(parts)
    with writing.locked(root, progress):
        _check_free(root)
        writing.write(root, found, progress, _check_labels)
    return Imported(root, found)


def default_folder(given: Sequence[Path]) -> Path:
    """Return ``data/NAME``, where NAME is what the names of the files share without the words of splits."""
    names = [path.resolve().name if files.is_folder(path) else _stem(path) for path in given]
    bare = {re.sub(r"[-_. ]+$|^[-_. ]+", "", name) for name in map(_without_split, names)}
    return Path(ROOT) / (bare.pop() if len(bare) == 1 and bare != {""} else "imported")


def _stem(path: Path) -> str:
    name = idx.name_of(path)
    return path.name.partition(".")[0] if name is None else name.set


def _without_split(name: str) -> str:
    words = re.split(r"[-_. ]", name)
    kept = [word for word in words if split_of(word) is None and word.lower() not in ("x", "y", "images", "labels")]
    cut = next((i for i, word in enumerate(kept) if re.fullmatch(r"\d{5}", word)), len(kept))  # train-00000-of-00001
    return "-".join(kept[:cut])


def _check_free(root: Path) -> None:
    """Raise ConfigError if a folder contains anything but hidden files, or is none."""
    if files.look(root) is None:
        if problem := files.absent(root, ""):
            raise ConfigError(f"--out {root}: {problem}")
        return
    if not files.is_folder(root):
        raise ConfigError(f"--out {root}: is a file; name a folder that does not exist yet")
    inside = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    if inside:
        raise ConfigError(f"{root}: contains {few(inside, 4)} already; name another folder with --out, or remove it")


def _check_labels(folder: Path, split: Split) -> None:
    """Raise DataError if a label file is not read as it was meant: lines of two words may be taken for two columns."""
    if split.labels is None:
        return
    path = folder / split.part("labels.txt")
    images = frozenset(name for i in range(len(split.images)) for name in (f"{i}", f"{i}.png", f"{i}.jpg"))
    wanted = list(map(str, split.labels))
    read = label_files.read(path, lambda: images)
    if read.names is not None or read.values != wanted:
        some = few(sorted(set(wanted)), 3)
        raise DataError(
            f"{path.name}: labels such as {some} would not be read as classes, one on each line; rename the classes"
        )
