"""Image folders listed by a child process."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run, pictures, write_numbered

from fcnet.ahead import Ahead
from fcnet.folder import Listing

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the folder is listed later")

# In a process of its own: this one has torch and its threads.
PROGRAM = """
import os, sys
from fcnet.ahead import Ahead
from fcnet.errors import DataError
images, labels = sys.argv[1:3]
listed = Ahead([(images, labels), ("nowhere", None)])
assert "numpy" not in sys.modules
process = listed._child[0]
{meanwhile}
from fcnet import folder
real, folder.scan = folder.scan, None
for again in range(2):
    try:
        found = listed.scan(images, labels)
    except TypeError:
        print("listed here")
        found = real(images, labels)
    expected = real(images, labels)
    assert list(found.names) == list(expected.names) and list(found.labels) == list(expected.labels)
    assert (found.stats == expected.stats).all() and found.place(3) == expected.place(3) == f"{{labels}}:4"
folder.scan = real
try:
    listed.scan("nowhere", None)
except DataError as error:
    print(error)
try:
    os.kill(process, 0)
except ProcessLookupError:
    print("no child is left")
"""


def run(tmp_path: Path, meanwhile: str = "") -> list[str]:
    write_numbered(tmp_path / "a", *pictures(30, 0))
    words = [sys.executable, "-c", PROGRAM.format(meanwhile=meanwhile), tmp_path / "a", tmp_path / "a.txt"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@linux
def test_a_listing_is_used_once_and_errors_come_from_this_process(tmp_path: Path) -> None:
    told = run(tmp_path)
    assert told[0] == "listed here"  # the second time: the folder may have changed
    assert told[1].startswith("nowhere: there is no such folder")
    assert told[2:] == ["no child is left"]


@linux
@pytest.mark.parametrize("sign", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_child_that_is_killed_changes_nothing(tmp_path: Path, sign: str) -> None:
    told = run(tmp_path, f"import signal; os.kill(process, signal.{sign})")
    assert set(told[:-2]) == {"listed here"}
    assert told[-1] == "no child is left"


def test_a_training_takes_its_listings_from_there(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, scan = [], Ahead.scan

    def counted(self: Ahead, images: str, labels: str | None) -> Listing:
        asked.append(Path(images).name)
        return scan(self, images, labels)

    monkeypatch.setattr(Ahead, "scan", counted)
    assert fcnet("train", "-c", tiny / "tiny.yaml").code == 0
    assert len(asked) == len(set(asked)) == 2
