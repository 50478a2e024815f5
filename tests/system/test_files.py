"""Files as bytes."""

import os
import sys
from pathlib import Path

import pytest

from fcnet.system import files


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


def test_links_that_lead_nowhere_are_told_as_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("gone").symlink_to("away")
    Path("loop").symlink_to("loop")
    Path("good").symlink_to("file")
    for name, told in (
        ("nothing", "there is no such file"),
        ("gone", "is a link to away, which is not there; restore that, or remove the link"),
        ("gone/x", "gone is a link to away, which is not there; restore that, or remove the link"),
        ("loop", "is a link that leads back to itself; remove it"),
        ("file/x", "file is a file, not a folder"),
        ("x" * 300, "there is no such file"),
        ("nul\0", "there is no such file"),
    ):
        assert files.look(name) is None
        assert files.absent(name) == told
    assert files.is_file("good")
    assert files.dead_link(Path("good")) is None
    assert files.is_folder(".")
