"""Which way to take steps is chosen: the first that can be used and gives what the eager step gives."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from fcnet.config.train import Adam, Train
from fcnet.errors import ConfigError
from fcnet.families.fcnet.config import FCNetModel
from fcnet.families.fcnet.model import build
from fcnet.training.gpu import bursts
from fcnet.training.gpu.bursts import Problem, Way, choose
from fcnet.training.gpu.done import Done, Unavailable, Unsuitable
from fcnet.training.gpu.proof import Difference, difference
from fcnet.training.gpu.slots import Images, TorchSlots
from fcnet.training.objective import Classify
from fcnet.training.randomness import Randomness, connect
from fcnet.training.steps import step
from helpers.command_line import Run
from helpers.tiny import CLASSES, SIDE, pictures

BATCH = 7


@dataclass
class OneByOne:
    """A burst on the CPU.

    Attributes:
        problem: whose steps it takes.
        skips: whether it leaves the last step out.
        name: in the log.
        unit: of steps.
        calls: lengths so far.
    """

    problem: Problem
    skips: bool = False
    name: str = "one by one"
    unit: int = 1
    calls: list[int] = field(default_factory=list)

    def __call__(self, order: Tensor, lrs: Tensor) -> Done:
        n = len(lrs)
        self.calls.append(n)
        slots = TorchSlots(self.problem.step, self.problem.images, n, 0)
        slots.buffers.order[: len(order)] = order
        slots.buffers.lrs[:n] = lrs
        for slot in range(n - self.skips):
            slots(slot)
        found = slots.buffers
        return Done(found.losses[:n, 0].double(), found.hits[:n, 0], found.terms[:n])


@pytest.fixture
def problem() -> Problem:
    """A net with dropout and batch norm on the tiny images, after one epoch's first step."""
    torch.manual_seed(0)
    net = build(FCNetModel.model_validate({"hidden": [8], "dropout": 0.5, "batch_norm": True}), (SIDE, SIDE), CLASSES)
    randomness = Randomness(0)
    connect(net, randomness)
    net.train()
    pixels, labels = pictures(60, 0)
    images = Images(torch.from_numpy(pixels).flatten(1), torch.from_numpy(labels), BATCH)
    eager = step.build(net, Classify(), Train(optimizer=Adam(lr=0.02)))
    eager(images.pixels[:BATCH] / 255, images.labels[:BATCH], torch.tensor(0.02, dtype=torch.float64))
    order = torch.arange(4 * BATCH)
    return Problem(eager, images, randomness.generators(), 0, "fp32", order, [0.02] * 4)


def state(problem: Problem) -> list[Tensor]:
    return [tensor.clone() for tensor in (*problem.snapshot().tensors, *(g.get_state() for g in problem.generators))]


def unavailable() -> Any:
    raise Unavailable("the GPU is too old")


def fails() -> Any:
    raise RuntimeError("CUDA error: an illegal\n  instruction")


def way(burst: OneByOne) -> Way:
    return Way("graph", lambda: burst)


def test_the_first_that_agrees_is_taken_and_says_why_not_the_others(problem: Problem) -> None:
    before, good, bad = state(problem), OneByOne(problem), OneByOne(problem, skips=True)
    offered = [Way("persistent", unavailable), Way("graph", fails), way(bad), way(good)]
    choice = choose(problem, "auto", offered)
    assert choice.burst is good
    first, *others, last = choice.name.split("; ")
    assert first == "one by one"
    assert others == ["not persistent: the GPU is too old", "not graph: CUDA error: an illegal instruction"]
    assert last.startswith("not one by one: differs from the eager step (losses within 1e+00, changes of the weights")
    assert good.calls == bad.calls == [4]
    assert all(torch.equal(a, b) for a, b in zip(before, state(problem), strict=True))


def test_without_one_the_eager_step_remains(problem: Problem) -> None:
    choice = choose(problem, "auto", [way(OneByOne(problem, skips=True))])
    assert choice.burst is None
    assert choice.name.startswith("autograd, cpu, fp32 (has BatchNorm1d); not one by one: differs")


def test_what_is_demanded_and_impossible_is_an_error(problem: Problem) -> None:
    offered = [Way("persistent", unavailable), way(OneByOne(problem))]
    with pytest.raises(ConfigError) as error:
        choose(problem, "persistent", offered)
    assert error.value.problems == (
        "train.step: is persistent; not persistent: the GPU is too old; choose auto or eager",
    )
    assert choose(problem, "graph", offered).name == "one by one"


def test_what_was_never_meant_for_such_a_net_is_only_said_when_demanded(problem: Problem) -> None:
    def unsuitable() -> Any:
        raise Unsuitable("the net is not plain")

    offered = [Way("persistent", unsuitable), way(OneByOne(problem))]
    assert choose(problem, "auto", offered).name == "one by one"
    with pytest.raises(ConfigError, match="the net is not plain"):
        choose(problem, "persistent", offered)


def test_the_comparison_draws_the_same_numbers(problem: Problem) -> None:
    """Dropout is drawn by both from the same place of the stream: equal bits, not nearly equal ones."""
    assert bursts.compared(problem, OneByOne(problem)) is None
    eager = TorchSlots(problem.step, problem.images, 4, 0)
    eager.buffers.order[: 4 * BATCH] = problem.order
    eager.buffers.lrs[:4] = torch.tensor(problem.lrs)
    before = problem.snapshot()
    found = difference(before, eager, OneByOne(problem))
    assert str(found) == "equal bits"


@pytest.mark.parametrize("wanted", ["graph", "persistent"])
def test_without_a_gpu_a_demanded_way_is_exit_2(fcnet: Run, tiny: Any, wanted: str) -> None:
    outcome = fcnet("train", "-c", tiny / "tiny.yaml", f"train.step={wanted}", "--out", "run")
    assert outcome.code == 2
    assert outcome.errors == [f"train.step: is {wanted}; there is no CUDA device; choose auto or eager"]
    assert not (tiny.parent / "run").exists()


def test_eager_and_auto_are_the_same_on_a_cpu(fcnet: Run, tiny: Any) -> None:
    for word in ("auto", "eager"):
        assert fcnet("train", "-c", tiny / "tiny.yaml", f"train.step={word}", "--out", word).code == 0
    assert (tiny.parent / "auto/model.pth").read_bytes() == (tiny.parent / "eager/model.pth").read_bytes()


@pytest.mark.parametrize("copies", [False, True])
def test_a_kernel_that_reads_a_copy_is_not_for_images_that_change(
    problem: Problem, monkeypatch: pytest.MonkeyPatch, copies: bool
) -> None:
    class Reader:
        def __init__(self, *given: Any) -> None:
            pixels = next(one for one in given if isinstance(one, Tensor))
            self.plan = SimpleNamespace(images=pixels.clone() if copies else pixels)

    monkeypatch.setattr("fcnet.training.gpu.persistent.kernel.Persistent", Reader)
    plain = step.build(build(FCNetModel(hidden=[8]), (SIDE, SIDE), CLASSES), Classify(), Train())
    for change in (False, True):
        images = replace(problem.images, change=change)
        persistent = next(bursts.ways(replace(problem, step=plain, images=images)))
        if change and copies:
            with pytest.raises(Unsuitable, match="it reads a copy of images of this size"):
                persistent.build()
        else:
            persistent.build()


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [([1e-5], True), ([1e-2, 1e-5], True), ([1e-2, 1e-2], False), ([0.3], False), ([float("nan")], False)],
)
def test_a_unit_turned_on_by_rounding_is_compared_again(
    problem: Problem, monkeypatch: pytest.MonkeyPatch, changes: list[float], agrees: bool
) -> None:
    """The next steps decide where chance may be the reason; an error far off is one at once."""
    problem = replace(problem, order=torch.arange(8 * BATCH), lrs=[0.01] * 4 + [0.02] * 4)
    asked = []

    def found(_before: Any, eager: TorchSlots, _burst: Any) -> Difference:
        asked.append((eager.buffers.order[0].item(), eager.buffers.lrs[:4].tolist()))
        return Difference(1e-7, changes[len(asked) - 1])

    monkeypatch.setattr(bursts, "difference", found)
    assert (bursts.compared(problem, OneByOne(problem)) is None) == agrees
    assert asked == [(0, pytest.approx([0.01] * 4)), (4 * BATCH, pytest.approx([0.02] * 4))][: len(changes)]
