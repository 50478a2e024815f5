"""Files as bytes."""

import os
import sys
from pathlib import Path

import pytest

from fcnet import files


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes in the file system")
def test_only_files_are_read_and_nothing_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, word in ((tmp_path, "a folder"), (tmp_path / "pipe", "a pipe"), (Path(os.devnull), "a device")):
        with pytest.raises(files.NotReadable, match=word):
            files.read_bytes(path, 10)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_what_the_system_makes_is_no_file() -> None:
    with pytest.raises(files.NotReadable, match="made by the system"):
        files.read_bytes(Path("/proc/kmsg" if os.getuid() == 0 else "/proc/self/status"), 10)


def test_sparse_files_are_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(40 << 30)
    with pytest.raises(files.NotReadable, match="more than 1,000"):
        files.read_bytes(tmp_path / "large", 1000)
    (tmp_path / "small").write_bytes(b"ab")
    assert files.read_bytes(tmp_path / "small", 2) == b"ab"
