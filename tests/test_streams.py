"""stdout and stderr, whatever becomes of their readers."""

import subprocess
import sys
from pathlib import Path

import pytest


def fcnet(words: str, folder: Path, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a shell command line in which FCNET stands for the program."""
    line = words.replace("FCNET", f"{sys.executable} -m fcnet")
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_do_not_stop_a_run(tiny: Path, closed: str) -> None:
    done = fcnet(f"FCNET train -c tiny/tiny.yaml {closed}", tiny.parent)
    assert done.returncode == 0, done.stderr
    assert (tiny.parent / "checkpoints/tiny/result.json").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_the_exit_code_does_not_depend_on_a_reader(tiny: Path) -> None:
    words = "FCNET train -c tiny/tiny.yaml train.optimizer.lr=1e38 model.hidden=[8,8] train.log_every=1"
    done = fcnet(f"({words}; echo $? >code) 2>&1 | head -1", tiny.parent)
    assert done.stdout == "decoding train: 60 images\n"
    assert (tiny.parent / "code").read_text() == "4\n"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file names are bytes")
def test_names_that_the_encoding_has_not_are_escaped(tiny: Path) -> None:
    assert fcnet("FCNET train -c tiny/tiny.yaml", tiny.parent).returncode == 0
    picture = (tiny / "test/0.png").read_bytes()
    (tiny / "七.png").write_bytes(picture)
    (Path(str(tiny)) / "\udcff.png").write_bytes(picture)
    for form in ("", "--json", "--csv"):
        done = fcnet(f"PYTHONIOENCODING=cp1252 FCNET predict checkpoints/tiny tiny/*.png {form}", tiny.parent)
        assert done.returncode == 0, done.stderr
        assert "\\u4e03.png" in done.stdout
        assert "\\udcff.png" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_stdout_is_an_error(tiny: Path) -> None:
    done = fcnet("FCNET train -c tiny/tiny.yaml >/dev/full", tiny.parent)
    assert done.returncode == 6
    assert "the disk is full" in done.stderr
