"""``fcnet export --to safetensors``: the weights, with the config and the classes beside them."""

import json
import shlex
import struct
from pathlib import Path

import torch

from fcnet.config.names import Which
from fcnet.errors import CheckpointError
from fcnet.export import subject
from fcnet.export.exported import Exported
from fcnet.rundir import one_file
from fcnet.rundir.foreign import tensors
from fcnet.system import extras
from fcnet.system.sinks import SILENT, Sinks

_LENGTH = struct.Struct("<Q")  # of the header, in bytes, at the beginning of a file
_ALIGNED = 8  # bytes: where the numbers begin


def run_export(
    run: Path | None, out: Path, weights: Which | None = None, config_file: Path | None = None, sinks: Sinks = SILENT
) -> Exported:
    """Write a model's state_dict, float32, with its config and classes as metadata.

    Args:
        run: run directory or model file; the newest run when None.
        out: the file, whose name ends in .safetensors.
        weights: of a run: best or last; the best if it has them, when None.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.

    Returns:
        What was written.

    Raises:
        ConfigError: ``out`` may not be written, or safetensors is not installed.
        CheckpointError: what is read back differs from the model; nothing was written.
    """
    with extras.needed("--to safetensors", "export"):
        import safetensors.torch
    one_file.check(out, (tensors.SUFFIX,), "an export", _is_own)
    found = subject.find(run, config_file, weights, sinks)
    # each with memory of its own, as the format demands
    state = {name: tensor.detach().clone().contiguous() for name, tensor in found.trained.net.state_dict().items()}
    data = _in_fixed_order(safetensors.torch.save(state, {"format": "pt"} | found.metadata))
    back = safetensors.torch.load(data)
    if back.keys() != state.keys() or not all(torch.equal(back[name], one) for name, one in state.items()):
        raise CheckpointError(f"{out}: not written: what safetensors reads back differs from {found.trained.path}")
    one_file.write(out, data)
    numbers = sum(tensor.numel() for tensor in state.values())
    lines = [
        f"{out}: {found.sizes}, the weights of {found.weights}: {len(state)} tensors, {numbers:,} numbers,"
        f" {len(data):,} bytes; the config is in it",
        f"read it with: fcnet eval {shlex.quote(str(out))}",
    ]
    return Exported(out, lines, found.facts | {"bytes": len(data), "tensors": len(state), "numbers": numbers})


def _in_fixed_order(data: bytes) -> bytes:
    """Return a file with its metadata sorted: the library writes them in another order each time."""
    end = _LENGTH.size + _LENGTH.unpack(data[: _LENGTH.size])[0]
    header = json.loads(data[_LENGTH.size : end])
    header[tensors.METADATA] = dict(sorted(header[tensors.METADATA].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return _LENGTH.pack(len(text)) + text + data[end:]


def _is_own(path: Path) -> bool:
    return "fcnet" in tensors.metadata_of(path)
