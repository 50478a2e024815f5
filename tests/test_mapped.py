"""Arrays that stay in their file."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fcnet import mapped
from fcnet.mapped import Mapped


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
    with pytest.raises(ValueError, match="holds"):
        Mapped.open(tmp_path / "a.npy", (5, 784))


def test_a_torn_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match="buffer"):
        Mapped.open(file, (100_000, 784))


def test_memory_is_the_smaller_of_machine_and_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(mapped, "_LIMITS", (str(tmp_path / "none"), str(limit)))
    machine = mapped.memory()
    assert machine > 1 << 28
    for text, expected in (("max", machine), ("1000000", 1_000_000), (str(1 << 62), machine)):
        limit.write_text(text + "\n")
        assert mapped.memory() == expected
    limit.write_text("1000000")
    assert mapped.advisable(250_001)
    assert not mapped.advisable(250_000)
