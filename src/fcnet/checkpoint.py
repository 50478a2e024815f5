"""Model files: a state_dict alone, tensors on the CPU, read without running code."""

import io
import os
import pickle
import warnings
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from fcnet.errors import CheckpointError, from_os_error, naming

State = dict[str, Tensor]

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
    zipfile.BadZipFile,
)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file as a whole: after a crash it is either the old one or the new one."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with naming(path), partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def save(model: nn.Module, path: Path) -> None:
    """Write a model's state_dict; equal weights give equal bytes."""
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    buffer = io.BytesIO()  # torch writes the file's name into the file; a buffer has always the same
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> State:
    """Read a state_dict, on the CPU. Raises CheckpointError where the file is not one."""
    if not path.is_file():
        raise CheckpointError(f"{path}: there is no such model file; give a run directory or a model.pth")
    try:
        # torch.save writes zip files; what is none would take torch's older reader, which has had holes.
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile
        with warnings.catch_warnings(action="ignore"):  # of kinds of tensors that are refused below
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path}: holds more than tensors, and loading it could run code; save model.state_dict() alone"
        ) from None
    except OSError as error:
        raise from_os_error(error) from None
    except _DAMAGE:
        raise CheckpointError(
            f"{path}: is no model file, or is damaged or cut short (or older than torch 1.6); train again, or"
            " restore it from a copy"
        ) from None
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) and _is_plain(tensor) for name, tensor in state.items()
    ):
        raise CheckpointError(
            f"{path}: is not a state_dict of real, dense tensors; save one with torch.save(model.state_dict(), PATH)"
        )
    return dict(state)


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor holds real numbers, one for each element."""
    return tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_complex()


def restore(model: nn.Module, state: State, path: Path) -> None:
    """Put weights into a model. Raises CheckpointError naming the first one that does not fit, with both shapes."""
    wanted = model.state_dict()
    for name, tensor in wanted.items():
        if name not in state:
            has = ", ".join(list(state)[:8])
            raise CheckpointError(f"{path}: has no {name}, which the config's model has; the file has {has}")
        if state[name].shape != tensor.shape:
            raise CheckpointError(
                f"{path}: {name} is {tuple(state[name].shape)}, in the config's model {tuple(tensor.shape)}; give the"
                " config that the file was trained with (model.hidden, data.image_size, data.classes)"
            )
    extra = [name for name in state if name not in wanted]
    if extra:
        raise CheckpointError(f"{path}: has {extra[0]}, which the config's model has not; give the config of the file")
    model.load_state_dict(state)
