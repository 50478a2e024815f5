"""Image folders listed by a child process."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.tiny import pictures, write_numbered

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the folder is listed later")

# In a process of its own: this one has torch and its threads.
PROGRAM = """
import os, sys
from fcnet.data.folder.early_listing import Ahead
from fcnet.errors import DataError
images, labels = sys.argv[1:3]
{before}
listed = Ahead([(images, labels), ("nowhere", None)])
assert "numpy" not in sys.modules
process = listed._child[0]
{meanwhile}
from fcnet.data.folder import layouts
real, layouts.scan = layouts.scan, None
for again in range(2):
    try:
        found = listed.scan(images, labels)
    except TypeError:
        print("listed here")
        found = real(images, labels)
    expected = real(images, labels)
    assert list(found.names) == list(expected.names) and list(found.labels) == list(expected.labels)
    assert (found.stats == expected.stats).all() and found.place(3) == expected.place(3) == f"{{labels}}:4"
layouts.scan = real
try:
    listed.scan("nowhere", None)
except DataError as error:
    print(error)
try:
    os.kill(process, 0)
except ProcessLookupError:
    print("no child is left")
"""


def run(tmp_path: Path, before: str = "", meanwhile: str = "") -> list[str]:
    write_numbered(tmp_path / "a", *pictures(30, 0))
    words: list[str | Path] = [
        sys.executable,
        "-c",
        PROGRAM.format(before=before, meanwhile=meanwhile),
        tmp_path / "a",
        tmp_path / "a.txt",
    ]
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
    slow = "import time; from fcnet.data.folder import early_listing as e;e._list = lambda places, pipe: time.sleep(60)"
    told = run(tmp_path, slow, f"import signal; os.kill(process, signal.{sign})")
    assert told[:-2] == ["listed here"] * 2
    assert told[-1] == "no child is left"


@linux
def test_a_signal_in_the_middle_of_the_fork_is_not_lost(tmp_path: Path) -> None:
    """Ctrl-C goes to both processes at once, the child's first instruction included; a slow listing ends with it."""
    slow = "import time; from fcnet.data.folder import early_listing as e;e._list = lambda places, pipe: time.sleep(60)"
    own = "import signal; os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))"
    told = run(tmp_path, f"{slow}\n{own}")
    assert told[:-2] == ["listed here"] * 2
    assert told[-1] == "no child is left"


@linux
def test_one_that_is_not_waited_for_keeps_no_stream_open(tmp_path: Path) -> None:
    """Who reads the output of a command that fails early does not wait for a slow listing."""
    program = """
import time
from fcnet.data.folder import early_listing
early_listing._list = lambda places, pipe: time.sleep(20)
early_listing.Ahead([("a", None)])
print("told", flush=True)
"""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "told\n"
    assert time.monotonic() - started < 15


@linux
def test_children_that_are_forgotten_do_not_matter(tmp_path: Path) -> None:
    """A launcher may ignore SIGCHLD, and then there is nothing to wait for."""
    write_numbered(tmp_path / "a", *pictures(30, 0))
    program = """
import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
from fcnet.data.folder.early_listing import Ahead
print(len(Ahead([tuple(sys.argv[1:])]).scan(*sys.argv[1:]).names))
"""
    words: list[str | Path] = [sys.executable, "-c", program, tmp_path / "a", tmp_path / "a.txt"]
    assert subprocess.run(words, capture_output=True, text=True, timeout=60).stdout == "30\n"


@linux
def test_a_training_does_not_list_the_folders_itself(tiny: Path) -> None:
    program = """
import sys
from fcnet.data.folder import early_listing
from fcnet.cli.main import main
start = early_listing._start
def started(places):
    found = start(places)  # in the parent only from here on
    from fcnet.data.folder import layouts
    def scan(*place):
        raise SystemExit("listed by the parent")
    layouts.scan = scan
    return found
early_listing._start = started
sys.exit(main(["train", "-c", "tiny/tiny.yaml", "train.epochs=1"]))
"""
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=tiny.parent)
    assert done.returncode == 0, done.stderr
    assert "Accuracy" in done.stdout
