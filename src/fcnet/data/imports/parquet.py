"""Tables of pictures in Parquet and Arrow files, as Hugging Face has them: a column of image files, one of labels."""

from pathlib import Path
from typing import Any

from fcnet.data.cache.store import Progress
from fcnet.data.folder import columns
from fcnet.data.images import decode
from fcnet.data.imports.parts import Part, checked, split_of
from fcnet.errors import ConfigError, DataError
from fcnet.system.text import few, listed

_REPORTED = 1000  # images between two reports of progress

_IMAGES = ("image", "images", "img", "picture", "bytes")


def read(path: Path, kind: str, progress: Progress) -> Part:
    """Return the images and the labels in a file.

    Args:
        path: the file.
        kind: ``parquet``, ``arrow`` or ``arrow stream``.
        progress: called with the number of images that are checked.

    Raises:
        ConfigError: pyarrow, which reads it, is not installed.
        DataError: it is damaged, or has no column of images.
    """
    table = _table(path, kind)
    try:
        names = table.column_names
        column = next((name for name in names if name.lower() in _IMAGES), None)
        if column is None:
            raise DataError(f"{path}: has the columns {few(names, 8)} and none named image; rename that of the images")
        images = _images(path, column, table.column(column).combine_chunks(), progress)
        return Part(path, images, _labels(path, table, column), split_of(path.name))
    except UnicodeDecodeError as error:  # raised when texts are converted, not when they are read
        raise DataError(f"{path}: holds text that is not UTF-8 ({error.reason}); save it as UTF-8") from None


def _table(path: Path, kind: str) -> Any:
    try:
        import pyarrow  # imported here: it is large, and few need it
        import pyarrow.parquet
    except ImportError:
        raise ConfigError(f"{path}: is read by pyarrow, which is not installed; pip install pyarrow") from None
    try:
        if kind == "parquet":
            return pyarrow.parquet.read_table(path)
        with pyarrow.OSFile(str(path)) as file:
            opened = pyarrow.ipc.open_stream if kind == "arrow stream" else pyarrow.ipc.open_file
            return opened(file).read_all()
    except (pyarrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(f"{path}: cannot be read ({reason}); it is cut off or damaged; get it again") from None


def _images(path: Path, column: str, found: Any, progress: Progress) -> list[bytes]:
    """Return the files of images: PNG and JPEG as they are. Raises DataError if one is missing or no such image."""
    import pyarrow
    import pyarrow.compute

    if pyarrow.types.is_struct(found.type) and found.type.get_field_index("bytes") >= 0:
        found = pyarrow.compute.struct_field(found, "bytes")
    if not (pyarrow.types.is_binary(found.type) or pyarrow.types.is_large_binary(found.type)):
        raise DataError(f"{path}: column {column} holds {found.type}; image files as bytes are expected")
    images = found.to_pylist()
    if not images:
        raise DataError(f"{path}: has no rows; give a file with images")
    problems = []
    for i, one in enumerate(images):
        if problem := _no_image(one):
            problems.append(f"{path}: row {i}: {problem}")
        if i % _REPORTED == 0:
            progress(f"reading {path}", i, len(images))
    if problems:
        raise DataError(*listed(problems, f"{path}: images that cannot be used"))
    progress(f"reading {path}", len(images), len(images))
    return list(images)


def _no_image(data: bytes | None) -> str | None:
    """Return what is wrong with an image file; None if it can be written as it is."""
    if not data:
        return "the image is missing; remove the row, or give its bytes (only a path is not enough)"
    if not data.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return "the image is neither PNG nor JPEG; save it as PNG"
    try:
        decode.size_of(data)
    except ValueError as error:
        return f"the image cannot be read ({error}); replace it, or remove the row"
    return None


def _labels(path: Path, table: Any, images: str) -> list[str] | None:
    """Return the column of labels; None if no column is named as one."""
    found = [name for name in table.column_names if columns.is_heading(name) and name != images]
    if "label" in found:
        found = ["label"]
    if len(found) > 1:
        raise DataError(f"{path}: the columns {few(found, 4)} could each be the labels; rename the right one to label")
    if not found:
        return None
    values = table.column(found[0]).to_pylist()
    return checked(f"{path}: column {found[0]}", ["" if value is None else str(value) for value in values])
