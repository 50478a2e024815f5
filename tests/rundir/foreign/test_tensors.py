"""Files of safetensors: read as others write them, with the config in them, and refused in one line if damaged."""

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from fcnet.rundir.foreign import tensors
from helpers.command_line import Run
from helpers.folders import snapshot
from helpers.states import State, prefixed, renamed

READ: dict[str, tuple[Callable[[State], State], str]] = {
    "as it is": (lambda s: s, ""),
    "DataParallel": (lambda s: prefixed(s, "module."), "have 'module.' before each name"),
    "compile": (lambda s: prefixed(s, "_orig_mod."), "have '_orig_mod.' before each name"),
    "wrapper": (lambda s: prefixed(s, "state_dict."), "have 'state_dict.' before each name"),
    "nested both": (
        lambda s: prefixed(s, "state_dict._orig_mod.module."),
        "have 'state_dict._orig_mod.module.' before each name",
    ),
    "Lightning": (
        lambda s: prefixed(s, "model.") | {"criterion.weight": torch.ones(3)},
        "have 'model.' before each name, come with criterion.weight, which the model does not use",
    ),
    "half": (lambda s: {name: one.half() for name, one in s.items()}, "are float16 and are converted to float32"),
    "bfloat16": (lambda s: {name: one.bfloat16() for name, one in s.items()}, "are bfloat16 and are converted"),
    "all at once": (
        lambda s: {f"module.{name}": one.half() for name, one in s.items()},
        "have 'module.' before each name, are float16 and are converted to float32",
    ),
    "Sequential": (
        lambda s: renamed(s, "0.weight", "0.bias", "10.weight", "10.bias"),
        "taken in order: 0.weight as fc1.weight, 0.bias as fc1.bias, 10.weight as fc2.weight",
    ),
    "other names": (
        lambda s: renamed(s, "inner.weight", "inner.bias", "out.weight", "out.bias"),
        "inner.weight as fc1",
    ),
}


@pytest.mark.parametrize("case", READ)
def test_weights_of_others_are_read_and_that_is_said_in_a_line(fcnet: Run, state: State, case: str) -> None:
    make, told = READ[case]
    safetensors.torch.save_file(make(state), "m.safetensors")
    outcome = fcnet("eval", "m.safetensors", "-c", "tiny/tiny.yaml", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("m.safetensors: the weights") == bool(told)
    assert told in outcome.err
    own = json.loads(fcnet("eval", "run", "--json").out)
    assert json.loads(outcome.out)["loss"] == pytest.approx(own["loss"], abs=0.05 if "float16" in told else 1e-6)


def test_the_name_does_not_matter(fcnet: Run, state: State) -> None:
    """Neither that of safetensors, nor the suffix of a file that torch wrote."""
    safetensors.torch.save_file(state, "m.pth")
    torch.save(state, "m.safetensors")
    for name in ("m.pth", "m.safetensors"):
        outcome = fcnet("eval", name, "-c", "tiny/tiny.yaml")
        assert outcome.code == 0, outcome.err
        assert "the weights" not in outcome.err


def test_layers_are_put_in_order_only_where_it_is_certain() -> None:
    """The format sorts by name: of unnumbered layers with equal shapes, nobody knows which comes first."""
    numbered = {name: torch.zeros(2, 2) for name in ("layers.10.weight", "layers.2.weight", "layers.2.bias")}
    assert tensors._in_layer_order(numbered) == ["layers.2.weight", "layers.2.bias", "layers.10.weight"]
    alike = {name: torch.zeros(2, 2) for name in ("second.bias", "second.weight", "first.weight")}
    assert tensors._in_layer_order(alike) == [*alike]


# --- damaged and hostile files ---------------------------------------------------------------------------------------


def described(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """A file by hand: the header as JSON or as bytes, its length, and the numbers."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype: str = "F32", shape: tuple[int, ...] = (1,), ends: tuple[int, int] = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(ends)}


GOOD = described({"w": tensor()}, bytes(4))
TWICE = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'

DAMAGED = {
    "empty": b"",
    "a few bytes": b"\x01\0\0",
    "a length alone": struct.pack("<Q", 8),
    "a header longer than the file": described({"w": tensor()}, bytes(4), length=1 << 60),
    "a header of 18 EB": described({"w": tensor()}, bytes(4), length=2**64 - 1),
    "a header of 0 bytes": described(b"", bytes(4)),
    "truncated in the header": GOOD[:20],
    "truncated in the numbers": GOOD[:-1],
    "more than it says": GOOD + b"x",
    "no JSON": described(b"{" + b"x" * 30),
    "nested without end": described(b"{" + b'"a":{' * 50_000),
    "not UTF-8": described(b'{"\xff\xff":1}'),
    "a list": described([1]),
    "offsets beyond the end": described({"w": tensor(ends=(0, 400), shape=(100,))}, bytes(4)),
    "negative offsets": described({"w": tensor(ends=(-4, 0))}, bytes(4)),
    "offsets backwards": described({"w": tensor(ends=(4, 0))}, bytes(4)),
    "overlapping": described({"v": tensor(), "w": tensor()}, bytes(4)),
    "a hole": described({"v": tensor(), "w": tensor(ends=(8, 12))}, bytes(12)),
    "a shape that overflows": described({"w": tensor(shape=(2**62, 2**62))}, bytes(4)),
    "a negative shape": described({"w": tensor(shape=(-1,))}, bytes(4)),
    "another size than its shape": described({"w": tensor(shape=(3, 3))}, bytes(4)),
    "an unknown type": described({"w": tensor("Q7")}, bytes(4)),
    "a name twice": described(TWICE, bytes(8)),
    "no tensor": described({"w": 5}, bytes(4)),
    "metadata that are numbers": described({"__metadata__": {"config": 5}, "w": tensor()}, bytes(4)),
    "metadata that are a list": described({"__metadata__": ["config"], "w": tensor()}, bytes(4)),
}


@pytest.mark.parametrize("words", [["-c", "tiny/tiny.yaml"], []], ids=["with a config", "without"])
@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_one_line(fcnet: Run, tiny: Path, case: str, words: list[str]) -> None:
    Path("m.safetensors").write_bytes(DAMAGED[case])
    before = snapshot(Path())
    outcome = fcnet("eval", "m.safetensors", *words)
    assert outcome.code in (5, 2 if not words else 5), outcome.err
    assert len(outcome.errors) == 1
    if words or outcome.code == 5:
        assert "m.safetensors: is not a safetensors file, or is damaged or truncated (" in outcome.errors[0]
    else:  # what only the library finds is found when the weights are read
        assert "give its YAML file with --config" in outcome.errors[0]
    if not words:  # one's own config may make a cache
        assert snapshot(Path()) == before


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda s: {name: one.to(torch.int8) for name, one in s.items()}, "contains int8 numbers, like quantised"),
        (lambda s: {name: one.to(torch.complex64) for name, one in s.items()}, "real, dense tensors"),
        (lambda _: {"conv.weight": torch.zeros(8, 1, 3, 3)}, "a convolution; fcnet has only fully-connected nets"),
        (lambda s: s | {"fc1.weight": torch.zeros(36, 8)}, "fc1.weight is (36, 8)"),
        (lambda _: {}, "the file has nothing"),
    ],
)
def test_other_weights_are_named(fcnet: Run, state: State, make: Callable[[State], State], told: str) -> None:
    safetensors.torch.save_file(make(state), "m.safetensors")
    outcome = fcnet("eval", "m.safetensors", "-c", "tiny/tiny.yaml")
    assert outcome.code == 5
    assert len(outcome.errors) == 1
    assert told in outcome.errors[0]


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><title>404 Not Found</title>\n", b"version https://git-lfs.x\n" * 3]
)
def test_what_a_download_left_is_named(fcnet: Run, tiny: Path, content: bytes) -> None:
    Path("m.safetensors").write_bytes(content)
    told = fcnet("eval", "m.safetensors", "-c", "tiny/tiny.yaml").errors[0]
    assert "is a text file" in told or "is a Git LFS pointer" in told


def test_without_the_library_the_extra_is_named(fcnet: Run, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    safetensors.torch.save_file(state, "m.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    outcome = fcnet("eval", "m.safetensors", "-c", "tiny/tiny.yaml")
    assert outcome.code == 2
    assert outcome.errors[0].endswith('install it with: pip install "fcnet[export]"')


# --- the config in a file --------------------------------------------------------------------------------------------

CONFIGS = {
    "no YAML": ("data: [", "(the config in it):1"),
    "tags": ("data: !!python/object/apply:os.system ['touch canary']", "(the config in it):1"),
    "another key": ("data: {train: {images: a}, tset: {}}", "tset"),
    "a reference": ("extends: tiny/tiny.yaml", "extends: names another file"),
    "no mapping": ("5", "a config is a mapping"),
    "nothing": ("", "data"),
    "aliases": ("a: &a [1]\nb: *a", "anchors"),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_a_config_in_a_file_is_checked_as_any_other(fcnet: Run, state: State, case: str) -> None:
    text, told = CONFIGS[case]
    safetensors.torch.save_file(state, "m.safetensors", {"config": text})
    before = snapshot(Path())
    outcome = fcnet("eval", "m.safetensors")
    assert outcome.code == 2
    assert told in outcome.errors[0]
    assert outcome.errors[-1] == "m.safetensors: give a valid config with --config FILE"
    assert fcnet("eval", "m.safetensors", "-c", "tiny/tiny.yaml").code == 0
    assert snapshot(Path()) == before


def test_a_config_in_a_file_writes_nothing(fcnet: Run, state: State) -> None:
    """Neither a data set where it says, nor a cache beside its images."""
    config = "data: {source: digits, root: new/digits, image_size: [6, 6]}\nmodel: {hidden: [8]}\n"
    safetensors.torch.save_file(state, "m.safetensors", {"config": config})
    before = snapshot(Path())
    outcome = fcnet("eval", "m.safetensors")
    assert outcome.code == 3
    assert "data.root: new/digits does not contain digits, and the config" in outcome.errors[0]
    assert snapshot(Path()) == before
