"""Several runs trained together, each into its own directory, against the same runs trained alone."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fcnet import schema
from fcnet.commands.together.run import Job, Outcome, run_together
from fcnet.commands.train import RunResult, run_train
from fcnet.errors import ConfigError, DivergedError, InUseError, ResourceError, Stopped
from fcnet.rundir import checkpoints
from fcnet.rundir.lock import owning
from fcnet.rundir.target import Target
from fcnet.system import files
from fcnet.system.signals import Stop
from fcnet.system.sinks import Sinks
from fcnet.training.together.group import Group
from helpers.crash import contents
from helpers.runs import same


@pytest.fixture(autouse=True)
def here(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with the data."""
    monkeypatch.chdir(tiny.parent)


def nothing(_record: Any) -> None:
    """What most sinks do at a record."""


# Another learning rate, schedule, loss and optimiser's settings each.
MIXED = (
    ("seed=3", "train.schedule=cosine"),
    ("seed=4", "train.label_smoothing=0.1", "train.optimizer.betas=[0.8,0.99]"),
    ("seed=5", "train.clip_grad_norm=0.5", "model.init={name: normal, std: 0.1}"),
    ("seed=6", "train.optimizer.lr=0.05"),
)


class Kept:
    """A sink that keeps messages and how steps are taken, and does something at each record."""

    def __init__(self, act: Callable[[Any], object] = nothing) -> None:
        self.lines: list[str] = []
        self._act = act

    def write(self, record: Any) -> None:
        if record.kind == "message":
            self.lines.append(f"{record.level}: {record.text}")
        if record.kind == "start":
            self.lines.append(record.step)
        self._act(record)

    def close(self) -> None:
        """Nothing to close."""


def jobs(
    folder: str, mixed: Sequence[Sequence[str]] = MIXED, *more: str, sinks: Sequence[Kept] = (), **target: Any
) -> list[Job]:
    config = Path("tiny/tiny.yaml")
    return [
        Job(
            schema.load(config, [*words, *more]),
            Target("tiny", out=Path(folder) / str(number), **target),
            Sinks([sinks[number]] if sinks else []),
        )
        for number, words in enumerate(mixed)
    ]


def alone(folder: str, mixed: Sequence[Sequence[str]] = MIXED, *more: str) -> None:
    for job in jobs(folder, mixed, *more):
        run_train(job.settings, job.target)


def finished(outcomes: Sequence[Outcome]) -> bool:
    return all(isinstance(one, RunResult) and one.metrics["ended"] == "finished" for one in outcomes)


def test_runs_have_the_files_of_runs_alone() -> None:
    words = ("data.validation=0.2", "plots=true")
    alone("alone", MIXED, *words)
    shown = [Kept() for _ in MIXED]
    found = run_together(jobs("group", MIXED, *words, sinks=shown))
    assert finished(found)
    for number, kept in enumerate(shown):
        one, other = Path("group") / str(number), Path("alone") / str(number)
        assert sorted(os.listdir(one)) == sorted(os.listdir(other))
        assert (one / "config.yaml").read_bytes() == (other / "config.yaml").read_bytes()
        for name in ("model.pth", "best.pth"):
            assert (one / name).read_bytes() == (other / name).read_bytes()
        compare_metrics(contents(one), contents(other))
        assert "together with 3 other nets, by hand, cpu, fp32" in "\n".join(kept.lines)
        others = json.loads((one / "environment.json").read_text())["together"]
        assert others == [f"group/{k}" for k in range(4) if k != number]


def compare_metrics(one: Any, other: Any) -> None:
    """Losses of training agree within rounding, as they are summed otherwise; all else is equal."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            compare_metrics(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            compare_metrics(first, second)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-6)
    else:
        assert one == other


def test_the_result_does_not_depend_on_the_others() -> None:
    """A net has equal bits with others, with fewer, and in another order; metrics too."""
    run_together(jobs("group"))
    run_together(jobs("turned", MIXED[::-1]))
    run_together(jobs("two", MIXED[:2]))
    for number in range(4):
        assert same(f"group/{number}", f"turned/{3 - number}")
    assert same("group/0", "two/0")
    assert same("group/1", "two/1")


def test_a_net_that_diverges_leaves_and_the_others_go_on() -> None:
    mixed = (MIXED[0], ("seed=7", "train.optimizer={name: adam, lr: 1e+30}"), MIXED[3])
    run_together(jobs("without", (mixed[0], mixed[2])))
    with pytest.raises(DivergedError) as error:
        alone("alone", mixed[1:2])
    first, bad, last = run_together(jobs("group", mixed))
    assert finished([first, last])
    assert isinstance(bad, DivergedError)
    assert (bad.problems, bad.facts) == (error.value.problems, error.value.facts)
    assert same("group/0", "without/0")
    assert same("group/2", "without/1")
    result = json.loads(Path("group/1/result.json").read_text())
    assert result["ended"] == "diverged"
    assert Path("group/1/model.pth").read_bytes() == Path("alone/0/model.pth").read_bytes()


class Signalled:
    """A sink that asks to stop at the n-th record of steps."""

    def __init__(self, n: int, stop: Stop) -> None:
        self._left, self._stop = n, stop

    def __call__(self, record: Any) -> None:
        self._left -= record.kind in ("tick", "step")
        if self._left == 0:
            self._stop.handle(signal.SIGTERM, None)


@pytest.mark.parametrize("n", [1, 5, 9])
def test_stopped_and_resumed_has_equal_bits(n: int) -> None:
    run_together(jobs("whole"))
    stop = Stop()
    act = Signalled(n, stop)
    found = run_together(jobs("cut", sinks=[Kept(act if k == 1 else nothing) for k in range(4)]), stop)
    assert all(isinstance(one, Stopped) for one in found)
    places = {tuple(checkpoints.Checkpointer(Path(f"cut/{k}")).places()[0]) for k in range(4)}
    assert len(places) == 1  # all at the same step
    shown = [Kept() for _ in range(4)]
    assert finished(run_together(jobs("cut", resume=True, sinks=shown)))
    for number in range(4):
        assert same(f"cut/{number}", f"whole/{number}")
    assert not [line for kept in shown for line in kept.lines if line.startswith("warning")]


def test_another_number_of_threads_is_said() -> None:
    stop = Stop()
    act = Signalled(3, stop)
    run_together(jobs("cut", MIXED[:2], sinks=[Kept(act), Kept()]), stop)
    shown = [Kept(), Kept()]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fcnet.commands.training.resume.threads_of", lambda _: 7)
        run_together(jobs("cut", MIXED[:2], resume=True, sinks=shown))
    for kept in shown:
        assert any(line.startswith("warning: threads was 7 and is now ") for line in kept.lines), kept.lines


def test_resumed_with_some_that_have_ended() -> None:
    """The first run has finished and the second has diverged before the group is killed and resumed."""
    mixed = (MIXED[0], ("seed=7", "train.optimizer.lr=1e+30"), *MIXED[1:3])
    run_together(jobs("whole", mixed))
    stop = Stop()
    act = Signalled(8, stop)
    run_together(jobs("cut", mixed, sinks=[Kept(act if k == 3 else nothing) for k in range(4)]), stop)
    shutil.rmtree("cut/0")
    shutil.copytree("whole/0", "cut/0")
    before = contents(Path("cut/0")), contents(Path("cut/1"))
    found = run_together(jobs("cut", mixed, resume=True))
    assert isinstance(found[1], DivergedError)
    assert finished([found[0], *found[2:]])
    assert (contents(Path("cut/0")), contents(Path("cut/1"))) == before
    for number in (2, 3):
        assert same(f"cut/{number}", f"whole/{number}")
    again = run_together(jobs("cut", mixed, resume=True))
    assert isinstance(again[1], DivergedError)
    assert finished([again[0], *again[2:]])


def test_a_damaged_checkpoint_of_one_sends_all_to_the_one_before() -> None:
    run_together(jobs("whole"))
    stop = Stop()
    act = Signalled(10, stop)
    shown = [Kept(act if k == 0 else nothing) for k in range(4)]
    run_together(jobs("cut", MIXED, "train.save_every=1e-9", sinks=shown), stop)
    newest = checkpoints.Checkpointer(Path("cut/2")).places()[0]
    (Path("cut/2/ckpt") / "epoch-{}-step-{}.pt".format(*newest)).write_bytes(b"")
    assert finished(run_together(jobs("cut", MIXED, "train.save_every=1e-9", resume=True)))
    for number in range(4):
        assert same(f"cut/{number}", f"whole/{number}")


def test_runs_without_a_common_checkpoint_are_resumed_one_after_the_other() -> None:
    run_together(jobs("whole"))
    for number, n in enumerate((3, 5, 7, 9)):
        stop = Stop()
        shown = [Kept(Signalled(n, stop))] * 4
        job = jobs("cut", MIXED, "train.save_every=1e-9", sinks=shown)[number]
        with pytest.raises(Stopped):
            run_train(job.settings, job.target, stop, job.sinks)
    kept = Kept()
    assert finished(run_together(jobs("cut", resume=True), sinks=Sinks([kept])))
    assert any("one after the other: they have no intact checkpoint in common" in line for line in kept.lines)
    for number in range(4):  # on this CPU
        assert Path(f"cut/{number}/model.pth").read_bytes() == Path(f"whole/{number}/model.pth").read_bytes()


def test_one_that_is_in_use_does_not_keep_the_others() -> None:
    run_together(jobs("group"))
    replaced = Job(jobs("group")[1].settings, Target("x", out=Path("group/1"), overwrite=True))
    before = contents(Path("group/1"))
    with owning(Path("group/1")):
        found = run_together([*jobs("new")[:1], replaced])
    assert finished(found[:1])
    assert isinstance(found[1], InUseError)
    assert contents(Path("group/1")) == before


def test_a_full_disk_for_one_ends_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    write = files.write_bytes

    def full(path: Path, data: bytes) -> None:
        if path.parent == Path("group/2/ckpt"):
            raise ResourceError(f"{path}: the disk is full; free some")
        write(path, data)

    monkeypatch.setattr(files, "write_bytes", full)
    found = run_together(jobs("group"))
    assert isinstance(found[2], ResourceError)
    assert finished([*found[:2], found[3]])
    assert json.loads(Path("group/2/result.json").read_text())["ended"] == "failed"


def test_memory_that_runs_out_in_a_common_step_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    compute, calls = Group._compute, 0

    def failing(self: Group, steps: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        compute(self, steps)

    with monkeypatch.context() as patched:
        patched.setattr(Group, "_compute", failing)
        found = run_together(jobs("group"))
    assert all(isinstance(one, ResourceError) for one in found)
    assert calls == 4
    run_together(jobs("whole"))
    assert finished(run_together(jobs("group", resume=True)))
    for number in range(4):
        assert same(f"group/{number}", f"whole/{number}")


def test_a_single_run_is_trained_alone() -> None:
    assert run_together([]) == []
    shown = [Kept()]
    assert finished(run_together(jobs("group", MIXED[:1], "model.batch_norm=true", sinks=shown)))
    assert not any("together" in line for line in shown[0].lines)


def test_runs_that_are_not_alike_are_refused() -> None:
    with pytest.raises(ConfigError, match="differ in more than"):
        run_together(jobs("group", (("seed=1",), ("model.hidden=[9]",))))
    with pytest.raises(ConfigError, match=r"model\.batch_norm is true"):
        run_together(jobs("group", (("model.batch_norm=true",),) * 2))
    assert not Path("group").exists()


def test_with_dropout_they_agree_within_rounding() -> None:
    mixed = [(*words, f"model.dropout={share}") for words, share in zip(MIXED, (0.0, 0.1, 0.2, 0.3), strict=True)]
    alone("alone", mixed, "train.epochs=1")
    run_together(jobs("group", mixed, "train.epochs=1"))
    for number in range(4):
        one, other = (json.loads((Path(f) / str(number) / "result.json").read_text()) for f in ("group", "alone"))
        assert one["train"]["loss"] == pytest.approx(other["train"]["loss"], rel=1e-5)
        assert one["test"]["loss"] == pytest.approx(other["test"]["loss"], rel=1e-5)
