"""Checkpoints as files; tests/reliability has them in a training."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from fcnet.errors import CheckpointError
from fcnet.rundir import tensor_files
from fcnet.rundir.checkpoints import FOLDER, SCHEMA, Checkpointer


def state(value: float) -> dict:
    return {"value": value, "weights": torch.full((3,), value), "list": [1, "a", {"b": torch.ones(2)}]}


@pytest.fixture
def keeper(tmp_path: Path) -> Checkpointer:
    """With three checkpoints written, in an order of numbers that is not that of letters."""
    keeper = Checkpointer(tmp_path)
    for number, (epoch, step) in enumerate(((9, 8), (9, 10), (10, 0))):
        keeper.save(state(number), epoch, step)
    return keeper


def newest(keeper: Checkpointer) -> tuple[Path, dict, list[str]]:
    found = keeper.newest()
    assert found is not None
    return found


def test_the_newest_is_by_number_and_two_are_kept(keeper: Checkpointer) -> None:
    names = sorted(path.name for path in keeper.folder.iterdir())
    assert names == ["epoch-10-step-0.json", "epoch-10-step-0.pt", "epoch-9-step-10.json", "epoch-9-step-10.pt"]
    path, found, problems = newest(keeper)
    assert (path.name, found["value"], problems) == ("epoch-10-step-0.pt", 2, [])
    assert torch.equal(found["list"][2]["b"], torch.ones(2))
    assert Checkpointer(keeper.folder.parent / "other").newest() is None


def test_the_seal_has_size_and_hash(keeper: Checkpointer) -> None:
    data = (keeper.folder / "epoch-10-step-0.pt").read_bytes()
    seal = json.loads((keeper.folder / "epoch-10-step-0.json").read_text())
    assert seal == {"schema": SCHEMA, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


SEALS = [
    "",
    "[]",
    "5",
    "{",
    "[" * 100_000,
    '{"schema": 1e999, "bytes": 1, "sha256": ""}',
    '{"schema": 2, "bytes": Infinity, "sha256": ""}',
    '{"schema": 2, "bytes": -1, "sha256": ""}',
    '{"schema": null}',
    " " * 2_000_000 + "{}",
]


@pytest.mark.parametrize("seal", SEALS, ids=range(len(SEALS)))
def test_odd_seals_are_passed_over(keeper: Checkpointer, seal: str) -> None:
    (keeper.folder / "epoch-10-step-0.json").write_text(seal)
    path, _, problems = newest(keeper)
    assert path.name == "epoch-9-step-10.pt"
    assert len(problems) == 1
    assert problems[0].startswith(f"{keeper.folder / 'epoch-10-step-0.pt'}: is damaged (")


def test_a_damaged_one_never_displaces_a_good_one(keeper: Checkpointer) -> None:
    """After going back, the good one stays until there is another beside the new one."""
    (keeper.folder / "epoch-10-step-0.pt").write_bytes(b"")
    again = Checkpointer(keeper.folder.parent)
    path, _, _ = newest(again)
    again.trust(path)
    again.save(state(5), 9, 11)
    assert {path.stem for path in keeper.folder.iterdir()} == {"epoch-9-step-10", "epoch-9-step-11"}
    again.save(state(6), 10, 0)
    assert {path.stem for path in keeper.folder.iterdir()} == {"epoch-9-step-11", "epoch-10-step-0"}


def test_files_without_a_seal_do_not_count_and_go(keeper: Checkpointer) -> None:
    (keeper.folder / "epoch-11-step-0.pt").write_bytes(b"half")
    (keeper.folder / "epoch-11-step-0.pt.77.tmp").write_bytes(b"ha")
    (keeper.folder / "notes.json").write_text("mine")
    assert newest(keeper)[0].name == "epoch-10-step-0.pt"
    keeper.save(state(7), 11, 1)
    assert not list(keeper.folder.glob("epoch-11-step-0*"))
    assert (keeper.folder / "notes.json").exists()


def test_containers_that_grow_without_end_are_refused_at_once(tmp_path: Path) -> None:
    """A list of lists of the same list is small in the file, and 200 ** 4 long to walk through."""
    inner: list = [1] * 200
    for _ in range(3):
        inner = [inner] * 200
    deep: list = []
    for _ in range(50):
        deep = [deep]
    for name, content, fine in (("wide", inner, True), ("deep", deep, False)):
        data = tensor_files.encode({"x": 1})
        path = tmp_path / f"{name}.pt"
        torch.save({"a": content}, path)
        data = path.read_bytes()
        with path.open("rb") as file:
            assert tensor_files.is_plain(tensor_files.decode(file, path)) is fine
        assert len(data) < 10_000


def test_a_tensor_that_looks_larger_than_it_is_is_refused() -> None:
    assert tensor_files.is_plain(torch.zeros(3, 4))
    assert not tensor_files.is_plain(torch.zeros(1).expand(10**11))


def test_all_damaged_is_an_error_with_all_of_them(keeper: Checkpointer) -> None:
    for path in keeper.folder.glob("*.pt"):
        path.write_bytes(b"x")
    with pytest.raises(CheckpointError) as caught:
        keeper.newest()
    assert len(caught.value.problems) == 3
    assert str(keeper.folder.parent / FOLDER) in caught.value.problems[-1]
