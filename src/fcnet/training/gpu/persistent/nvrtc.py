"""Compile CUDA sources with the compiler that torch installs, keep what comes out, and launch it on torch's stream.

The compiler, NVRTC, and the driver are reached through the package ``cuda-bindings``, which torch for CUDA depends on.
It is imported late: without it, or without a GPU, only ``Unavailable`` is raised.
"""

import ctypes
import hashlib
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from fcnet.system import files
from fcnet.training.gpu.done import Unavailable

LARGEST = 1 << 26  # bytes of a kept file
_DIGEST = hashlib.sha256().digest_size


def compiled(source: str, options: Sequence[str], architecture: str) -> bytes:
    """Return the machine code of a source, from an earlier compilation if there is one.

    Args:
        source: CUDA C++.
        options: of the compiler, such as ``-DB=100``.
        architecture: such as ``sm_90``.

    Raises:
        Unavailable: there is no compiler, or it refuses the source.
    """
    options = [*options, f"--gpu-architecture={architecture}", "--std=c++17"]
    nvrtc = _module("nvrtc")
    version = _call(nvrtc, "nvrtcVersion")
    path = _place("\0".join([source, *options, str(version)]))
    code = None if path is None else _kept(path)
    if code is None:
        code = _compile(nvrtc, source, options)
        if path is not None:
            _keep(path, code)
    return code


class Kernel:
    """A function of compiled code, on one device.

    Args:
        code: what ``compiled`` returns.
        name: of the function.
        device: where to run it; torch's context is used.
        shared: bytes of dynamic shared memory that a block gets.

    Raises:
        Unavailable: the driver refuses it.
    """

    def __init__(self, code: bytes, name: str, device: torch.device, shared: int) -> None:
        self._driver, self._device, self._shared = _module("driver"), device, shared
        with torch.cuda.device(device):
            torch.cuda.synchronize()  # creates torch's context, if nothing has yet
            image = ctypes.create_string_buffer(code, len(code))
            self._loaded = _call(self._driver, "cuModuleLoadData", ctypes.addressof(image))
            self._function = _call(self._driver, "cuModuleGetFunction", self._loaded, name.encode())
            attribute = self._driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
            _call(self._driver, "cuFuncSetAttribute", self._function, attribute, shared)

    def resident(self, threads: int) -> int:
        """Return how many blocks of some threads the device holds at once."""
        with torch.cuda.device(self._device):
            blocks = _call(
                self._driver, "cuOccupancyMaxActiveBlocksPerMultiprocessor", self._function, threads, self._shared
            )
        return int(blocks) * torch.cuda.get_device_properties(self._device).multi_processor_count

    def launch(self, blocks: int, threads: int, argument: ctypes.Structure) -> None:
        """Start the function on torch's current stream, with all its blocks at once or not at all.

        Args:
            blocks: how many.
            threads: of a block.
            argument: the function's only one; it is copied before this returns.

        Raises:
            Unavailable: the driver refuses it, for example if the blocks do not fit on the device together.
        """
        pointers = (ctypes.c_void_p * 1)(ctypes.addressof(argument))
        with torch.cuda.device(self._device):
            stream = torch.cuda.current_stream().cuda_stream
            size = (blocks, 1, 1, threads, 1, 1, self._shared)
            where = ctypes.addressof(pointers)
            _call(self._driver, "cuLaunchCooperativeKernel", self._function, *size, stream, where)


def _module(name: str) -> Any:
    """Import a module of ``cuda.bindings``."""
    try:
        return importlib.import_module(f"cuda.bindings.{name}")
    except ImportError as error:
        raise Unavailable("the package cuda-bindings is not installed") from error


def _call(module: Any, function: str, *arguments: Any) -> Any:
    """Call a function of NVRTC or of the driver; return what it returns besides its status."""
    try:
        status, *results = getattr(module, function)(*arguments)
    except (AttributeError, RuntimeError, OSError) as error:  # the library or the function is missing
        raise Unavailable(f"{function} cannot be called: {str(error).splitlines()[0]}") from error
    if int(status) != 0:
        raise Unavailable(f"{function} failed: {getattr(status, 'name', status)}")
    if len(results) > 1:
        return tuple(results)
    return results[0] if results else None


def _compile(nvrtc: Any, source: str, options: Sequence[str]) -> bytes:
    program = _call(nvrtc, "nvrtcCreateProgram", source.encode(), b"kernel.cu", 0, [], [])
    try:
        words = [option.encode() for option in options]
        (status,) = nvrtc.nvrtcCompileProgram(program, len(words), words)
        if int(status) != 0:
            log = b" " * _call(nvrtc, "nvrtcGetProgramLogSize", program)
            _call(nvrtc, "nvrtcGetProgramLog", program, log)
            raise Unavailable("NVRTC: " + (log.decode(errors="replace").strip(" \0\n") or status.name))
        code: bytes = b" " * _call(nvrtc, "nvrtcGetCUBINSize", program)
        _call(nvrtc, "nvrtcGetCUBIN", program, code)
        return code
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _place(text: str) -> Path | None:
    """Return the file for what is compiled from a text; None if there is no folder for such files."""
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME") or "-")
        if not root.is_absolute():
            root = Path.home() / ".cache"
    except RuntimeError:  # no home
        return None
    return root / "fcnet" / "kernels" / f"{hashlib.sha256(text.encode()).hexdigest()[:40]}.cubin"


def _kept(path: Path) -> bytes | None:
    """Return the code in a file; None if there is none, or if it is damaged."""
    try:
        content = files.read_bytes(path, LARGEST)
    except (OSError, files.NotReadable):
        return None
    digest, code = content[:_DIGEST], content[_DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def _keep(path: Path, code: bytes) -> None:
    """Write code to a file, after its digest. If it cannot be written, it is compiled again each time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_bytes(path, hashlib.sha256(code).digest() + code)
    except OSError:
        pass
