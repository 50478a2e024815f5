"""Files made to harm: pickles in every place where weights are read. None runs code, none takes long or much memory.

Images made to harm are in test_images.py and tests/data/images, configs in test_fuzz.py.
"""

import functools
import importlib
import io
import operator
import os
import pickle
import runpy
import subprocess
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.command_line import Run
from helpers.runs import sealed

CANARY = "canary"
CODE = f"open({CANARY!r}, 'w').close()"


class Calls:
    """Unpickled, it calls a function."""

    def __init__(self, function: Callable[..., Any], *words: Any) -> None:
        self._reduced = (function, words)

    def __reduce__(self) -> Any:
        return self._reduced


class Builds:
    """Unpickled, it is given a state, by whose setting code could run."""

    def __reduce__(self) -> Any:
        return (OrderedDict, (), None, None, iter([(CANARY, Calls(exec, CODE))]))


def saved(content: Any, **more: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **more)
    return buffer.getvalue()


def spoilt(change: Callable[[bytes], bytes], member: str = "data.pkl") -> bytes:
    """A sound file of weights, with one member of the archive changed."""
    old = zipfile.ZipFile(io.BytesIO(saved({"fc1.weight": torch.zeros(8, 36), "fc1.bias": torch.zeros(8)})))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info.filename, change(data) if info.filename.endswith(member) else data)
    return buffer.getvalue()


def stream(*opcodes: bytes) -> bytes:
    """An archive whose pickle is written by hand."""
    return spoilt(lambda _: b"\x80\x02" + b"".join(opcodes) + b".")


def in_place_of_a_tensor(thing: Any) -> dict[str, Any]:
    return {"fc1.weight": thing, "fc1.bias": torch.zeros(8)}


class Rebuilds:
    """A tensor with sizes or strides that its storage has not."""

    def __init__(self, *shape: Any) -> None:
        self._shape = shape

    def __reduce__(self) -> Any:
        numbers = torch.zeros(4).untyped_storage()
        storage = torch.storage.TypedStorage(wrap_storage=numbers, dtype=torch.float32, _internal=True)
        return (torch._utils._rebuild_tensor_v2, (storage, *self._shape, False, OrderedDict()))


PICKLES: dict[str, Callable[[], bytes]] = {
    **{
        f"protocol {number}": functools.partial(pickle.dumps, Calls(exec, CODE), protocol=number) for number in range(6)
    },
    "os.system": lambda: saved(in_place_of_a_tensor(Calls(os.system, f"touch {CANARY}"))),
    "eval": lambda: saved(in_place_of_a_tensor(Calls(eval, CODE))),
    "exec": lambda: saved(in_place_of_a_tensor(Calls(exec, CODE))),
    "a process": lambda: saved(in_place_of_a_tensor(Calls(subprocess.Popen, ["touch", CANARY]))),
    "an open file": lambda: saved(in_place_of_a_tensor(Calls(open, CANARY, "w"))),
    "an import": lambda: saved(in_place_of_a_tensor(Calls(importlib.import_module, "antigravity"))),
    "a script": lambda: saved(in_place_of_a_tensor(Calls(runpy.run_path, CANARY))),
    "getattr": lambda: saved(in_place_of_a_tensor(Calls(getattr, dict, "fromkeys"))),
    "a method": lambda: saved(in_place_of_a_tensor(Calls(operator.methodcaller("touch"), Path(CANARY)))),
    "a part of a call": lambda: saved(in_place_of_a_tensor(Calls(functools.partial, exec, CODE))),
    "torch.load": lambda: saved(in_place_of_a_tensor(Calls(torch.load, CANARY))),
    "numpy.load": lambda: saved(in_place_of_a_tensor(Calls(np.load, CANARY))),
    "items that are set": lambda: saved(Builds()),
    "deep inside": lambda: saved({"a": [{"b": [{"c": (1, Calls(exec, CODE))}]}]}),
    "torch's older form": lambda: saved(Calls(exec, CODE), _use_new_zipfile_serialization=False),
    "a whole module": lambda: saved(torch.nn.Linear(2, 2)),
    "sizes beyond the storage": lambda: saved(in_place_of_a_tensor(Rebuilds(0, (1 << 40, 36), (36, 1)))),
    "negative strides": lambda: saved(in_place_of_a_tensor(Rebuilds(0, (8, 36), (-36, -1)))),
    "an offset beyond the storage": lambda: saved(in_place_of_a_tensor(Rebuilds(1 << 40, (8, 36), (36, 1)))),
    "a memo that grows": lambda: stream(*[b"(lp%d\n" % i + b"g%d\n" % max(i - 1, 0) * 9 + b"e" for i in range(40)]),
    "a number without end": lambda: stream(b"\x8b\xff\xff\xff\x7f" + b"\xff" * 64),
}


def test_there_are_as_many_as_were_tried() -> None:
    assert len(PICKLES) == 27


@pytest.mark.parametrize("kind", PICKLES)
def test_a_hostile_pickle_runs_nothing_wherever_it_lies(fcnet: Run, tiny: Path, kind: str) -> None:
    data = PICKLES[kind]()
    assert fcnet("train", "-c", "tiny/tiny.yaml", "train.epochs=1", "--out", "run").code == 0
    checkpoint = next(Path("run/ckpt").glob("*.pt"))
    Path("bare.pth").write_bytes(data)
    Path("run/model.pth").write_bytes(data)
    sealed(checkpoint, data)
    for words in (
        ("eval", "run"),
        ("plot", "run"),
        ("predict", "run", "tiny/test/0.png"),
        ("eval", "bare.pth", "-c", "tiny/tiny.yaml"),
        ("train", "-c", "tiny/tiny.yaml", "--out", "run", "--resume", "train.epochs=2"),
    ):
        assert fcnet(*words).code == 5, words
    assert not Path(CANARY).exists()
