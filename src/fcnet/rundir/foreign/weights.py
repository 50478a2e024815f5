"""Weights saved by other programs: unwrap, rename or identify them. No code is ever run."""

import io
import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from fcnet.errors import CheckpointError
from fcnet.system.text import few

State = dict[str, Tensor]

# Keys under which programs save a state_dict, the most common first.
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params")

_HEAD = 64  # bytes by which a file is identified
_LARGEST_PICKLE = 16 << 20  # bytes of a pickle that is searched for names

_SHOWN = 8  # names of tensors that an error lists

_BEGINNINGS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as Keras writes"),
    (b"GGUF", "a GGUF file"),
    (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
        "in a format older than torch 1.6; convert it: torch.save(torch.load(PATH), 'model.pth')",
    ),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x1f\x8b", "compressed with gzip; decompress it first"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself; fetch it with git lfs pull"),
)

_MEMBERS = (  # of zip files that torch.save did not write
    ("constants.pkl", "a TorchScript archive (torch.jit.save)"),
    ("model.weights.h5", "a Keras model"),
    ("serialized_exported_program.json", "an exported program (torch.export)"),
    ("archive_format", "an exported program (torch.export)"),
)


# --- files ----------------------------------------------------------------------------------------------------------


def kind(file: BinaryIO) -> str | None:
    """Identify a file by its contents; None if torch.save may have written it."""
    head = file.read(_HEAD)
    file.seek(0)
    for beginning, words in _BEGINNINGS:
        if head.startswith(beginning):
            return words
    if head.startswith(b"PK"):
        return _kind_of_archive(file)
    # protobuf: the field with the format's version, a small number, then that of the program that wrote the file
    if len(head) > 4 and head[0] == 0x08 and head[1] < 32 and head[2] == 0x12:
        return "an ONNX file"
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return "a pickle, as written by pickle.dump, joblib or torch before 1.6"
    if len(head) > 8 and head.isascii() and all(byte >= 32 or byte in b"\t\r\n" for byte in head):
        return "a text file"
    return None


def _kind_of_archive(file: BinaryIO) -> str | None:
    try:
        names = zipfile.ZipFile(file).namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None  # damaged, which is reported elsewhere
    finally:
        file.seek(0)
    ends = {name.rsplit("/", 1)[-1] for name in names}
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive"
    return next((words for name, words in _MEMBERS if name in ends), None)


def pickled(file: BinaryIO) -> str:
    """Describe what the pickle in a file of torch.save would construct, by the names in it, which are not imported."""
    classes = [name for name in _names(file) if not name.startswith(("torch._utils ", "torch ", "collections "))]
    if not classes:
        return "contains more than tensors"
    first = classes[0].replace(" ", ".")
    if any(name.startswith("torch.nn.modules.") for name in classes):
        return f"contains a whole model of class {first}, as torch.save(model, PATH) writes it, not a state_dict"
    return f"contains more than tensors ({few((name.replace(' ', '.') for name in dict.fromkeys(classes)), 3)})"


def _names(file: BinaryIO) -> Iterator[str]:
    """Yield the modules and names that a pickle refers to, each as "module name"."""
    try:
        file.seek(0)
        archive = zipfile.ZipFile(file)
        member = next(one for one in archive.infolist() if one.filename.endswith("data.pkl"))
        if member.file_size > _LARGEST_PICKLE:
            return
        texts: list[str] = []
        for code, value, _ in pickletools.genops(io.BytesIO(archive.read(member))):
            if code.name == "GLOBAL":
                yield str(value)
            elif code.name == "STACK_GLOBAL":
                yield " ".join(texts[-2:])
            elif isinstance(value, str):
                texts.append(value)
    except (StopIteration, ValueError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return


# --- contents -------------------------------------------------------------------------------------------------------


def unwrap(content: Any, path: Path) -> tuple[Any, list[str]]:
    """Return the state_dict nested in the contents of a file, and the keys that lead to it.

    Raises:
        CheckpointError: it is known to be something else: an optimiser's state, or a checkpoint of fcnet.
    """
    keys: list[str] = []
    while isinstance(content, Mapping) and not _is_state(content):
        if content.keys() >= {"state", "param_groups"}:
            raise CheckpointError(f"{path}: is the state_dict of an optimiser, not of a model; save the model's")
        if content.keys() >= {"training", "machine"}:
            raise CheckpointError(f"{path}: is a training checkpoint of fcnet; give its run directory")
        key = next((key for key in WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if key is None:
            states = [str(key) for key, value in content.items() if isinstance(value, Mapping) and _is_state(value)]
            if len(states) > 1:
                raise CheckpointError(
                    f"{path}: contains several state_dicts ({few(states, _SHOWN)}); save one of them:"
                    f" torch.save(torch.load(PATH)[{states[0]!r}], 'model.pth')"
                )
            inner = states or [str(key) for key, value in content.items() if isinstance(value, Mapping)]
            if len(inner) != 1 or inner[0] not in content:
                break
            key = inner[0]
        content = content[key]
        keys.append(key)
    return content, keys


def _is_state(content: Mapping[Any, Any]) -> bool:
    return bool(content) and all(isinstance(value, Tensor) for value in content.values())


def fit(state: State, wanted: Mapping[str, Tensor], path: Path) -> tuple[State, list[str]]:
    """Return a state_dict with the names of a model, and notices of how it was converted.

    A common prefix is removed (``module.`` of DataParallel, ``_orig_mod.`` of torch.compile, the attribute of a
    wrapper). If the names still differ, tensors of the same shapes are taken in their order.

    Args:
        state: what was found.
        wanted: the model's own.
        path: the file's name in errors.

    Raises:
        CheckpointError: it has layers that no model of fcnet has.
    """
    notices: list[str] = []
    stripped, prefix = _without_prefix(state, wanted)
    if prefix:
        notices.append(f"have {prefix!r} before each name")
        if left_out := [name for name in state if name.removeprefix(prefix) not in stripped]:
            notices.append(f"come with {few(left_out, 3)}, which the model does not use")
    _refuse_others({name: one for name, one in stripped.items() if not _same(one, wanted.get(name))}, path)
    if stripped.keys() != wanted.keys() and _shapes(stripped) == _shapes(wanted):
        pairs = ", ".join(f"{theirs} as {own}" for theirs, own in zip(stripped, wanted, strict=True))
        notices.append(f"have other names and are taken in order: {pairs}")
        stripped = dict(zip(wanted, stripped.values(), strict=True))
    types = {str(one.dtype).removeprefix("torch.") for name, one in stripped.items() if _rounded(one, wanted.get(name))}
    if types:
        notices.append(f"are {', '.join(sorted(types))} and are converted to float32")
    return stripped, notices


def _without_prefix(state: State, wanted: Mapping[str, Tensor]) -> tuple[State, str]:
    """Return the state without a prefix of its names, and the prefix: of all names, or of all that the model needs."""
    last = [*wanted][-1]
    before = [name.removesuffix(last) for name in state if name.endswith(f".{last}")]
    whole = [prefix for prefix in before if all(prefix + name in state for name in wanted)]
    if len(whole) == 1 and state.keys() != wanted.keys():
        return {name: state[whole[0] + name] for name in wanted}, whole[0]
    prefix = ""
    while state.keys() != wanted.keys():
        firsts = {name.partition(".")[0] for name in state}
        first = next(iter(firsts), "")
        if len(firsts) != 1 or not all("." in name.partition(".")[2] for name in state):
            break
        if all(name.startswith(f"{first}.") for name in wanted):
            break
        prefix += f"{first}."
        state = {name.removeprefix(f"{first}."): tensor for name, tensor in state.items()}
    return state, prefix


def _refuse_others(state: State, path: Path) -> None:
    """Raise CheckpointError for tensors that no fully-connected net has."""
    for name, tensor in state.items():
        if tensor.dim() > 2:
            what = "a convolution" if tensor.dim() in (3, 4, 5) else "no fully-connected layer"
            raise CheckpointError(
                f"{path}: {name} is {tuple(tensor.shape)}, {what}; fcnet has only fully-connected nets: train one"
            )
        if tensor.dim() and not tensor.is_floating_point():
            numbers = str(tensor.dtype).removeprefix("torch.")
            raise CheckpointError(
                f"{path}: {name} contains {numbers} numbers, like quantised weights; save the model before quantisation"
            )


def _same(tensor: Tensor, own: Tensor | None) -> bool:
    return own is not None and tensor.shape == own.shape and tensor.is_floating_point() == own.is_floating_point()


def _shapes(state: Mapping[str, Tensor]) -> list[tuple[str, torch.Size]]:
    return [(name.rpartition(".")[2], tensor.shape) for name, tensor in state.items()]


def _rounded(tensor: Tensor, own: Tensor | None) -> bool:
    return own is not None and tensor.is_floating_point() and tensor.dtype != own.dtype == torch.float32


def misfit(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """Return what a file has and what a model has, for an error."""
    has, needs = (few((f"{name} {tuple(one.shape)}" for name, one in some.items()), _SHOWN) for some in (state, wanted))
    return f"the file has {has or 'nothing'}; the config's model has {needs}"
