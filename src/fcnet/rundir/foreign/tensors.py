"""Files of safetensors: the length of a header, a header in JSON, then the numbers of all tensors.

The header is checked here before the library reads the rest: what it describes has to be in the file, each name once.
A header may contain words for people and programs (``__metadata__``); ``fcnet export`` writes the config there.
"""

import json
import re
import struct
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from fcnet.errors import CheckpointError
from fcnet.system import extras, files
from fcnet.system.files import from_os_error
from fcnet.system.text import natural

SUFFIX = ".safetensors"
METADATA = "__metadata__"
CONFIG, CLASSES = "config", "classes"  # in the metadata that fcnet writes: YAML, and a list in JSON

MAX_HEADER = 16 << 20  # bytes; that of a net has a few hundred, and its config a few thousand

_NUMBER = re.compile(r"\d+")
_LENGTH = 8  # bytes of the header's length


class _Damaged(ValueError):
    """What is wrong with a file, in words."""


def is_one(file: BinaryIO) -> bool:
    """Return whether an open file begins as one of safetensors: with the length of a header that it has room for."""
    head = file.read(_LENGTH + 1)
    size = file.seek(0, 2)
    file.seek(0)
    return head[_LENGTH:] == b"{" and struct.unpack("<Q", head[:_LENGTH])[0] <= size - _LENGTH


def read(file: BinaryIO, path: Path) -> dict[str, Tensor]:
    """Return the tensors of an open file, by name.

    Raises:
        CheckpointError: it is damaged, truncated, or not what it claims to be.
        ConfigError: the library is not installed.
    """
    with extras.needed(str(path), "export"):
        import safetensors.torch
    header = _header(file, path)
    header.pop(METADATA, None)
    file.seek(0)
    try:
        found = safetensors.torch.load(file.read())
    except (ValueError, TypeError, LookupError, RuntimeError, OverflowError, safetensors.SafetensorError) as error:
        raise _error(path, " ".join(str(error).split())[:200] or type(error).__name__) from None
    return {name: found[name] for name in _in_layer_order({name: found[name] for name in header})}


def _in_layer_order(state: dict[str, Tensor]) -> list[str]:
    """Return names in the order of layers, weights before biases, if that is certain; else in that of the file.

    The format sorts tensors by their names. Layers that have numbers, or weights of different shapes, can be put in
    order again.
    """
    layers = [name.rpartition(".")[0] for name in state]
    shapes = [tensor.shape for name, tensor in state.items() if name.endswith(".weight")]
    numbered = len({_NUMBER.sub("", layer) for layer in layers}) == 1
    if not numbered and len(set(shapes)) < len(shapes):
        return [*state]
    return sorted(state, key=lambda name: (natural(name.rpartition(".")[0]), not name.endswith(".weight"), name))


def config_of(path: Path) -> str | None:
    """Return the config that a file brings, as YAML that nobody has checked; None if it brings none.

    Raises:
        CheckpointError: it is a damaged file of safetensors.
        ResourceError: it cannot be read.
    """
    if not files.is_file(path):
        return None
    try:
        with path.open("rb") as file:
            return _header(file, path)[METADATA].get(CONFIG) if is_one(file) else None
    except KeyError:
        return None
    except OSError as error:
        raise from_os_error(error) from None


def metadata_of(path: Path) -> dict[str, str]:
    """Return the metadata of a file; none if it is not one of safetensors, or cannot be read."""
    try:
        with path.open("rb") as file:
            found: dict[str, str] = _header(file, path).get(METADATA, {})
            return found
    except (OSError, CheckpointError):
        return {}


def _header(file: BinaryIO, path: Path) -> dict[str, Any]:
    """Return what an open file says about its tensors. Raises CheckpointError."""
    file.seek(0)
    try:
        return _checked(file)
    except _Damaged as error:
        raise _error(path, str(error)) from None
    except (ValueError, RecursionError):  # of the JSON, or of its characters
        raise _error(path, "its header is not JSON") from None


def _checked(file: BinaryIO) -> dict[str, Any]:
    head = file.read(_LENGTH)
    if len(head) < _LENGTH:
        raise _Damaged(f"it has only {len(head)} bytes")
    length = struct.unpack("<Q", head)[0]
    size = file.seek(0, 2) - _LENGTH
    if length > min(size, MAX_HEADER):
        most = f"fcnet reads {MAX_HEADER:,}" if size > MAX_HEADER else f"the file has {size:,} more"
        raise _Damaged(f"its header should have {length:,} bytes, and {most}")
    file.seek(_LENGTH)
    header = json.loads(file.read(length), object_pairs_hook=_each_once)
    if not isinstance(header, dict):
        raise _Damaged("its header is not a JSON object")
    words = header.get(METADATA, {})
    if not (isinstance(words, dict) and all(isinstance(word, str) for word in words.values())):
        raise _Damaged("its metadata are not words by name")
    return header


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object as a dict. Raises _Damaged if a name is there twice: readers differ in which counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Damaged(f"the name {twice[:100]!r} is there twice")
    return found


def _error(path: Path, problem: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: is not a safetensors file, or is damaged or truncated ({problem}); restore it from a copy"
    )
