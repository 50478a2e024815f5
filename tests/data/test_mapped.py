"""Arrays that stay in their file."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fcnet.data import mapped
from fcnet.data.mapped import Mapped
from fcnet.system import memory

ROOTS = memory._ROOTS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """100,000 rows of 784 bytes: 78 MB."""
    path = tmp_path / "a.npy"
    rows = np.arange(100_000, dtype=np.uint32)[:, None]
    np.save(path, ((rows + np.arange(784, dtype=np.uint32)) % 251).astype(np.uint8))
    return path


def in_memory(path: Path) -> int:
    """Bytes of a mapped file that count as this process's memory."""
    found = 0
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1]) * 1024
    return found


def test_it_is_the_array(file: Path) -> None:
    found = Mapped.open(file, (100_000, 784))
    whole = np.load(file)
    np.testing.assert_array_equal(found.array, whole)
    found.release()
    rows = np.random.default_rng(0).permutation(100_000)[:5000]
    np.testing.assert_array_equal(found.array[rows], whole[rows])
    taken = found.take(rows)
    np.testing.assert_array_equal(taken.array, whole[rows])
    assert list(file.parent.iterdir()) == [file]  # its file has no name


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is in memory")
def test_what_was_released_is_not_in_memory(file: Path) -> None:
    found = Mapped.open(file, (100_000, 784))
    assert int(found.array.sum()) > 0
    assert in_memory(file) > 70_000_000
    found.release()
    assert in_memory(file) == 0
    found.take(np.arange(0, 100_000, 2))
    assert in_memory(file) < 2 * mapped.RELEASE_BYTES


@pytest.mark.parametrize("array", [np.zeros((5, 784), np.int8), np.zeros((6, 784), np.uint8)], ids=["kind", "shape"])
def test_another_array_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ValueError, match="does not hold"):
        Mapped.open(tmp_path / "a.npy", (5, 784))


def test_a_torn_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match="buffer"):
        Mapped.open(file, (100_000, 784))


@pytest.mark.parametrize(
    ("groups", "file"),
    [
        ("0::/job/step", "cgroup/job/step/memory.max"),
        ("0::/job/step", "cgroup/job/memory.max"),
        ("0::/", "cgroup/memory.max"),
        ("5:cpu,cpuacct:/a\n4:memory:/job", "cgroup/memory/job/memory.limit_in_bytes"),
    ],
)
def test_memory_is_the_least_of_machine_and_control_groups(
    groups: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    told.write_text(groups + "\n")
    roots = {
        kind: (tmp_path / Path("/", *root.parts[3:]).relative_to("/"), name) for kind, (root, name) in ROOTS.items()
    }
    monkeypatch.setattr(memory, "GROUPS", told)
    monkeypatch.setattr(memory, "_ROOTS", roots)
    machine = memory.memory()
    assert machine > 1 << 28
    limit = tmp_path / file
    limit.parent.mkdir(parents=True)
    for text, expected in (("max", machine), ("1000000", 1_000_000), (str(1 << 62), machine)):
        limit.write_text(text + "\n")
        assert memory.memory() == expected
    limit.write_text("1000000")
    assert memory.advisable(250_001)
    assert not memory.advisable(250_000)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a file would take its place on disk")
def test_a_file_may_be_larger_than_memory(tmp_path: Path) -> None:
    rows = 4 * memory.memory() // 784
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (rows, 28, 28)})
        try:
            file.truncate(file.tell() + 784 * rows)  # no contents yet, so it takes no place
        except OSError:
            pytest.skip("this file system has no such files")
    found = Mapped.open(path, (rows, 28, 28))
    assert found.array[-1].sum() == 0


def test_rows_that_lie_together_are_not_copied(file: Path) -> None:
    found = Mapped.open(file, (100_000, 784))
    part = found.take(np.arange(5, 50_005))
    assert np.shares_memory(part.array, found.array)
    np.testing.assert_array_equal(part.array, found.array[5:50_005])
    assert found.take(np.arange(0)).array.shape == (0, 784)
