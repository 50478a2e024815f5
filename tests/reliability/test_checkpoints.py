"""The newest intact checkpoint always loads, however a run was killed, and nothing is lost."""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fcnet.rundir import checkpoints
from helpers.command_line import ROOT, Run
from helpers.processes import finish, kill, launch, start, wait_for
from helpers.runs import WORDS, same
from helpers.seeds import chance

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals")


PROGRAM = str(ROOT / "tests/helpers/crash.py")


def crash(folder: Path, first: int, stride: int, how: str = "fresh", seconds: float = 280) -> dict[str, Any]:
    """What crash.py found."""
    words = ["train.epochs=2", "train.batch_size=20", "train.log_every=2", "train.save_every=0", "data.validation=0.2"]
    words += ["model.dropout=0.2", "plots=true"]
    (folder / "runs").mkdir()
    command = [sys.executable, PROGRAM, "runs", str(first), str(stride), how, *WORDS, *words]
    with (folder / "errors").open("w") as errors:
        process = launch(command, folder, stderr=errors, env=os.environ | {"OMP_NUM_THREADS": "1"})
        code, out = finish(process, seconds)
    assert code == 0, (folder / "errors").read_text()
    found: dict[str, Any] = json.loads(out)
    print(f"killed at every call number {first} + {stride} n:", found)
    return found


LONG = 2900  # seconds: less than a long test may take

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="forks with torch loaded")


@LINUX
def test_killed_at_calls_that_change_the_disk(tiny: Path) -> None:
    """Before write, in it, before fsync, replace, unlink, ...: a sample here, all of them among the long tests."""
    found = crash(tiny.parent, chance("sample").randint(1, 24), 25)
    assert found["lost"] == []
    assert found["kills"] >= 9


@LINUX
@pytest.mark.long
def test_killed_at_every_fourth_call_while_a_run_is_replaced(tiny: Path) -> None:
    found = crash(tiny.parent, chance("over").randint(1, 4), 4, "over", LONG)
    assert found["lost"] == []
    assert found["kills"] >= 60


@LINUX
@pytest.mark.long
def test_killed_at_every_call_that_changes_the_disk(tiny: Path) -> None:
    found = crash(tiny.parent, 1, 1, seconds=LONG)
    assert found["lost"] == []
    assert found["kills"] >= 250
    assert {"write", "write,", "fsync", "replace", "unlink", "mkdir"} <= found["calls"].keys()


def kill_and_go_on(folder: Path, kills: int, epochs: int, in_training: bool = False) -> int:
    """Kill -9 so often at random moments, every second time or always from the first step on, and compare the end.

    Returns:
        How many steps the killed sittings did together.
    """
    words = (*WORDS, f"train.epochs={epochs}", "train.save_every=0", "model.dropout=0.2", "plots=true")
    began = time.monotonic()
    process = start(folder, *words, "train.save_every=null", "--out", "whole")
    wait_for(process, "Epoch [")
    start_up = time.monotonic() - began  # some kills fall into it, on machines slow and fast
    assert finish(process)[0] == 0
    drawn = chance("kills")
    for number in range(kills):
        process = start(folder, *words, "--out", "cut", "--resume")
        if in_training or number % 2:  # which takes a busy machine longer than at first
            wait_for(process, "Epoch [")
            time.sleep(drawn.uniform(0, 0.5 if in_training else 1.5))
        else:
            time.sleep(drawn.uniform(0.1, start_up + 1.5))
        kill(process)
        finish(process)
    found = checkpoints.Checkpointer(folder / "cut").newest()
    assert found is not None
    done = 9 * (found[1]["training"]["epoch"] - 1) + found[1]["training"]["step"]
    process = start(folder, *words, "train.save_every=null", "--out", "cut", "--resume")
    code, out = finish(process)
    assert code == 0, out
    assert same(folder / "cut", folder / "whole")
    return done


def test_killed_at_random_moments(tiny: Path) -> None:
    assert kill_and_go_on(tiny.parent, kills=2, epochs=150, in_training=True) > 0


@pytest.mark.long
def test_killed_at_fifty_random_moments(tiny: Path) -> None:
    done = kill_and_go_on(tiny.parent, kills=50, epochs=2000)
    print(f"50 kills within {done} of 18000 steps")
    assert done > 500


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: os.truncate(path, 1000),
    "flipped": flip,
    "empty": lambda path: os.truncate(path, 0),
    "removed": Path.unlink,
    "seal flipped": lambda path: flip(path.with_suffix(".json")),
    "seal empty": lambda path: os.truncate(path.with_suffix(".json"), 0),
    "seal of a list": lambda path: path.with_suffix(".json").write_text("[1]"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(fcnet: Run, stopped: Path, kind: str) -> None:
    DAMAGE[kind](stopped / "ckpt/epoch-2-step-3.pt")
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 0
    (warning,) = (line for line in outcome.err.splitlines() if "epoch-2-step-3" in line)
    assert warning.startswith("fcnet: warning: cut/ckpt/epoch-2-step-3.pt: ")
    assert warning.count("using the one before") == 1
    assert warning.endswith("; using the one before: epoch-1-step-6.pt")
    assert "resuming after epoch 1, step 6" in outcome.out
    assert same("cut", "whole")


def test_checkpoints_that_have_lost_their_seals_are_exit_5(fcnet: Run, stopped: Path) -> None:
    for path in (stopped / "ckpt").glob("*.json"):
        path.unlink()
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert "epoch-1-step-6.json is missing" in outcome.errors[0]


def test_a_pipe_in_place_of_a_file_does_not_hang(fcnet: Run, stopped: Path) -> None:
    os.mkfifo(stopped / "ckpt/epoch-9-step-0.json")
    os.mkfifo(stopped / "ckpt/epoch-8-step-0.pt")
    (stopped / "ckpt/epoch-8-step-0.json").write_text('{"schema": 2, "bytes": 0, "sha256": ""}')
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 2  # nor is it removed: no pipe is a run's own
    assert "contains ckpt/epoch-8-step-0.pt, ckpt/epoch-9-step-0.json, which do not belong to" in outcome.errors[0]
    for name in ("epoch-9-step-0.json", "epoch-8-step-0.pt"):
        (stopped / "ckpt" / name).unlink()
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 0
    assert outcome.err.count("is missing or not a file") == 1
    assert same("cut", "whole")


@pytest.mark.parametrize("kind", ["truncated", "flipped", "seal flipped"])
def test_no_intact_checkpoint_is_exit_5(fcnet: Run, stopped: Path, kind: str) -> None:
    for path in (stopped / "ckpt").glob("*.pt"):
        DAMAGE[kind](path)
    before = sorted(path.name for path in stopped.rglob("*"))
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert len(outcome.errors) == 3
    assert outcome.errors[-1].startswith("cut/ckpt: no checkpoint is intact; ")
    assert sorted(path.name for path in stopped.rglob("*")) == before


def test_two_checkpoints_are_kept_and_older_ones_go(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.save_every=0", "data.validation=0.2").code == 0
    assert sorted(path.name for path in Path("checkpoints/tiny/ckpt").iterdir()) == [
        "epoch-3-step-7.json",
        "epoch-3-step-7.pt",
        "epoch-4-step-0.json",
        "epoch-4-step-0.pt",
        "lock",
    ]
    assert Path("checkpoints/tiny/best.pth").is_file()


def test_a_torn_line_of_the_metrics_is_cut_and_no_step_is_there_twice(fcnet: Run, stopped: Path) -> None:
    with (stopped / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "epoch": 2, "step": 4}\n{"kind": "st')
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


def test_metrics_that_are_shorter_take_the_checkpoint_before(fcnet: Run, stopped: Path) -> None:
    os.truncate(stopped / "metrics.jsonl", (stopped / "metrics.jsonl").stat().st_size - 20)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 0
    assert "cut/ckpt/epoch-2-step-3.pt: expects" in outcome.err
    assert same("cut", "whole")


def test_a_full_disk_is_exit_6_and_nothing_is_lost(fcnet: Run, tiny: Path) -> None:
    """A limit on the size of files stands for the disk: the metrics fit, the checkpoint does not."""
    import resource

    words = (*WORDS, "model.hidden=[500]", "train.save_every=0")
    assert fcnet(*words, "--out", "whole").code == 0
    size = next(Path("whole/ckpt").glob("*.pt")).stat().st_size

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    process = start(tiny.parent, *words, "--out", "cut", preexec_fn=limit)
    code, out = finish(process)
    assert code == 6
    assert "cut/ckpt/epoch-1-step-0.pt: the file grew past the limit on file sizes" in out
    assert "Traceback" not in out
    assert not list(Path("cut/ckpt").glob("*.tmp"))
    assert fcnet(*words, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


@pytest.mark.parametrize("number", range(1, 30, 4))
def test_a_disk_that_fills_up_while_training_is_exit_6(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The n-th sync of a checkpoint fails, as it does where the disk is full; the one before is kept."""
    words = (*WORDS, "train.save_every=0", "model.dropout=0.2")
    assert fcnet(*words, "--out", "whole").code == 0
    calls = 0
    fsync = os.fsync

    def full(file: int) -> None:
        nonlocal calls
        calls += 1
        if calls >= 20 + number:
            raise OSError(28, "No space left on device")
        fsync(file)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        outcome = fcnet(*words, "--out", "cut")
    assert outcome.code == 6
    assert re.match(r"cut/(ckpt/.*|metrics\.jsonl|[.\w/]+): the disk is full; free some space", outcome.errors[0])
    assert fcnet(*words, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


def test_a_folder_that_cannot_be_written_is_found_before_training(fcnet: Run, tiny: Path) -> None:
    Path("file").touch()
    for out, told in (
        ("file/run", f"--out file/run: {Path('file').resolve()} is a file, so no folder can be created below it"),
        ("/proc/run", "/proc/run: "),
    ):
        outcome = fcnet(*WORDS, "--out", out)
        assert outcome.code == 6
        assert outcome.errors[0].startswith(told)
        assert "Epoch" not in outcome.out
    assert "decoding" not in fcnet(*WORDS, "--out", "file/run").err
