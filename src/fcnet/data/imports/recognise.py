"""What files are, by their content: each is read by the module of its format, or refused as what it is."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from fcnet.config.data import SOURCE_SPLITS
from fcnet.data.cache.store import Progress
from fcnet.data.folder import entries
from fcnet.data.images import forms
from fcnet.data.images.forms import Kind
from fcnet.data.imports import arrays, idx, parquet, tables
from fcnet.data.imports.parts import Part, Tell
from fcnet.errors import ConfigError, DataError
from fcnet.system import files, paths
from fcnet.system.text import few

_UNPACK = "unpack it first, and import what is in it"
_FORMATS = "CSV tables of pixels, idx, .npz, .npy, Parquet and Arrow files are imported"


def matching(words: Sequence[Path]) -> list[Path]:
    """Return the files and folders that exist, and those of patterns. Raises ConfigError if one does not exist."""
    return [path for word in words for path in _matching(word)]


def gather(given: Sequence[Path]) -> list[Path]:
    """Return files, those in folders, and the labels beside images with an official name.

    Raises:
        ConfigError: a file is given twice, or labels are missing.
        DataError: a folder holds no files with official names, or several data sets.
    """
    found = [path for one in given for path in (_of_folder(one) if files.is_folder(one) else [one])]
    twice = next((path for i, path in enumerate(found) if path in found[:i]), None)
    if twice is not None:
        raise ConfigError(f"{twice}: is given twice; name it once")
    names = [idx.name_of(path) for path in found]
    if None in names:
        return found
    labelled = {name.set for name in names if name is not None and not name.is_images}
    for path, name in zip(list(found), names, strict=True):
        if name is not None and name.is_images and name.set not in labelled:
            found.append(_labels_beside(path, name.set))
    return found


def _labels_beside(path: Path, name: str) -> Path:
    found = idx.labels_beside(path)
    if found is None:
        raise ConfigError(
            f"{path}: its labels are not beside it ({name}labels-idx1-ubyte, or .gz); name their file, too"
        )
    return found


def _matching(path: Path) -> list[Path]:
    """Return a path that exists, or the files of a pattern, which not every shell expands. Raises ConfigError."""
    if files.look(path) is not None:
        return [path]
    if glob.has_magic(str(path)):
        found = sorted(glob.glob(paths.pattern(str(path))))
        problem = "no file matches this pattern"
    else:
        found, problem = [], files.absent(path)
    if not found:
        raise ConfigError(f"{path}: {problem}; looked in {Path.cwd()}; name the files to import")
    return [Path(one) for one in found]


def _of_folder(folder: Path) -> list[Path]:
    found = idx.in_folder(folder)
    if not found:
        if entries.first_image(folder) is not None:
            raise DataError(f"{folder}: is an image folder already; name it in a config: train: {{images: {folder}}}")
        inside = few(sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")), 4) or "nothing"
        raise DataError(
            f"{folder}: holds no idx files with official names, such as train-images-idx3-ubyte ({inside}); name the"
            " files themselves"
        )
    images = [path.name for path in found if (name := idx.name_of(path)) is not None and name.is_images]
    if len(images) > len(SOURCE_SPLITS):
        raise DataError(f"{folder}: holds several data sets ({few(images, 4)}); name the files of one")
    return found


def read(path: Path, progress: Progress, tell: Tell) -> Iterator[Part]:
    """Yield what a file holds. Raises DataError if it is in none of the formats, or damaged."""
    kind = _kind(path)
    match kind:
        case "npy":
            yield from arrays.read_npy(path, tell)
        case "npz":
            yield from arrays.read_npz(path, tell)
        case "idx":
            yield from idx.read(path, tell)
        case "parquet" | "arrow" | "arrow stream":
            yield parquet.read(path, kind, progress)
        case _:
            yield tables.read(path, progress, tell)


def _kind(path: Path) -> Kind:
    """Return the format of a file; text is a table. Raises DataError if it is in none of the formats."""
    try:
        start = files.read_start(path, forms.START)
    except files.NotReadable as error:
        raise DataError(f"{path}: {error}; name the file to import") from None
    if not start:
        raise DataError(f"{path}: is empty; get it again")
    form = forms.of(start, path.name)
    if form is None:
        return "table"
    if form.kind in ("packed", "unknown") and idx.name_of(path) is not None:  # damaged: its reader says where
        return "idx"
    match form.kind:
        case "image":
            raise DataError(f"{path}: is {form.what} already; name its folder in a config, as `images`")
        case "packed":
            raise DataError(f"{path}: is {form.what}; {_UNPACK}")
        case "other":
            raise DataError(f"{path}: is {form.what}; {form.fix}")
        case "unknown":
            raise DataError(f"{path}: is {form.what}, in no format that fcnet knows; {_FORMATS}")
    return form.kind
