"""Loading runs no code, and a state with other things inside is told."""

import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fcnet.rundir import tensor_files
from helpers.command_line import Run
from helpers.runs import WORDS, sealed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals")


class Hostile:
    """Unpickled, it makes a file."""

    def __reduce__(self) -> tuple:
        return (os.system, ("touch canary",))


def hostile_files(folder: Path) -> list[bytes]:
    torch.save({"training": {"model": Hostile()}}, folder / "x")
    return [pickle.dumps(Hostile()), (folder / "x").read_bytes()]


def test_a_hostile_pickle_is_exit_5_and_runs_nothing(fcnet: Run, stopped: Path, tmp_path: Path) -> None:
    for data in hostile_files(tmp_path):
        (stopped / "model.pth").write_bytes(data)
        assert fcnet("eval", "cut").code == 5
        sealed(stopped / "ckpt/epoch-2-step-3.pt", data)
        outcome = fcnet(*WORDS, "--out", "cut", "--resume")
        assert outcome.code == 5
        assert outcome.errors[0].startswith("cut/ckpt/epoch-2-step-3.pt: ")
    assert not Path("canary").exists()


def test_the_variable_that_turns_safe_loading_off_is_refused(
    fcnet: Run, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    for words in (["eval", "cut"], [*WORDS, "--out", "cut", "--resume"]):
        outcome = fcnet(*words)
        assert outcome.code == 2
        assert outcome.errors == [
            "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD: is set, and asks for loading that can run code; fcnet refuses"
            " that: unset it"
        ]


def repack(path: Path, change: Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]) -> None:
    """Write an archive anew, member by member."""
    with zipfile.ZipFile(path) as old:
        members = [(info, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w") as new:
        for info, data in members:
            change(new, info, data)


def pack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    archive.writestr(info.filename, data, zipfile.ZIP_DEFLATED)


def climb(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    archive.writestr(info.filename, data)
    if info.filename.endswith("data.pkl"):
        archive.writestr("../canary", "out")


def link(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    archive.writestr(info.filename, data)
    if info.filename.endswith("data.pkl"):
        pointer = zipfile.ZipInfo("archive/link")
        pointer.external_attr = 0o120777 << 16
        archive.writestr(pointer, "/etc/passwd")


@pytest.mark.parametrize("change", [pack, climb, link])
def test_odd_members_of_an_archive_are_refused(fcnet: Run, stopped: Path, change: Callable[..., None]) -> None:
    assert fcnet("eval", "cut").code == 0
    repack(stopped / "model.pth", change)
    outcome = fcnet("eval", "cut")
    assert outcome.code == 5
    assert "that torch.save never writes" in outcome.errors[0]
    assert not list(Path().rglob("canary"))


def altered(path: Path, change: Callable[[dict], object]) -> None:
    state = torch.load(path, weights_only=True)
    change(state)
    sealed(path, tensor_files.encode(state))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.clear(),
        lambda state: state["training"].pop("randomness"),
        lambda state: state["training"].update(optimizer=[]),
        lambda state: state["training"].update(optimizer=3),
        lambda state: state["training"]["good"].update(good=[torch.zeros(1)]),
        lambda state: state["training"]["sums"].update(n="many"),
        lambda state: state["training"]["randomness"].update(dropout=torch.zeros(3)),
        lambda state: state.update(machine="a laptop"),
        lambda state: state.update(data=7),
        lambda state: state["data"]["train"].update(n=torch.tensor([1, 2])),
        lambda state: state["training"]["sums"].update(waiting=[torch.zeros(2)], sizes=[7]),
        lambda state: state["training"]["sums"].update(waiting=[torch.zeros(())], sizes=[10**400]),
        lambda state: state["training"].update(epoch=-1),
        lambda state: state["training"].update(epoch=10**30),
        lambda state: state["training"].update(step=10**9),
        lambda state: state["training"].update(seconds=float("inf")),
        lambda state: state.update(seconds=float("nan")),
        lambda state: state.update(metrics_bytes=1e300),
        lambda state: state.update(metrics_bytes="x"),
        lambda state: state.update(last={"epoch": "x"}),
        lambda state: state.update(deep=torch.zeros(2).to_sparse()),
    ],
    ids=range(21),
)
def test_a_state_with_other_things_inside_is_exit_5(
    fcnet: Run, stopped: Path, change: Callable[[dict], object]
) -> None:
    altered(stopped / "ckpt/epoch-2-step-3.pt", change)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("cut/ckpt/epoch-2-step-3.pt: is not a training state")


def test_a_checkpoint_of_another_net_is_exit_5_with_both_shapes(fcnet: Run, stopped: Path) -> None:
    assert fcnet(*WORDS, "model.hidden=[9]", "--out", "other").code == 0
    other = torch.load(next(Path("other/ckpt").glob("*.pt")), weights_only=True)
    altered(stopped / "ckpt/epoch-2-step-3.pt", lambda state: state.update(training=other["training"]))
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert "fc1.weight is (9, 36), in the config's model (8, 36)" in outcome.errors[0]


def test_a_checkpoint_of_another_schema_is_exit_5(fcnet: Run, stopped: Path) -> None:
    path = stopped / "ckpt/epoch-2-step-3.pt"
    sealed(path, path.read_bytes(), schema=3)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert "has schema 3, and this fcnet reads 2; resume with the version of fcnet that wrote it" in outcome.errors[0]
