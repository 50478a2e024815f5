"""Files of tensors: written whole or not at all, read without running code."""

import io
import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from fcnet.errors import CheckpointError, ConfigError
from fcnet.rundir.foreign import tensors, weights
from fcnet.rundir.foreign.weights import State
from fcnet.system import files
from fcnet.system.files import from_os_error, write_bytes
from fcnet.system.memory import memory

# This variable asks torch to load pickles that run code. fcnet never does that.
UNSAFE = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"

_ZIP = b"PK"  # how the files of torch.save begin

MAX_DEPTH = 10  # of nested lists and dicts; a training's state is four deep

# What torch's reader raises for damaged files.
_DAMAGE = (
    RuntimeError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
)


def most_bytes() -> int:
    """Return how large a file of tensors may be: it is in memory twice while it is read."""
    return memory() // 2


def encode(content: Any) -> bytes:
    """Return tensors, numbers, strings, lists and dicts as bytes; equal content gives equal bytes."""
    buffer = io.BytesIO()  # torch writes the file's name into the file; for a buffer it is always the same
    torch.save(_on_cpu(content), buffer)
    return buffer.getvalue()


def _on_cpu(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _on_cpu(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_on_cpu(value) for value in content]
    return _own(content.detach().cpu()) if isinstance(content, Tensor) else content


def _own(tensor: Tensor) -> Tensor:
    """Return a tensor, copied if it is a part of a larger memory, all of which torch would write."""
    if tensor.layout is not torch.strided:  # its memory cannot be asked for
        return tensor
    return tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()


def decode(data: BinaryIO, path: Path) -> Any:
    """Return the inverse of ``encode``. No code in the bytes is ever run.

    Args:
        data: the bytes, or the open file.
        path: its name in errors.

    Raises:
        CheckpointError: it is damaged, or contains objects that only code could construct; see also ``is_plain``.
        ConfigError: an environment variable asks for loading that runs code.
    """
    if os.environ.get(UNSAFE, "0").lower() not in ("", "0", "n", "no", "false"):
        raise ConfigError(f"{UNSAFE}: is set, and asks for loading that can run code; fcnet refuses that: unset it")
    try:
        # torch.save writes zip files; anything else would go to torch's legacy reader, which has had security holes.
        _check_archive(zipfile.ZipFile(data), path)
        data.seek(0)
        with warnings.catch_warnings(action="ignore"):  # about kinds of tensors that are refused below
            content = torch.load(data, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path}: {weights.pickled(data)}, and loading it could run code; save only the state_dict, with"
            " torch.save(model.state_dict(), PATH)"
        ) from None
    except OSError as error:
        raise from_os_error(error) from None
    except _DAMAGE:
        raise CheckpointError(
            f"{path}: is not a model file, or is damaged or truncated (or was written before torch 1.6); train again,"
            " or restore it from a copy"
        ) from None
    return content


def _check_archive(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse what torch.save never writes: compressed members, whose size is unbounded, and unsafe names."""
    for member in archive.infolist():
        name = PurePosixPath(member.filename)
        is_link = member.external_attr >> 28 == 0o12  # the upper half is the mode of a POSIX file
        if name.is_absolute() or ".." in name.parts or is_link or member.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(
                f"{path}: has a member {member.filename!r} that torch.save never writes (compressed, a link, or outside"
                " its folder); restore the file from a copy"
            )


def is_plain(content: Any) -> bool:
    """Return whether there are only numbers, strings, lists, dicts, and dense real tensors on the CPU."""
    return _is_plain(content, 0, set())


def _is_plain(content: Any, depth: int, seen: set[int]) -> bool:
    if isinstance(content, Tensor):
        if content.layout != torch.strided or content.device.type != "cpu" or content.is_complex():
            return False
        # A tensor with strides of 0 can claim to be larger than its storage.
        return content.numel() * content.element_size() <= content.untyped_storage().nbytes()
    if isinstance(content, dict | list):
        if id(content) in seen:  # lists that share a list many times over would take for ever to walk through
            return True
        seen.add(id(content))
        members = content.values() if isinstance(content, dict) else content
        names = content if isinstance(content, dict) else ()
        return (
            depth < MAX_DEPTH
            and all(isinstance(name, str) for name in names)
            and all(_is_plain(member, depth + 1, seen) for member in members)
        )
    return content is None or isinstance(content, int | float | str)


def save(model: nn.Module, path: Path) -> None:
    """Write a model's state_dict; equal weights give equal bytes."""
    write_bytes(path, encode(dict(model.state_dict())))


def _say_nothing(_: str) -> None:
    """Ignore a notice."""


def load(path: Path, tell: Callable[[str], None] = _say_nothing) -> State:
    """Read a state_dict, on the CPU, even if it is nested among other things.

    Args:
        path: the file.
        tell: takes notices such as "are under 'model'", whose subject is "the weights".

    Raises:
        CheckpointError: the file is not one.
        ResourceError: it cannot be read.
    """
    if not files.is_file(path):
        why = files.absent(path, "there is no such model file; give a run directory or a model.pth")
        raise CheckpointError(f"{path}: {why if files.look(path) is None else 'is not a file; give a model.pth'}")
    try:
        if (size := path.stat().st_size) > most_bytes():
            raise CheckpointError(
                f"{path}: has {size:,} bytes, too many for this machine's memory; restore it from a copy"
            )
        with path.open("rb") as file:
            if _is_safetensors(file, path):
                state, keys = tensors.read(file, path), list[str]()
            else:
                _check_kind(file, path)
                state, keys = weights.unwrap(decode(file, path), path)
    except OSError as error:
        raise from_os_error(error) from None
    if not (isinstance(state, dict) and all(isinstance(one, Tensor) for one in state.values()) and is_plain(state)):
        raise CheckpointError(
            f"{path}: is not a state_dict of real, dense tensors; save one with torch.save(model.state_dict(), PATH)"
        )
    if keys:
        tell(f"are under {', in '.join(map(repr, reversed(keys)))}")
    return state


def check_kind(path: Path) -> None:
    """Raise CheckpointError, saying what the file is, if neither torch.save nor safetensors wrote it."""
    try:
        with path.open("rb") as file:
            if not _is_safetensors(file, path):
                _check_kind(file, path)
    except OSError as error:
        raise from_os_error(error) from None


def _is_safetensors(file: BinaryIO, path: Path) -> bool:
    """Return whether a file is one of safetensors: by its contents or, if these are like no other file's, its name."""
    if tensors.is_one(file):
        return True
    start = file.read(len(_ZIP))
    file.seek(0)
    return path.suffix.lower() == tensors.SUFFIX and start != _ZIP and weights.kind(file) is None


def _check_kind(file: BinaryIO, path: Path) -> None:
    if what := weights.kind(file):
        raise CheckpointError(
            f"{path}: is {what}; fcnet reads PyTorch state_dicts, saved with torch.save(model.state_dict(), PATH), and"
            " safetensors files"
        )


def check(model: nn.Module, state: State, path: Path) -> None:
    """Raise CheckpointError naming the first tensor that does not fit a model, with both shapes."""
    wanted = model.state_dict()
    for name, tensor in wanted.items():
        if name not in state:
            raise CheckpointError(
                f"{path}: has no {name}, which the config's model has; {weights.misfit(state, wanted)}"
            )
        if state[name].shape != tensor.shape:
            raise CheckpointError(
                f"{path}: {name} is {tuple(state[name].shape)}, in the config's model {tuple(tensor.shape)}; use the"
                " config that the file was trained with (model.hidden, data.image_size, data.classes)"
            )
    extra = [name for name in state if name not in wanted]
    if extra:
        raise CheckpointError(
            f"{path}: contains {extra[0]}, which the config's model lacks; use the config that the file was trained"
            " with"
        )


def restore(model: nn.Module, state: State, path: Path, tell: Callable[[str], None] = _say_nothing) -> None:
    """Put weights into a model; ``tell`` takes notices about them. Raises CheckpointError if they do not fit.

    The names may have a prefix, or differ if shapes and order are the same (see ``foreign.weights.fit``).
    """
    state, notices = weights.fit(state, model.state_dict(), path)
    check(model, state, path)
    model.load_state_dict(state)
    for notice in notices:
        tell(notice)
