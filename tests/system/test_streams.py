"""stdout and stderr, whatever becomes of their readers."""

import csv
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fcnet.system import streams
from helpers.processes import finish, launch, read, wait_for


def fcnet(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell command line in which FCNET stands for the program."""
    line = words.replace("FCNET", f"{sys.executable} -m fcnet")
    command = ["bash", "-c", line]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


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


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@needs_full
@pytest.mark.parametrize(("full", "other"), [("stdout", "stderr"), ("stderr", "stdout")])
def test_a_full_disk_behind_a_stream_is_told_of_once_and_stops_no_training(tiny: Path, full: str, other: str) -> None:
    done = fcnet(f"FCNET train -c tiny/tiny.yaml {'' if full == 'stdout' else '2'}>/dev/full", tiny.parent)
    assert done.returncode == 0
    said = f"{full}: the disk is full; its lines are lost, and the run continues"
    assert getattr(done, other).count(f"fcnet: warning: {said}\n") == 1
    result = json.loads((tiny.parent / "checkpoints/tiny/result.json").read_text())
    assert (result["ended"], result["warnings"]) == ("finished", [said])


@needs_full
def test_both_full_stop_no_training(tiny: Path) -> None:
    assert fcnet("FCNET train -c tiny/tiny.yaml >/dev/full 2>&1", tiny.parent).returncode == 0
    result = json.loads((tiny.parent / "checkpoints/tiny/result.json").read_text())
    assert [text.split(":")[0] for text in result["warnings"]] == ["stderr", "stdout"]


@needs_full
def test_a_result_that_cannot_be_written_is_an_error(tiny: Path) -> None:
    assert fcnet("FCNET train -c tiny/tiny.yaml", tiny.parent).returncode == 0
    for command in ("eval", "plot", "predict checkpoints/tiny tiny/test", "config show tiny/tiny.yaml"):
        done = fcnet(f"FCNET {command} >/dev/full", tiny.parent)
        assert done.returncode == 6, command
        assert "fcnet: error: <stdout>: the disk is full; free some space" in done.stderr
    assert fcnet("FCNET eval 2>/dev/full", tiny.parent).returncode == 0


@needs_full
def test_the_exit_code_outlives_a_full_disk_behind_stderr(tiny: Path) -> None:
    assert fcnet("FCNET train -c nofile.yaml 2>/dev/full", tiny.parent).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file names may have any character")
def test_names_do_not_steer_the_terminal(tiny: Path) -> None:
    assert fcnet("FCNET train -c tiny/tiny.yaml", tiny.parent).returncode == 0
    name = "a\x1b]0;title\x07\x1b[2J\r\u202e\x9b31m\nb.png"
    (tiny / name).write_bytes((tiny / "test/0.png").read_bytes())
    for words in ("predict checkpoints/tiny tiny/a*", f"predict checkpoints/tiny {shlex.quote('tiny/' + name + 'x')}"):
        done = fcnet(f"FCNET {words}", tiny.parent)
        assert "\\x1b]0;title\\x07" in done.stdout + done.stderr
        assert not set("\x1b\x07\r\u202e\x9b") & set(done.stdout + done.stderr)
    assert len(fcnet("FCNET predict checkpoints/tiny tiny/a*", tiny.parent).stdout.splitlines()) == 2
    fcnet("FCNET predict checkpoints/tiny tiny/a* --csv >rows.csv", tiny.parent)
    with (tiny.parent / "rows.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["file"] == f"tiny/{name}"  # as it is, for programs
    found = json.loads(fcnet("FCNET predict checkpoints/tiny tiny/a* --json", tiny.parent).stdout)
    assert found["predictions"][0]["file"] == f"tiny/{name}"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("hup", [True, False])
def test_a_terminal_that_goes_away_loses_nothing(tiny: Path, hup: bool) -> None:
    """Its HUP stops and saves; where it is ignored, training goes on, whatever becomes of the progress bar."""
    import os
    import pty
    import signal
    import time

    pid, master = pty.fork()
    if pid == 0:
        os.chdir(tiny.parent)
        if not hup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for each other by spinning are slow beside other jobs
        words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml", "train.epochs=400", "--out", "run"]
        os.execv(words[0], words)
    try:
        seen, end = b"", time.monotonic() + 120
        while b" 2/400" not in seen:
            part = read(master, end)
            assert part, seen
            seen += part
        os.close(master)
        end = time.monotonic() + 60
        while (found := os.waitpid(pid, os.WNOHANG)) == (0, 0):
            assert time.monotonic() < end
            time.sleep(0.05)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    assert os.waitstatus_to_exitcode(found[1]) == (75 if hup else 0)
    result = json.loads((tiny.parent / "run/result.json").read_text())
    assert result["ended"] == ("stopped" if hup else "finished")


def test_a_backend_of_matplotlib_that_is_not_there_does_not_matter(tiny: Path) -> None:
    done = fcnet("MPLBACKEND=module://not.there FCNET train -c tiny/tiny.yaml train.epochs=1 plots=true", tiny.parent)
    assert done.returncode == 0, done.stderr
    assert (tiny.parent / "checkpoints/tiny/plots/loss.png").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_flood_of_signals_ends_with_75(tiny: Path) -> None:
    """To its very last moment the process answers TERM: the exit code is what a batch system goes by."""
    import signal
    import time

    for _ in range(2):
        words = [sys.executable, "-m", "fcnet", "train", "-c", "tiny/tiny.yaml", "train.epochs=100000"]
        process = launch(words, tiny.parent, stderr=subprocess.DEVNULL)
        wait_for(process, "Epoch [2/")
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.0005)
        code, _ = finish(process, 1)
        assert code == 75


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk", "utf-8"])
def test_json_stays_json_whatever_the_encoding(encoding: str) -> None:
    values = {"é": "零", "🧮": "\udcca\x7f"}
    text = json.dumps(values, ensure_ascii=False)
    assert json.loads(text.encode(encoding, streams.ESCAPING).decode(encoding)) == values
