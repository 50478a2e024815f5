"""NumPy's files: arrays with names (.npz) and without (.npy). Pickled objects are never loaded."""

import errno
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcnet.data.imports.parts import Part, Tell, is_one_hot, labels_of, pixels_of, split_of
from fcnet.errors import DataError
from fcnet.system.text import few

_IMAGES = ("x", "image", "images", "img", "imgs", "data", "pixels", "arr0")
_LABELS = ("y", "label", "labels", "target", "targets", "class", "classes", "arr1")

# What NumPy raises for damaged files.
_DAMAGE = (
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    SyntaxError,
    RuntimeError,
    OverflowError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npy(path: Path, tell: Tell) -> Iterator[Part]:
    """Yield the images or the labels in an array. Raises DataError if it holds neither."""
    with open(path, "rb") as file:
        yield _either(path, np.asarray(_load(path, path, lambda: np.load(file, allow_pickle=False))), tell)


def read_npz(path: Path, tell: Tell) -> Iterator[Part]:
    """Yield the images and the labels among named arrays. Raises DataError if there are none."""
    with open(path, "rb") as file, _load(path, path, lambda: np.load(file, allow_pickle=False)) as found:
        arrays = _Lazily(path, found)
        if len(found.files) == 1:
            yield _either(path, arrays[found.files[0]], tell)
            return
        roles = {name: _role(name) for name in found.files}
        others = [name for name, role in roles.items() if role is None]
        if "images" not in roles.values():
            raise DataError(
                f"{path}: has the arrays {few(found.files, 8)}; expected are x_train, y_train, x_test, y_test, or x and"
                " y, images and labels, data and target; save it with these names"
            )
        if others:
            tell(f"{path}: only images and labels are read, and not {few(others, 8)}")
        for name, role in roles.items():
            where, split = f"{path}: {name}", split_of(name) or split_of(path.name)
            if role == "images":
                yield Part(path, pixels_of(where, arrays[name], tell), None, split, name)
            elif role == "labels":
                yield Part(path, None, labels_of(where, arrays[name]), split, name)


class _Lazily(dict[str, NDArray[Any]]):
    """The arrays of a file, each read when it is asked for."""

    def __init__(self, path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._path, self._arrays = path, arrays

    def __missing__(self, name: str) -> NDArray[Any]:
        return np.asarray(_load(self._path, f"{self._path}: {name}", lambda: self._arrays[name]))


def _load(path: Path, where: object, load: Any) -> Any:
    """Return what ``load`` reads. Raises DataError if that is damaged, or would be unpickled."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about files of Python 2, which are read as well
            return load()
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a place before the beginning of an archive
            raise
        if "allow_pickle" in str(error):
            raise DataError(
                f"{where}: holds Python objects, which may run code when they are opened; save an array of numbers"
            ) from None
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise DataError(f"{path}: cannot be read ({reason}); it is cut off or damaged; get it again") from None


def _role(name: str) -> str | None:
    """Return whether an array holds images or labels, by its name; None if it says neither."""
    bare = re.sub(r"train(ing)?|t10k|test(ing)?|[^a-z0-9]", "", name.lower())
    if bare in _IMAGES:
        return None if "val" in name.lower() else "images"
    return "labels" if bare in _LABELS else None


def _either(path: Path, values: NDArray[Any], tell: Tell) -> Part:
    """Return an array without a name as images or labels, by its shape."""
    split = split_of(path.name)
    if values.ndim < 2 or (values.ndim == 2 and values.shape[1] == 1) or is_one_hot(values):
        return Part(path, None, labels_of(path, values), split)
    return Part(path, pixels_of(path, values, tell), None, split)
