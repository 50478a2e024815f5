"""Model files."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from fcnet.errors import CheckpointError
from fcnet.families.common.fully_connected import FCNet
from fcnet.rundir import tensor_files
from fcnet.system import files


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        tensor_files.load(path)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_round_trip_and_equal_bytes(tmp_path: Path) -> None:
    net = FCNet(6, [5], 3)
    tensor_files.save(net, tmp_path / "model.pth")
    tensor_files.save(net, tmp_path / "other name.pth")
    assert (tmp_path / "model.pth").read_bytes() == (tmp_path / "other name.pth").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["model.pth", "other name.pth"]
    other = FCNet(6, [5], 3)
    tensor_files.restore(other, tensor_files.load(tmp_path / "model.pth"), tmp_path / "model.pth")
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    assert set(torch.load(tmp_path / "model.pth", weights_only=True)) == set(net.state_dict())


class Hostile:
    def __reduce__(self) -> tuple:
        return (os.system, ("touch canary",))


def test_loading_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"fc1.weight": Hostile()}, "model.pth")
    assert "loading it could run code" in refused(Path("model.pth"))
    Path("model.pth").write_bytes(pickle.dumps(Hostile()))
    refused(Path("model.pth"))
    assert os.listdir() == ["model.pth"]


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(FCNet(6, [5], 3), tmp_path / "model.pth")
    assert "save only the state_dict" in refused(tmp_path / "model.pth")


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"fc1.weight": 3},
        {1: torch.zeros(3)},
        torch.zeros(3),
        {"fc1.weight": torch.zeros(3, 3).to_sparse()},
        {"fc1.weight": torch.zeros(3, dtype=torch.complex64)},
        {"fc1.weight": torch.zeros(3, device="meta")},
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "model.pth")
    assert "is not a state_dict of real, dense tensors" in refused(tmp_path / "model.pth")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    tensor_files.save(FCNet(6, [5], 3), path)
    whole = path.read_bytes()
    for data in (b"", b"text", whole[:10], whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(data)
        assert str(path) in refused(path)
    assert "there is no such model file" in refused(tmp_path / "no.pth")


def test_weights_of_another_net_are_refused_with_both_shapes(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    for other, words in (
        (FCNet(6, [7], 3), "fc1.weight is (7, 6), in the config's model (5, 6)"),
        (FCNet(6, [5], 4), "fc2.weight is (4, 5), in the config's model (3, 5)"),
        (FCNet(6, [], 3), "fc1.weight is (3, 6), in the config's model (5, 6)"),
        (FCNet(6, [5, 3], 3), "fc2.weight is (3, 5)"),
        (FCNet(6, [5], 3, batch_norm=True), "contains bn1.weight, which the config's model lacks"),
    ):
        net = FCNet(6, [5], 3)
        if "fc2.weight is (3, 5)" in words:
            words = "contains fc3.weight, which the config's model lacks"
        with pytest.raises(CheckpointError) as caught:
            tensor_files.restore(net, dict(other.state_dict()), path)
        assert words in str(caught.value)
    with pytest.raises(CheckpointError, match="has no fc1"):
        tensor_files.restore(FCNet(6, [5], 3), {"w": torch.zeros(1)}, path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    files.write_bytes(path, b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
