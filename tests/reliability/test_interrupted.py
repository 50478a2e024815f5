"""The promises of docs/reliability.md, through the command line: interrupted is uninterrupted, nothing is lost.

Interruptions are real signals and real kills. In-process runs are used where a signal has to fall into one chosen step.
"""

import functools
import hashlib
import json
import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import Run, tiny_config, write_config
from crash import contents

from fcnet.cli.main import main
from fcnet.commands import recorder
from fcnet.rundir import checkpoints, tensor_files
from fcnet.system import files
from fcnet.training import loop
from fcnet.training.loop import Training

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the promises rest on POSIX signals")

TESTS = Path(__file__).parent

# All that a training can keep from step to step is in one of these.
KINDS = {
    "plain": [],
    "everything": [
        "model={hidden: [8, 8], dropout: 0.2, input_dropout: 0.1, batch_norm: true, activation: prelu}",
        "train.optimizer={name: sgd, lr: 0.1, momentum: 0.9, nesterov: true}",
        "train.schedule={name: one_cycle}",
        "train.l2=0.01",
        "train.clip_grad_norm=1",
        "train.label_smoothing=0.1",
        "data.validation=0.2",
    ],
    "bf16": ["train.precision=bf16", "train.optimizer={name: adamw}", "train.schedule=cosine", "model.dropout=0.3"],
}
WORDS = ("train", "-c", "tiny/tiny.yaml")

Send = Callable[[int], None]


def states(run: str | Path) -> list[str]:
    """Hashes of all tensors and numbers of the newest checkpoint: weights, optimiser, generators, sums."""
    found = checkpoints.Checkpointer(Path(run)).newest()
    assert found is not None
    state = found[1]
    for timed in (state, state["training"], *(state[key] for key in ("last", "best") if state[key])):
        timed.pop("seconds")
    for changing in ("metrics_bytes", "machine", "config"):
        state.pop(changing)
    return [str(found[0].name), hashlib.sha256(tensor_files.encode(state)).hexdigest()]


def same(run: str | Path, other: str | Path) -> bool:
    """Whether two runs ended in the same metrics, weights, figures and training state."""
    return contents(Path(run)) == contents(Path(other)) and states(run) == states(other)


def plan_signals(patched: pytest.MonkeyPatch, n: int, *numbers: int, every: bool = False) -> None:
    """Send this process signals during the n-th step from now on, once or each time so many steps later."""
    left = n
    advance = getattr(Training.advance, "inner", Training.advance)

    def advanced(self: Training, *batch: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            for number in numbers:
                os.kill(os.getpid(), number)
            left = n if every else 0
        return advance(self, *batch)

    advanced.inner = advance  # type: ignore[attr-defined]
    patched.setattr(Training, "advance", advanced)


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``plan_signals`` for one test."""
    return functools.partial(plan_signals, monkeypatch)


# --- 1. interrupted = uninterrupted -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 5])
def test_interrupted_is_uninterrupted(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], kind: str, steps: int
) -> None:
    """Stopped after every step, or every fifth: each place of an epoch, its last step and its evaluation are met."""
    assert fcnet(*WORDS, *KINDS[kind], "--out", "whole").code == 0
    at_step(steps, signal.SIGTERM, every=True)
    sittings = 1
    while (outcome := fcnet(*WORDS, *KINDS[kind], "--out", "cut", "--resume")).code == 75:
        assert "fcnet: stopped: SIGTERM after epoch" in outcome.err
        sittings += 1
    assert outcome.code == 0, outcome.err
    assert sittings >= 21 // steps
    assert same("cut", "whole")


@pytest.mark.parametrize("left_out", ["generator", "sums", "good weights", "optimiser"])
def test_the_equality_test_can_fail(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    """The negative control: with one part of the state left out, the same comparison finds the difference."""
    assert fcnet(*WORDS, *KINDS["everything"], "--out", "whole").code == 0
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS, *KINDS["everything"], "--out", "cut").code == 75
    load = Training.load

    def forgetful(self: Training, state: dict) -> None:
        fresh = self.state()
        if left_out == "generator":
            state["generators"] = fresh["generators"]
        elif left_out == "sums":
            state["sums"] = fresh["sums"]
        elif left_out == "good weights":
            state["good"] = fresh["good"]
        else:
            state["optimizer"] = [tensor.clone() for tensor in fresh["optimizer"]]
        load(self, state)

    if left_out == "good weights":  # they are seen in what a checkpoint holds, or when a training diverges
        at_step(1, signal.SIGTERM)
    monkeypatch.setattr(Training, "load", forgetful)
    fcnet(*WORDS, *KINDS["everything"], "--out", "cut", "--resume")
    monkeypatch.undo()
    if left_out == "good weights":
        os.chdir(tiny.parent)
        at_step(6, signal.SIGTERM)
        assert fcnet(*WORDS, *KINDS["everything"], "--out", "once").code == 75
        assert states("cut") != states("once")
    else:
        os.chdir(tiny.parent)
        assert not same("cut", "whole")


def test_a_long_window_of_the_log_is_taken_up_to_the_last_bit(
    fcnet: Run, tiny: Path, at_step: Callable[..., None]
) -> None:
    """Losses are summed in blocks of a hundred: stops within blocks, and after them."""
    words = (*WORDS, "train.batch_size=1", "train.epochs=4", "train.log_every=1000", "train.optimizer.lr=0.001")
    (tiny / "train.csv").write_text("filepath,label\n" + "".join(f"{i % 60}.png,{i % 3}\n" for i in range(250)))
    words = (*words, "data.train.labels=tiny/train.csv")
    assert fcnet(*words, "--out", "whole").code == 0
    at_step(73, signal.SIGTERM, every=True)
    while (code := fcnet(*words, "--out", "cut", "--resume").code) == 75:
        pass
    assert code == 0
    assert same("cut", "whole")


def test_more_epochs_go_on_from_the_end(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=5", "--out", "whole").code == 0
    assert fcnet(*WORDS, "train.epochs=2", "--out", "longer").code == 0
    assert fcnet(*WORDS, "train.epochs=5", "--out", "longer", "--resume").code == 0
    assert same("longer", "whole")
    assert "epochs: 5" in Path("longer/config.yaml").read_text()
    outcome = fcnet("train", "--resume", "longer", "train.epochs=6", "train.schedule=constant")
    assert outcome.code == 0, outcome.err  # the run's own config


def test_more_epochs_on_a_schedule_are_warned_of(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.schedule=cosine").code == 0
    outcome = fcnet(*WORDS, "train.schedule=cosine", "train.epochs=4", "--resume")
    assert outcome.code == 0
    assert "fcnet: warning: train.schedule: cosine is laid out anew over 4 epochs, from here on" in outcome.err


def test_another_machine_is_warned_of_and_named(fcnet: Run, tiny: Path, at_step: Callable[..., None]) -> None:
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS).code == 75
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        outcome = fcnet(*WORDS, "--resume")
    finally:
        torch.set_num_threads(threads)
    assert outcome.code == 0
    assert f"fcnet: warning: threads was {threads} and is {threads + 1}: the last bits" in outcome.err
    resumed = json.loads(Path("checkpoints/tiny/environment.json").read_text())["resumed"]
    assert [(one["epoch"], one["step"], one["threads"]) for one in resumed] == [(1, 5, threads + 1)]


# --- 2. the newest intact checkpoint always loads -----------------------------------------------------------------


def crash(folder: Path, first: int, stride: int, how: str = "fresh") -> dict:
    words = ["train.epochs=2", "train.batch_size=20", "train.log_every=2", "train.save_every=0", "data.validation=0.2"]
    (folder / "runs").mkdir()
    done = subprocess.run(
        [sys.executable, TESTS / "crash.py", "runs", str(first), str(stride), how, *WORDS, *words, "model.dropout=0.2"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="forks with torch loaded")


@LINUX
def test_killed_at_calls_that_change_the_disk(tiny: Path) -> None:
    """Before write, in it, before fsync, replace, unlink, ...: a sample here, all of them among the long tests."""
    found = crash(tiny.parent, random.randrange(1, 25), 25)
    assert found["lost"] == []
    assert found["kills"] >= 9


@LINUX
@pytest.mark.long
def test_killed_at_every_fourth_call_while_a_run_is_replaced(tiny: Path) -> None:
    found = crash(tiny.parent, random.randrange(1, 5), 4, "over")
    print(found)
    assert found["lost"] == []
    assert found["kills"] >= 60


@LINUX
@pytest.mark.long
def test_killed_at_every_call_that_changes_the_disk(tiny: Path) -> None:
    found = crash(tiny.parent, 1, 1)
    print(found)
    assert found["lost"] == []
    assert found["kills"] >= 250
    assert {"write", "write,", "fsync", "replace", "unlink", "mkdir"} <= found["calls"].keys()


def start(folder: Path, *words: object, **more: object) -> subprocess.Popen[str]:
    """A real ``fcnet`` process in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "fcnet", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **more,  # type: ignore[call-overload]
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end of a process: its exit code, and all that it printed."""
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


def kill_and_go_on(folder: Path, kills: int, epochs: int, in_training: bool = False) -> int:
    """Kill -9 so often at random moments, from start-up on or from the first step on, and compare the end.

    Returns:
        How many steps the killed sittings did together.
    """
    words = (*WORDS, f"train.epochs={epochs}", "train.save_every=0", "model.dropout=0.2")
    began = time.monotonic()
    process = start(folder, *words, "train.save_every=null", "--out", "whole")
    wait_for(process, "Epoch [")
    start_up = time.monotonic() - began  # some kills fall into it, on machines slow and fast
    assert finish(process)[0] == 0
    chance = random.Random(len(str(folder)))
    for _ in range(kills):
        process = start(folder, *words, "--out", "cut", "--resume")
        if in_training:
            wait_for(process, "Epoch [")
        time.sleep(chance.uniform(0, 0.5) if in_training else chance.uniform(0.1, start_up + 1.5))
        process.kill()
        process.communicate()
    found = checkpoints.Checkpointer(folder / "cut").newest()
    assert found is not None
    done = 9 * (found[1]["training"]["epoch"] - 1) + found[1]["training"]["step"]
    process = start(folder, *words, "train.save_every=null", "--out", "cut", "--resume")
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert same(folder / "cut", folder / "whole")
    return done


def test_killed_at_random_moments(tiny: Path) -> None:
    assert kill_and_go_on(tiny.parent, kills=2, epochs=150, in_training=True) > 0


@pytest.mark.long
def test_killed_at_fifty_random_moments(tiny: Path) -> None:
    done = kill_and_go_on(tiny.parent, kills=50, epochs=2000)
    print(f"50 kills within {done} of 18000 steps")
    assert done > 500


@pytest.fixture(scope="session")
def stopped_master(tiny_master: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``cut``, stopped in its second epoch with two checkpoints, and ``whole``, the same run never stopped."""
    folder = tmp_path_factory.mktemp("stopped")
    shutil.copytree(tiny_master, folder / "tiny")
    write_config(folder / "tiny/tiny.yaml", tiny_config(Path("tiny")))
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        assert main([*WORDS, "--out", "whole"]) == 0
        for _ in range(2):
            plan_signals(patched, 6, signal.SIGTERM)
            assert main([*WORDS, "--out", "cut", "--resume"]) == 75
    assert len(list((folder / "cut/ckpt").glob("*.pt"))) == 2
    return folder


@pytest.fixture
def stopped(stopped_master: Path, tiny: Path) -> Path:
    """The two runs of ``stopped_master`` to change, in the present folder; the one that was cut."""
    for name in ("whole", "cut"):
        shutil.copytree(stopped_master / name, tiny.parent / name)
    write_config(tiny / "tiny.yaml", tiny_config(Path("tiny")))
    return Path("cut")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {
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
    assert warning.count("the one before is used") == 1
    assert warning.endswith("; the one before is used: epoch-1-step-6.pt")
    assert "going on after epoch 1, step 6" in outcome.out
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
    (stopped / "ckpt/epoch-8-step-0.json").write_text('{"schema": 1, "bytes": 0, "sha256": ""}')
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 2  # nor is it removed: no pipe is a run's own
    assert "holds ckpt/epoch-8-step-0.pt, ckpt/epoch-9-step-0.json, which are not of a run" in outcome.errors[0]
    for name in ("epoch-9-step-0.json", "epoch-8-step-0.pt"):
        (stopped / "ckpt" / name).unlink()
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 0
    assert outcome.err.count("is damaged (") == 1
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
    assert "cut/ckpt/epoch-2-step-3.pt: goes with" in outcome.err
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
    out, _ = process.communicate()
    assert process.returncode == 6
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
    for out in ("file/run", "/proc/run"):
        outcome = fcnet(*WORDS, "--out", out)
        assert outcome.code == 6
        assert f"--out {out}: " in outcome.errors[0] or out in outcome.errors[0]
        assert "Epoch" not in outcome.out
    assert "decoding" not in fcnet(*WORDS, "--out", "file/run").err


# --- 3. loading runs no code --------------------------------------------------------------------------------------


class Hostile:
    """Unpickled, it makes a file."""

    def __reduce__(self) -> tuple:
        return (os.system, ("touch canary",))


def sealed(path: Path, data: bytes, schema: int = 1) -> None:
    """Write a checkpoint's file with the seal that makes it count."""
    path.write_bytes(data)
    seal = {"schema": schema, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(seal))


def hostile_files(folder: Path) -> list[bytes]:
    torch.save({"training": {"model": Hostile()}}, folder / "x")
    return [pickle.dumps(Hostile()), (folder / "x").read_bytes()]


def test_a_hostile_pickle_is_exit_5_and_runs_nothing(fcnet: Run, stopped: Path, tmp_path: Path) -> None:
    for data in hostile_files(tmp_path):
        (stopped / "model.pth").write_bytes(data)
        assert fcnet("eval", "cut").code == 5
        sealed(stopped / "ckpt/epoch-2-step-3.pt", data)
        outcome = fcnet(*WORDS, "--out", "cut", "--resume")
        assert outcome.code == 5
        assert outcome.errors[0].startswith("cut/ckpt/epoch-2-step-3.pt: ")
    assert not Path("canary").exists()


def test_the_variable_that_turns_safe_loading_off_is_refused(
    fcnet: Run, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    for words in (["eval", "cut"], [*WORDS, "--out", "cut", "--resume"]):
        outcome = fcnet(*words)
        assert outcome.code == 2
        assert outcome.errors == [
            "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD: is set, and asks for loading that can run code; fcnet does not: unset it"
        ]


def repack(path: Path, change: Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]) -> None:
    """Write an archive anew, member by member."""
    with zipfile.ZipFile(path) as old:
        members = [(info, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w") as new:
        for info, data in members:
            change(new, info, data)


def pack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    archive.writestr(info.filename, data, zipfile.ZIP_DEFLATED)


def climb(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    archive.writestr(info.filename, data)
    if info.filename.endswith("data.pkl"):
        archive.writestr("../canary", "out")


def link(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    archive.writestr(info.filename, data)
    if info.filename.endswith("data.pkl"):
        pointer = zipfile.ZipInfo("archive/link")
        pointer.external_attr = 0o120777 << 16
        archive.writestr(pointer, "/etc/passwd")


@pytest.mark.parametrize("change", [pack, climb, link])
def test_odd_members_of_an_archive_are_refused(fcnet: Run, stopped: Path, change: Callable[..., None]) -> None:
    assert fcnet("eval", "cut").code == 0
    repack(stopped / "model.pth", change)
    outcome = fcnet("eval", "cut")
    assert outcome.code == 5
    assert "that torch.save does not write" in outcome.errors[0]
    assert not list(Path().rglob("canary"))


def altered(path: Path, change: Callable[[dict], object]) -> None:
    state = torch.load(path, weights_only=True)
    change(state)
    sealed(path, tensor_files.encode(state))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.clear(),
        lambda state: state["training"].pop("generators"),
        lambda state: state["training"].update(optimizer=[]),
        lambda state: state["training"].update(optimizer=3),
        lambda state: state["training"]["good"].update(good=[torch.zeros(1)]),
        lambda state: state["training"]["sums"].update(n="many"),
        lambda state: state["training"]["generators"].update(cpu=torch.zeros(3)),
        lambda state: state.update(machine="a laptop"),
        lambda state: state.update(data=7),
        lambda state: state["data"]["train"].update(n=torch.tensor([1, 2])),
        lambda state: state["training"]["sums"].update(waiting=[torch.zeros(2)], sizes=[7]),
        lambda state: state["training"]["sums"].update(waiting=[torch.zeros(())], sizes=[10**400]),
        lambda state: state["training"].update(epoch=-1),
        lambda state: state["training"].update(epoch=10**30),
        lambda state: state["training"].update(step=10**9),
        lambda state: state["training"].update(seconds=float("inf")),
        lambda state: state.update(seconds=float("nan")),
        lambda state: state.update(metrics_bytes=1e300),
        lambda state: state.update(metrics_bytes="x"),
        lambda state: state.update(last={"epoch": "x"}),
        lambda state: state.update(deep=torch.zeros(2).to_sparse()),
    ],
    ids=range(21),
)
def test_a_state_with_other_things_inside_is_exit_5(
    fcnet: Run, stopped: Path, change: Callable[[dict], object]
) -> None:
    altered(stopped / "ckpt/epoch-2-step-3.pt", change)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert len(outcome.errors) == 1
    assert outcome.errors[0].startswith("cut/ckpt/epoch-2-step-3.pt: is not the state of ")


def test_a_checkpoint_of_another_net_is_exit_5_with_both_shapes(fcnet: Run, stopped: Path) -> None:
    assert fcnet(*WORDS, "model.hidden=[9]", "--out", "other").code == 0
    other = torch.load(next(Path("other/ckpt").glob("*.pt")), weights_only=True)
    altered(stopped / "ckpt/epoch-2-step-3.pt", lambda state: state.update(training=other["training"]))
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert "fc1.weight is (9, 36), in the config's model (8, 36)" in outcome.errors[0]


def test_a_checkpoint_of_another_schema_is_exit_5(fcnet: Run, stopped: Path) -> None:
    path = stopped / "ckpt/epoch-2-step-3.pt"
    sealed(path, path.read_bytes(), schema=2)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 5
    assert "is of schema 2, this fcnet reads 1; go on with the fcnet that wrote it" in outcome.errors[0]


# --- 4. --resume --------------------------------------------------------------------------------------------------


def test_resume_begins_where_there_is_nothing_and_does_nothing_at_the_end(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "--resume").code == 0
    before = {path: path.stat().st_mtime_ns for path in Path("checkpoints").rglob("*")}
    outcome = fcnet(*WORDS, "--resume")
    assert outcome.code == 0
    assert outcome.out == "run: checkpoints/tiny is finished already; nothing was done\n"
    assert {path: path.stat().st_mtime_ns for path in Path("checkpoints").rglob("*")} == before


def test_resume_takes_the_newest_run_of_the_config(fcnet: Run, tiny: Path, at_step: Callable[..., None]) -> None:
    assert fcnet(*WORDS).code == 0
    at_step(5, signal.SIGTERM)
    assert fcnet(*WORDS).code == 75
    assert "into checkpoints/tiny-2, going on after epoch 1, step 5" in fcnet(*WORDS, "--resume").out


def test_resume_of_a_run_needs_no_config(fcnet: Run, stopped: Path) -> None:
    assert fcnet("train", "--resume", "cut").code == 0
    assert same("cut", "whole")
    for words, told in (
        (["--resume"], "checkpoints: holds no run yet; name one that lies elsewhere"),
        ([], "--config: is missing; give the YAML file of the run"),
    ):
        outcome = fcnet("train", *words)
        assert outcome.code == 2
        assert outcome.errors[0].startswith(told)


def test_resume_insists_where_a_run_is_named(fcnet: Run, stopped: Path) -> None:
    assert (
        fcnet("train", "--resume", "nowhere", "-c", "tiny/tiny.yaml")
        .errors[0]
        .startswith("--resume nowhere: is not there; name a run directory")
    )
    assert fcnet("train", "--resume", "tiny", "-c", "tiny/tiny.yaml").code == 2
    shutil.rmtree("cut/ckpt")
    outcome = fcnet("train", "--resume", "cut")
    assert outcome.code == 5
    assert outcome.errors[0].startswith("cut/ckpt: holds no checkpoint to go on from")
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 0  # begins anew
    assert same("cut", "whole")


def test_a_finished_run_without_checkpoints_is_not_begun_anew(fcnet: Run, stopped: Path) -> None:
    shutil.rmtree("whole/ckpt")
    weights = Path("whole/model.pth").read_bytes()
    assert fcnet(*WORDS, "--out", "whole", "--resume", "train.epochs=9").code == 5
    assert Path("whole/model.pth").read_bytes() == weights


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("seed=1", "seed: is 1, but cut was begun with 0; give that, or start a new run without --resume"),
        ("model.hidden=[9]", "model.hidden: is [9], but cut was begun with [8]"),
        ("model.activation=tanh", "model.activation.name: is tanh, but cut was begun with relu"),
        ("train.optimizer.lr=0.01", "train.optimizer.lr: is 0.01, but cut was begun with 0.02"),
        ("train.optimizer=sgd", "train.optimizer.name: is sgd, but cut was begun with adam; give that, or start a new"),
        ("train.batch_size=8", "train.batch_size: is 8, but cut was begun with 7"),
        ("train.precision=bf16", "train.precision: is bf16, but cut was begun with fp32"),
        ("data.validation=10", "data.validation: is 10, but cut was begun without it; give that, or"),
        ("data.image_size=[5, 6]", "data.image_size: is [5, 6], but cut was begun with [6, 6]"),
        ("train.epochs=2", "train.epochs: is 2, but cut was begun with 3; epochs can be added, not taken away"),
    ],
)
def test_what_would_change_the_result_is_refused(fcnet: Run, stopped: Path, word: str, message: str) -> None:
    before = {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()}
    outcome = fcnet(*WORDS, "--out", "cut", "--resume", word)
    assert outcome.code == 2
    assert any(error.startswith(message) for error in outcome.errors), outcome.errors
    assert {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()} == before


def test_what_would_not_change_the_result_is_allowed(fcnet: Run, stopped: Path) -> None:
    Path("tiny").rename("moved")
    words = [f"data.{split}.{key}=moved/{split}{end}" for split in ("train", "test") for key, end in PARTS]
    outcome = fcnet("train", "-c", "moved/tiny.yaml", *words, "train.save_every=0", "--out", "cut", "--resume")
    assert outcome.code == 0, outcome.err
    assert same("cut", "whole")


PARTS = (("images", ""), ("labels", ".txt"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda tiny: shutil.copy(tiny / "train/3.png", tiny / "train/5.png"),
            "data.train: the pixels of its 60 images",
        ),
        (lambda tiny: relabel(tiny / "test.txt", 4), "data.test: the labels of its 21 images changed since the check"),
        (lambda tiny: one_less(tiny / "train"), "data.train: the number of images, 60 then and 59 now, changed since"),
    ],
)
def test_changed_images_or_labels_are_exit_3(
    fcnet: Run, stopped: Path, tiny: Path, change: Callable[[Path], object], message: str
) -> None:
    change(tiny)
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 3
    assert outcome.errors[0].startswith(message)


def relabel(path: Path, line: int) -> None:
    labels = path.read_text().split()
    labels[line] = str((int(labels[line]) + 1) % 3)
    path.write_text("\n".join(labels))


def one_less(folder: Path) -> None:
    (folder / "59.png").unlink()
    lines = folder.with_suffix(".txt").read_text().split()
    folder.with_suffix(".txt").write_text("\n".join(lines[:-1]))


# --- 5. signals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR2, signal.SIGHUP])
def test_signals_finish_the_step_save_and_exit_75(
    fcnet: Run, tiny: Path, at_step: Callable[..., None], number: signal.Signals
) -> None:
    assert fcnet(*WORDS, "--out", "whole").code == 0
    at_step(14, number, number if number == signal.SIGTERM else 0)  # repeated TERM is harmless
    outcome = fcnet(*WORDS)
    assert outcome.code == 75
    assert outcome.err.splitlines()[-1] == (
        f"fcnet: stopped: {number.name} after epoch 2, step 5; saved; go on with: fcnet train --resume checkpoints/tiny"
    )
    result = json.loads(Path("checkpoints/tiny/result.json").read_text())
    assert (result["ended"], result["signal"], result["epoch"]) == ("stopped", number.name, 1)
    assert fcnet("eval", "checkpoints/tiny").code == 0  # the weights so far
    assert fcnet(*WORDS, "--resume").code == 0
    assert same("checkpoints/tiny", "whole")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # the handlers are given back


def test_a_second_int_exits_at_once_with_130(fcnet: Run, tiny: Path, at_step: Callable[..., None]) -> None:
    assert fcnet(*WORDS, "train.save_every=0", "--out", "whole").code == 0
    at_step(14, signal.SIGINT, signal.SIGINT)
    outcome = fcnet(*WORDS, "train.save_every=0", "--out", "cut")
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1] == "fcnet: interrupted"
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


PLACES = {
    "evaluation": (loop, "evaluate"),
    "save": (files, "write_bytes"),
    "the metrics": (recorder.log, "append"),
    "start-up": (recorder.environment, "write_start"),
}


@pytest.mark.parametrize("place", PLACES)
def test_term_in_other_places_loses_nothing(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    words = (*WORDS, "train.save_every=0.05")
    assert fcnet(*words, "--out", "whole").code == 0
    module, name = PLACES[place]
    call = getattr(module, name)

    def signalled(*args: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return call(*args)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, signalled)
        assert fcnet(*words, "--out", "cut").code == 75
    assert fcnet(*words, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


def test_term_before_the_first_step_leaves_nothing(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fcnet.data.images import decode

    read = decode.read

    def signalled(*args: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(decode, "read", signalled)
    outcome = fcnet(*WORDS)
    assert outcome.code == 75
    assert outcome.err.splitlines()[-1].startswith(
        "fcnet: stopped: SIGTERM before the training began; nothing was lost"
    )
    assert not Path("checkpoints").exists()


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"the process ended before it printed {words!r}")


LONG = ("train.epochs=100000", "train.log_every=1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_as_slurm_sends_it(tiny: Path, number: signal.Signals) -> None:
    process = start(tiny.parent, *WORDS, *LONG)
    wait_for(process, "Epoch [2/")
    os.killpg(process.pid, number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "Traceback" not in out
    assert re.search(rf"fcnet: stopped: {number.name} after epoch \d+", out)


def test_hup_under_nohup_goes_on(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=60", "--out", "whole").code == 0
    process = subprocess.Popen(
        ["nohup", sys.executable, "-m", "fcnet", *WORDS, "train.epochs=60", "--out", "held"],
        cwd=tiny.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(process, "Epoch [2/")
    process.send_signal(signal.SIGHUP)
    code, out = finish(process)
    assert code == 0, out
    assert same("held", "whole")


# --- 6. one job, one run directory --------------------------------------------------------------------------------


def test_a_second_job_is_exit_7_and_the_first_is_unharmed(fcnet: Run, tiny: Path) -> None:
    assert fcnet(*WORDS, "train.epochs=90", "--out", "whole").code == 0
    first = start(tiny.parent, *WORDS, "train.epochs=90", "train.log_every=1", "train.save_every=0", "--out", "mine")
    wait_for(first, "Epoch [2/")
    for words in (["--resume"], ["--resume", "--force"], ["--overwrite"]):
        outcome = fcnet(*WORDS, "train.epochs=90", "--out", "mine", *words)
        assert outcome.code == 7
        assert re.match(rf"mine: is in use by process {first.pid} on \S+ \(started .*, last seen", outcome.errors[0])
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert first.returncode == 75
    assert not Path("mine/ckpt/owner.json").exists()
    assert fcnet(*WORDS, "train.epochs=90", "train.log_every=1", "--out", "mine", "--resume").code == 0
    assert Path("mine/model.pth").read_bytes() == Path("whole/model.pth").read_bytes()


def test_many_jobs_that_start_at_once_share_nothing(tiny: Path) -> None:
    """With --resume and one --out, one of them trains; without, each has a directory of its own."""
    together = [start(tiny.parent, *WORDS, "train.epochs=50", "--out", "one", "--resume") for _ in range(2)]
    codes = sorted(finish(process)[0] for process in together)
    assert codes[0] == 0
    assert set(codes) <= {0, 7}
    apart = [start(tiny.parent, *WORDS) for _ in range(2)]
    assert [finish(process)[0] for process in apart] == [0, 0]
    assert {path.name for path in (tiny.parent / "checkpoints").iterdir()} == {"tiny", "tiny-2"}


def owner(**facts: object) -> str:
    return json.dumps(
        {"host": "elsewhere", "pid": 4711, "start": "now", "job": None, "restarts": 0, "heartbeat": "now"} | facts
    )


def test_a_stale_owner_of_this_host_is_recognised_and_one_of_another_takes_force(
    fcnet: Run, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    (stopped / "ckpt/owner.json").write_text(owner())
    outcome = fcnet(*WORDS, "--out", "cut", "--resume")
    assert outcome.code == 7
    assert outcome.errors == [
        "cut: is held by process 4711 on elsewhere (started now, last seen now), which may still run there; if it has"
        " ended, take the run over with --force"
    ]
    (stopped / "ckpt/owner.json").write_text(owner(job="77", restarts=0))
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    assert fcnet(*WORDS, "--out", "cut", "--resume").code == 7  # the same job, but not started again
    monkeypatch.delenv("SLURM_JOB_ID")
    assert fcnet(*WORDS, "--out", "cut", "--resume", "--force").code == 0
    assert same("cut", "whole")
    (stopped / "ckpt/owner.json").write_text(owner(host=socket.gethostname()))
    assert fcnet(*WORDS, "--out", "cut", "--resume", "train.epochs=4").code == 0
    (stopped / "ckpt/owner.json").write_text(owner(job="77"))
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert fcnet(*WORDS, "--out", "cut", "--resume", "train.epochs=5").code == 0


# --- numbers ------------------------------------------------------------------------------------------------------


def test_a_huge_rate_is_exit_4_with_step_rate_and_images(fcnet: Run, tiny: Path) -> None:
    """What it names is the first step whose loss is not finite, although one looked at the fourth only."""
    outcome = fcnet(*WORDS, "train.optimizer.lr=1e30", "model.hidden=[8, 8]", "train.save_every=0", "--out", "run")
    assert outcome.code == 4
    (error,) = outcome.errors
    assert re.match(r"epoch 1, step 2 \(lr 1e\+30; 7 training images, numbers (\d+, ){6}\d+\): the loss is not", error)
    result = json.loads(Path("run/result.json").read_text())
    assert result["ended"] == "diverged"
    assert {key: result["diverged"][key] for key in ("epoch", "step", "lr")} == {"epoch": 1, "step": 2, "lr": 1e30}
    assert len(result["diverged"]["images"]) == 7
    assert all(tensor.isfinite().all() for tensor in torch.load("run/model.pth", weights_only=True).values())
    for path in Path("run/ckpt").glob("*.pt"):
        assert all(one.isfinite().all() for one in torch.load(path, weights_only=True)["training"]["model"].values())
    assert fcnet(*WORDS, "train.optimizer.lr=1e30", "model.hidden=[8, 8]", "--out", "run", "--resume").code == 4


def test_out_of_memory_is_exit_6_and_the_checkpoint_is_kept(
    fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*WORDS, "train.save_every=0")
    assert fcnet(*words, "--out", "whole").code == 0
    left = 14
    advance = Training.advance

    def starved(self: Training, *batch: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            raise RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1")
        return advance(self, *batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Training, "advance", starved)
        outcome = fcnet(*words, "--out", "cut")
    assert outcome.code == 6
    assert outcome.errors[0].startswith(
        "train.batch_size: is 7; memory ran out after epoch 2, step 4; free some and go"
    )
    assert outcome.errors[0].endswith("the checkpoint of epoch 2, step 4 is kept")
    assert fcnet(*words, "--out", "cut", "--resume").code == 0
    assert same("cut", "whole")


# --- data ---------------------------------------------------------------------------------------------------------


def spoil(folder: Path) -> None:
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:60])
    (folder / "30.png").write_bytes(b"")
    (folder / "33.png").write_text("not an image")


def test_bad_images_among_many_are_all_named(fcnet: Run, tiny: Path) -> None:
    spoil(tiny / "train")
    outcome = fcnet(*WORDS)
    assert outcome.code == 3
    assert [Path(error.split(": ")[0]).name for error in outcome.errors] == ["3.png", "30.png", "33.png"]
    assert not Path("checkpoints").exists()


def test_bad_images_can_be_left_out_and_are_listed(fcnet: Run, tiny: Path) -> None:
    """The rest is trained on as if they had never been there: no image takes their place."""
    spoil(tiny / "train")
    outcome = fcnet(*WORDS, "data.on_bad=skip", "--out", "skipped")
    assert outcome.code == 0
    assert "3 of 60 images cannot be read and are left out" in outcome.err
    listed = Path("skipped/skipped.txt").read_text().splitlines()
    assert [re.sub(r"^train: .*/(\d+\.png): .*", r"\1", line) for line in listed] == ["3.png", "30.png", "33.png"]
    assert json.loads(Path("skipped/environment.json").read_text())["data"]["train"]["n"] == 57
    rows = (tiny / "train.txt").read_text().split()
    table = "".join(f"{i}.png,{label}\n" for i, label in enumerate(rows) if i not in (3, 30, 33))
    (tiny / "train.csv").write_text("filepath,label\n" + table)
    assert fcnet(*WORDS, "data.train.labels=tiny/train.csv", "--out", "without").code == 0
    assert Path("skipped/model.pth").read_bytes() == Path("without/model.pth").read_bytes()
    assert fcnet(*WORDS, "--out", "refused").code == 3  # decoded before, and still an error without skip
    outcome = fcnet("eval", "skipped", "--split", "train")
    assert outcome.code == 0
    assert "3 of 60 images cannot be read and are left out (data.on_bad: skip)" in outcome.err


def test_a_folder_of_bad_images_is_an_error_even_so(fcnet: Run, tiny: Path) -> None:
    for path in (tiny / "test").iterdir():
        path.write_bytes(b"")
    assert fcnet(*WORDS, "data.on_bad=skip").code == 3


def test_a_forged_header_is_refused_in_bounded_memory(tiny: Path) -> None:
    import struct
    import zlib

    data = bytearray((tiny / "train/3.png").read_bytes())
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tiny / "train/3.png").write_bytes(data)
    process = start(tiny.parent, *WORDS)
    out, _ = process.communicate()
    assert process.returncode == 3
    assert "tiny/train/3.png: cannot be read as an image (" in out
    assert "Traceback" not in out
    peak = int(subprocess.run([sys.executable, "-c", PEAK, str(tiny / "train/3.png")], capture_output=True).stdout)
    assert peak < 20_000_000


PEAK = """
import sys, tracemalloc
from pathlib import Path
from fcnet.data.images import decode
from fcnet.errors import DataError
tracemalloc.start()
try:
    decode.read(Path(sys.argv[1]), (28, 28))
except DataError:
    print(tracemalloc.get_traced_memory()[1])
"""


def test_a_csv_row_that_names_no_file_is_an_error_and_does_not_hang(fcnet: Run, tiny: Path) -> None:
    os.mkfifo(tiny / "train/pipe.png")
    (tiny / "train.csv").write_text("filepath,label\n0.png,0\npipe.png,1\n../train,2\n")
    outcome = fcnet(*WORDS, "data.train.labels=tiny/train.csv")
    assert outcome.code == 3
    assert [error.split(": ")[0] for error in outcome.errors] == ["tiny/train.csv:3", "tiny/train.csv:4"]


@pytest.mark.parametrize("form", ["\r\n", "\ufeff", "\n\n \n"], ids=["CRLF", "BOM", "blank at the end"])
def test_label_files_as_editors_leave_them_are_read(fcnet: Run, tiny: Path, form: str) -> None:
    labels = (tiny / "train.txt").read_text().split()
    text = "\r\n".join(labels) if form == "\r\n" else "\n".join(labels)
    text = form + text if form == "\ufeff" else text + form
    (tiny / "train.txt").write_bytes(text.encode())
    assert fcnet(*WORDS).code == 0


def test_a_blank_line_within_the_labels_is_refused_with_its_line(fcnet: Run, tiny: Path) -> None:
    labels = (tiny / "train.txt").read_text().split()
    (tiny / "train.txt").write_text("\n".join([*labels[:6], "", *labels[6:]]))
    outcome = fcnet(*WORDS)
    assert outcome.code == 3
    assert outcome.errors[0].endswith("tiny/train.txt:7: blank line; write the label of the image")


# --- config -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['touch canary']", "!!python/name:os.system"])
def test_tags_that_would_build_objects_are_refused(fcnet: Run, tiny: Path, tag: str) -> None:
    (tiny / "bad.yaml").write_text(f"data: {tag}\n")
    outcome = fcnet("train", "-c", "tiny/bad.yaml")
    assert outcome.code == 2
    assert any("tiny/bad.yaml:1: the tag !!python/" in error for error in outcome.errors)
    assert not Path("canary").exists()


def test_names_do_not_leave_the_run_root(fcnet: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tiny / "...yaml").write_text((tiny / "tiny.yaml").read_text())
    for words in ([], ["--resume"]):
        outcome = fcnet("train", "-c", "tiny/...yaml", *words)
        assert outcome.code == 2
        assert "'...yaml' gives the run no name; rename the file, or give --out DIR" in outcome.errors[0]
    monkeypatch.chdir(tiny)
    for out in ("../outside", "a/../../outside"):
        for resume in ([], ["--resume"]):
            outcome = fcnet("train", "-c", "tiny.yaml", "--out", out, *resume)
            assert outcome.code == 2
            assert (
                f"--out {out}: leaves this folder by '..'; if that is meant, name it whole: {tiny.parent}"
                in (outcome.errors[0])
            )
    assert not (tiny.parent / "outside").exists()
    Path("loop").symlink_to("loop")
    for words in (["--out", "loop"], ["--out", "loop/x", "--resume"]):
        assert fcnet("train", "-c", "tiny.yaml", *words).errors[0].endswith("is a loop of links; choose another folder")


def test_the_words_of_the_signals_are_those_of_the_platform() -> None:
    from fcnet.system import signals

    assert [name for name in signals.STOPPING if not hasattr(signal, name)] == []


def test_resume_takes_its_run_from_the_next_word_or_none(fcnet: Run, stopped: Path) -> None:
    """--resume first, last, before KEY=VALUE, before a run whose name has an equals sign."""
    stopped.rename("lr=0.02")
    Path("runs").mkdir()
    Path("lr=0.02").rename("runs/lr=0.02")
    assert fcnet("train", "--resume", "runs/lr=0.02").code == 0
    config = {"extends": "tiny.yaml"}
    write_config(Path("tiny/other.yaml"), config)
    assert fcnet("train", "--resume", "seed=3", "-c", "tiny/other.yaml").code == 0
    assert fcnet("train", "-c", "tiny/other.yaml", "seed=3", "--resume").out.endswith("nothing was done\n")
    assert fcnet("train", "--resume", "--config", "tiny/other.yaml", "seed=3").out.endswith("nothing was done\n")
