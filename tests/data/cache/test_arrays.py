"""Arrays of decoded images: in memory, in their file, or in memory that processes share."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fcnet.data.cache import arrays
from fcnet.data.mapped import header

SHAPE = (40, 64, 64)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    path = tmp_path / "images.npy"
    path.write_bytes(header(SHAPE) + pixels.tobytes())
    return path


def resident_bytes_of(file: Path) -> int:
    """The bytes of a file that this process has in its memory as such, shared with all that map it."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0] and ":" not in line.split()[0]:
            inside = line.endswith(str(file))
        elif inside and line.startswith("Rss:"):
            found += 1024 * int(line.split()[1])
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at the memory of the process in /proc")
def test_large_images_share_the_memory_of_their_file(file: Path) -> None:
    for shared, least in ((SHAPE[0] * 64 * 64 + 1, 0), (SHAPE[0] * 64 * 64, SHAPE[0] * 64 * 64)):
        pixels, mapped = arrays.open_array(file, SHAPE, mapped=False, shared=shared)
        assert mapped is None
        assert pixels.sum() == np.load(file).sum()
        assert pixels.flags.writeable
        assert resident_bytes_of(file) >= least
        assert (resident_bytes_of(file) > 0) == (least > 0)


def test_writing_to_shared_images_changes_no_file(file: Path) -> None:
    before = file.read_bytes()
    pixels, _ = arrays.open_array(file, SHAPE, mapped=False, shared=0)
    other, _ = arrays.open_array(file, SHAPE, mapped=False, shared=0)
    pixels[:] = 0
    assert file.read_bytes() == before
    assert other.any()


def test_shared_images_outlive_their_file(file: Path) -> None:
    """The cache is replaced by a new file when the images change."""
    expected = np.load(file)
    pixels, _ = arrays.open_array(file, SHAPE, mapped=False, shared=0)
    file.unlink()
    assert np.array_equal(pixels, expected)
