"""Weights that others have saved: read where they fit, named as what they are where not; no code is run."""

import gzip
import io
import json
import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fcnet.rundir.foreign import weights as foreign_weights
from helpers.command_line import Run
from helpers.states import State, prefixed, renamed

OPTIMISER = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}

READ: dict[str, tuple[Callable[[State], object], str]] = {
    "DataParallel": (lambda s: prefixed(s, "module."), "have 'module.' before each name"),
    "compile": (lambda s: prefixed(s, "_orig_mod."), "have '_orig_mod.' before each name"),
    "both": (lambda s: prefixed(s, "_orig_mod.module."), "have '_orig_mod.module.' before each name"),
    "attribute": (lambda s: prefixed(s, "net."), "have 'net.' before each name"),
    "state_dict": (lambda s: {"epoch": 3, "state_dict": s}, "are under 'state_dict'"),
    "tutorial": (
        lambda s: {"epoch": 3, "model_state_dict": s, "optimizer_state_dict": OPTIMISER, "loss": 0.1},
        "are under 'model_state_dict'",
    ),
    "model": (
        lambda s: {"model": prefixed(s, "module."), "args": {"lr": 0.1}},
        "are under 'model', have 'module.' before each name",
    ),
    "Lightning": (
        lambda s: {
            "pytorch-lightning_version": "2.5",
            "state_dict": prefixed(s, "model.") | {"criterion.weight": torch.ones(3)},
            "optimizer_states": [OPTIMISER],
        },
        "are under 'state_dict', have 'model.' before each name, come with criterion.weight",
    ),
    "a key of one's own": (lambda s: {"my_net": s, "epoch": 3}, "are under 'my_net'"),
    "nested both": (
        lambda s: {"epoch": 3, "model": {"state_dict": prefixed(s, "_orig_mod.module.")}},
        "are under 'state_dict', in 'model', have '_orig_mod.module.' before each name",
    ),
    "all at once": (
        lambda s: {"state_dict": {f"module.{name}": one.bfloat16() for name, one in s.items()}},
        "are under 'state_dict', have 'module.' before each name, are bfloat16 and are converted to float32",
    ),
    "in each other": (lambda s: {"best": {"state_dict": s}, "epoch": 3}, "are under 'state_dict', in 'best'"),
    "half": (lambda s: {name: one.half() for name, one in s.items()}, "are float16 and are converted to float32"),
    "bfloat16": (lambda s: {name: one.bfloat16() for name, one in s.items()}, "are bfloat16 and are converted"),
    "double": (lambda s: {name: one.double() for name, one in s.items()}, "are float64 and are converted to float32"),
    "Sequential": (
        lambda s: renamed(s, "0.weight", "0.bias", "2.weight", "2.bias"),
        "taken in order: 0.weight as fc1.weight, 0.bias as fc1.bias, 2.weight as fc2.weight",
    ),
    "Sequential in a model": (
        lambda s: renamed(s, "layers.1.weight", "layers.1.bias", "layers.3.weight", "layers.3.bias"),
        "have 'layers.' before each name, have other names",
    ),
    "other names": (
        lambda s: renamed(s, "hidden.weight", "hidden.bias", "out.weight", "out.bias"),
        "hidden.weight as fc1.weight",
    ),
}


@pytest.mark.parametrize("case", READ)
def test_weights_are_unwrapped_and_that_is_said(fcnet: Run, state: State, case: str) -> None:
    make, told = READ[case]
    torch.save(make(state), "m.pth")
    outcome = fcnet("eval", "m.pth", "-c", "tiny/tiny.yaml", "--json")
    assert outcome.code == 0, outcome.err
    assert told in outcome.err
    assert outcome.err.count("m.pth: the weights") == 1
    found, own = json.loads(outcome.out), json.loads(fcnet("eval", "run", "--json").out)
    assert found["loss"] == pytest.approx(own["loss"], abs=0.05 if "float16" in told else 1e-6)
    assert fcnet("predict", "m.pth", "-c", "tiny/tiny.yaml", "tiny/test").code == 0


def test_a_run_s_own_weights_are_not_commented_on(fcnet: Run, state: State) -> None:
    assert "the weights" not in fcnet("eval", "run").err
    Path("bare.pth").write_bytes(Path("run/model.pth").read_bytes())
    assert "the weights" not in fcnet("eval", "bare.pth", "-c", "tiny/tiny.yaml").err


REFUSED: dict[str, tuple[Callable[[State], object], str]] = {
    "two nets": (lambda s: {"encoder": s, "decoder": s}, r"contains several state_dicts \(encoder, decoder\)"),
    "other widths": (
        lambda _: {"0.weight": torch.zeros(9, 36), "0.bias": torch.zeros(9)},
        r"has no fc1.weight.*the file has 0.weight \(9, 36\), 0.bias \(9,\); .* fc1.weight \(8, 36\)",
    ),
    "transposed": (
        lambda s: {name: one.mT.contiguous() if one.dim() == 2 else one for name, one in s.items()},
        r"fc1.weight is \(36, 8\)",
    ),
    "a convolution": (
        lambda _: {"conv1.weight": torch.zeros(8, 1, 3, 3), "fc.weight": torch.zeros(3, 8)},
        r"conv1.weight is \(8, 1, 3, 3\), a convolution; fcnet has only fully-connected nets",
    ),
    "quantised": (lambda s: {name: one.to(torch.int8) for name, one in s.items()}, "int8 numbers, like quantised"),
    "an optimiser": (lambda _: OPTIMISER, "is the state_dict of an optimiser"),
    "nothing": (lambda _: {}, "the file has nothing"),
    "a tuple": (lambda s: (s, 3), "is not a state_dict of real, dense tensors"),
    "a model": (
        lambda _: nn.Sequential(nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3)),
        "contains a whole model of class torch.nn.modules.container.Sequential, as torch.save.*model.state_dict",
    ),
    "a model among others": (lambda _: {"model": nn.Linear(3, 3), "epoch": 1}, "contains a whole model of class"),
    "NumPy's arrays": (lambda s: {name: one.numpy() for name, one in s.items()}, r"contains more than tensors \(numpy"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_told_as_what_it_is(fcnet: Run, state: State, case: str) -> None:
    make, told = REFUSED[case]
    torch.save(make(state), "m.pth")
    outcome = fcnet("eval", "m.pth", "-c", "tiny/tiny.yaml")
    assert outcome.code == 5
    assert len(outcome.errors) == 1
    assert re.search(told, outcome.errors[0]), outcome.errors[0]


def torchscript() -> bytes:
    buffer = io.BytesIO()
    net = nn.Linear(36, 3)
    torch.jit.save(torch.jit.trace(net, torch.zeros(1, 36)), buffer)
    return buffer.getvalue()


def archive(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in members.items():
            file.writestr(name.replace("_dot_", "."), text)
    return buffer.getvalue()


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "torchscript": (torchscript, "is a TorchScript archive"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(90), "is an HDF5 file, such as Keras writes"),
    "Keras 3": (lambda: archive(config_dot_json="{}", model_dot_weights_dot_h5=""), "is a Keras model"),
    "ONNX": (lambda: b"\x08\x07\x12\x07pytorch\x1a\x052.9.0" + bytes(60), "is an ONNX file"),
    "npz": (lambda: saved(lambda file: np.savez(file, a=np.zeros(3))), "is a NumPy archive"),
    "npy": (lambda: saved(lambda file: np.save(file, np.zeros(3))), "is a NumPy array"),
    "pickle": (lambda: pickle.dumps({"a": 1}), "is a pickle, as written by pickle.dump, joblib"),
    "old torch": (
        lambda: saved(lambda file: torch.save({"w": torch.ones(1)}, file, _use_new_zipfile_serialization=False)),
        "is in a format older than torch 1.6; convert it",
    ),
    "gzip": (lambda: gzip.compress(b"x" * 99), "is compressed with gzip"),
    "text": (lambda: b"<!DOCTYPE html><title>404 Not Found</title>\n", "is a text file"),
    "git-lfs": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a Git LFS pointer"),
    "PNG": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(90), "is a PNG image"),
    "empty": (lambda: b"", "is not a model file"),
    "another zip": (lambda: archive(a_dot_txt="a"), "is not a model file"),
}


@pytest.mark.filterwarnings("ignore")  # of torch.jit, which is on its way out
@pytest.mark.parametrize("case", FILES)
def test_other_files_are_named_by_their_content(fcnet: Run, tiny: Path, case: str) -> None:
    make, told = FILES[case]
    Path("m.pth").write_bytes(make())
    outcome = fcnet("eval", "m.pth", "-c", "tiny/tiny.yaml")
    assert outcome.code == 5
    assert told in outcome.errors[0]
    if told != "is not a model file":  # no config would make it one, so that none is asked for
        assert told in fcnet("eval", "m.pth").errors[0]


def test_what_is_looked_at_is_not_run(fcnet: Run, tiny: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple:
            return (os.system, ("touch canary",))

    torch.save({"state_dict": {"fc1.weight": torch.zeros(3)}, "args": Hostile()}, "m.pth")
    outcome = fcnet("eval", "m.pth", "-c", "tiny/tiny.yaml")
    assert outcome.code == 5
    assert "system" in outcome.errors[0]
    assert not Path("canary").exists()
    with open("m.pth", "rb") as file:
        assert "system" in foreign_weights.pickled(file)


def test_a_checkpoint_of_fcnet_s_is_told_with_its_run(fcnet: Run, state: State) -> None:
    file = next(Path("run/ckpt").glob("*.pt"))
    assert fcnet("eval", file).errors[0].endswith("is a training checkpoint; give its run directory, run")
    Path("copy.pth").write_bytes(file.read_bytes())
    told = fcnet("eval", "copy.pth", "-c", "tiny/tiny.yaml").errors[0]
    assert told == "copy.pth: is a training checkpoint of fcnet; give its run directory"
