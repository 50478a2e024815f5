"""Compilation by NVRTC, which needs no GPU, and the files that it leaves."""

import importlib
from pathlib import Path

import pytest
import torch

from fcnet.training.gpu.done import Unavailable
from fcnet.training.gpu.persistent import nvrtc
from fcnet.training.gpu.persistent.kernel import SOURCE
from fcnet.training.gpu.persistent.nvrtc import Kernel, compiled
from fcnet.training.gpu.persistent.plan import ACTIVATIONS, Layers, Shape

SMALL = 'extern "C" __global__ void nothing(int* p) { if (p) *p = N; }'


def architectures() -> set[str]:
    """Those that the compiler here knows; none if there is no compiler."""
    try:
        return {f"sm_{number}" for number in nvrtc._call(nvrtc._module("nvrtc"), "nvrtcGetSupportedArchs")}
    except Unavailable:
        return set()


needs_nvrtc = pytest.mark.skipif(not architectures(), reason="cuda-bindings or its library NVRTC is missing")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for compiled kernels."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "fcnet" / "kernels"


def no_compiler(*words: object) -> bytes:
    raise AssertionError("it is compiled again")


@needs_nvrtc
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_120"])
@pytest.mark.parametrize("adam", [True, False])
def test_the_persistent_kernel_compiles(architecture: str, adam: bool) -> None:
    if architecture not in architectures():
        pytest.skip(f"this NVRTC does not know {architecture}")
    for number, f in enumerate(ACTIVATIONS if architecture == "sm_90" else ACTIVATIONS[:2]):
        shape = [Shape(784, 10, 100), Shape(37, 32, 1), Shape(720, 26, 128)][number % 3]
        assert compiled(SOURCE.read_text(), shape.options(f.__name__, adam), architecture)[:4] == b"\x7fELF"


@needs_nvrtc
def test_a_second_time_is_from_a_file(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = compiled(SMALL, ["-DN=1"], "sm_80")
    assert len(list(cache.iterdir())) == 1
    assert compiled(SMALL, ["-DN=2"], "sm_80") != code
    monkeypatch.setattr(nvrtc, "_compile", no_compiler)
    assert compiled(SMALL, ["-DN=1"], "sm_80") == code
    with pytest.raises(AssertionError, match="again"):
        compiled(SMALL, ["-DN=1"], "sm_90")


@needs_nvrtc
@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_file_is_replaced(cache: Path, damage: bytes | None) -> None:
    code = compiled(SMALL, ["-DN=1"], "sm_80")
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    assert compiled(SMALL, ["-DN=1"], "sm_80") == code
    assert path.read_bytes() == whole


@needs_nvrtc
def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert compiled(SMALL, ["-DN=1"], "sm_80") == compiled(SMALL, ["-DN=1"], "sm_80")


@needs_nvrtc
def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(Path, "home", homeless)
    assert compiled(SMALL, ["-DN=1"], "sm_80")


@needs_nvrtc
def test_what_the_compiler_says_is_the_reason() -> None:
    with pytest.raises(Unavailable, match='"nonsense" is undefined'):
        compiled('extern "C" __global__ void f() { nonsense; }', [], "sm_80")
    with pytest.raises(Unavailable, match="sizes"):
        compiled(SOURCE.read_text(), Shape(784, 10, 200).options("ReLU", True), "sm_80")


def test_without_the_package_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(Unavailable, match="cuda-bindings is not installed"):
        compiled(SMALL, [], "sm_80")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")
def test_a_kernel_is_not_launched_unless_all_its_blocks_fit() -> None:
    device = torch.device("cuda", torch.cuda.current_device())
    major, minor = torch.cuda.get_device_capability(device)
    kernel = Kernel(compiled(SMALL, ["-DN=1"], f"sm_{major}{minor}"), "nothing", device, 1024)
    with pytest.raises(Unavailable, match="COOPERATIVE_LAUNCH_TOO_LARGE"):
        kernel.launch(kernel.resident(512) + 1, 512, Layers())
    kernel.launch(kernel.resident(512), 512, Layers())
    torch.cuda.synchronize()
