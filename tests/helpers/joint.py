"""Groups of nets whose joint steps are fcnet's own kernels, run by Triton's interpreter: a stand-in for a GPU.

For a process of its own with TRITON_INTERPRET=1. What would be a CUDA graph takes its steps one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from fcnet.config.layers import PlainActivation
from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.errors import DivergedError
from fcnet.families.common.fully_connected import FCNet
from fcnet.system.sinks import Message
from fcnet.training.gpu import bursts, graph
from fcnet.training.gpu.graph import Graphs
from fcnet.training.records import EpochRecord, Record, StepRecord
from fcnet.training.together import choice, joint
from fcnet.training.together.group import Group
from fcnet.training.together.lane import Net
from helpers.tiny import CLASSES, SIDE, folder

SPLITS = Splits(folder(31, 1), None, folder(12, 2))  # four whole batches, and one of 3 images
SETTINGS: dict[str, Any] = {"epochs": 1, "batch_size": 7, "log_every": 3, "optimizer": {"name": "adam", "lr": 0.01}}
TWO: dict[str, Any] = {"epochs": 2}
UNIT, COMPARED = 2, 3  # steps of a graph, and compared: a burst of 3 steps has a whole one and a shorter one


class OneByOne:
    """What stands for a captured graph: it takes the steps of its slots."""

    def __init__(self, take: Callable[[int], None], slots: range) -> None:
        self._take, self._slots = take, slots

    def replay(self) -> None:
        """Take the steps."""
        for slot in self._slots:
            self._take(slot)


@contextmanager
def without_a_gpu() -> Iterator[None]:
    """Let graphs be made on a CPU."""

    def capture(graphs: Any, steps: int) -> OneByOne:
        start = graphs._start(steps)
        return OneByOne(graphs._take, range(start, start + steps))

    with (
        patch.object(Graphs, "_capture", capture),
        patch.object(graph, "_aside", lambda _: nullcontext()),
        patch.object(choice, "check_triton", lambda _: None),
        patch.object(bursts, "GRAPH_STEPS", UNIT),
        patch.object(bursts, "COMPARED", COMPARED),
    ):
        yield


def net(seed: int, model: dict[str, Any] | None = None, **train: Any) -> Net:
    """Return a net of its own, always the same for the same arguments."""
    torch.manual_seed(seed)
    arguments: dict[str, Any] = {"hidden": [9]} | (model or {})
    hidden, name = arguments.pop("hidden"), arguments.pop("activation", "relu")
    arguments["activation"] = PlainActivation.model_validate({"name": name})
    settings = Train.model_validate(SETTINGS | train)
    return Net(FCNet(SIDE * SIDE, hidden, CLASSES, **arguments), settings, seed)


def nets(cases: Sequence[dict[str, Any]]) -> list[Net]:
    """Return nets with seeds of their own."""
    return [net(seed, **changes) for seed, changes in enumerate(cases)]


def together(some: Sequence[Net], graphs: bool = True, splits: Splits = SPLITS) -> Group:
    """Return a group whose steps are, or are not, launched as graphs."""
    return Group(some, splits, at_once=True, graphs=graphs)


def trained(group: Group, leaves: tuple[int, int] | None = None, epochs: int = 9) -> list[list[Record]]:
    """Return the records of all nets, each taken as far as the next place in turn.

    Args:
        group: of nets.
        leaves: a net that leaves, and before which epoch.
        epochs: before whose end all stop.
    """
    running = {number: lane.records() for number, lane in enumerate(group.lanes)}
    found: list[list[Record]] = [[] for _ in running]
    while running:
        for number, records in list(running.items()):
            lane = group.lanes[number]
            before = (lane.epoch, lane.step)
            if lane.epoch > epochs:
                del running[number]
                continue
            if leaves == (number, lane.epoch):
                group.leave(lane)
                del running[number]
                continue
            try:
                while (lane.epoch, lane.step) == before:
                    found[number].append(next(records))
            except (StopIteration, DivergedError):
                group.leave(lane)
                del running[number]
    return found


def weights(group: Group, number: int) -> Tensor:
    """Return all weights of a net."""
    return torch.cat([tensor.flatten() for tensor in group.lanes[number].model.state_dict().values()])


def state(group: Group, number: int) -> Tensor:
    """Return what the optimiser of a net keeps."""
    found = [tensor.flatten() for tensor in group.lanes[number].stepper.tensors()]
    return torch.cat(found) if found else torch.zeros(1)


def figures(records: Sequence[Record]) -> list[list[float]]:
    """Return losses and accuracies, as logged and of epochs."""
    found = []
    for one in records:
        if isinstance(one, StepRecord):
            found.append([one.step, one.lr, one.loss, one.loss_mean, one.accuracy or 0.0])
        elif isinstance(one, EpochRecord):
            found.append([one.epoch, one.train.loss, one.train.accuracy or 0.0])
    return found


def warnings(records: Sequence[Record]) -> list[str]:
    """Return the texts of warnings."""
    return [one.text for one in records if isinstance(one, Message)]


def agreement(cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how far nets trained by own kernels are from those of the eager joint steps, and how steps were taken."""
    own, eager = together(nets(cases)), together(nets(cases), graphs=False)
    start = [weights(own, number).clone() for number in range(len(cases))]
    records, expected = trained(own), trained(eager)
    changes, kept, seen = [], [], []
    for number in range(len(cases)):
        moved = weights(eager, number) - start[number]
        changes.append(float((weights(own, number) - weights(eager, number)).norm() / moved.norm()))
        kept.append(float((state(own, number) - state(eager, number)).abs().max()))
        pairs = zip(figures(records[number]), figures(expected[number]), strict=True)
        seen.append(max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True)))
    return {"changes": max(changes), "kept": max(kept), "figures": max(seen), "how": own.lanes[0].step_name}


def same(first: Group, second: Group, numbers: Sequence[int]) -> bool:
    """Return whether nets and their optimisers have equal bits in two groups."""
    return all(
        torch.equal(weights(first, number), weights(second, number))
        and torch.equal(state(first, number), state(second, number))
        for number in numbers
    )


def leaving() -> dict[str, Any]:
    """Return whether nets keep their bits when one leaves, or diverges, and what has left is kept."""
    whole, left = together(nets([TWO] * 2)), together(nets([TWO] * 2))
    trained(whole)
    trained(left, leaves=(0, 2))
    half = together(nets([TWO] * 2))
    trained(half, epochs=1)
    huge: dict[str, Any] = TWO | {"optimizer": {"name": "adam", "lr": 1e30}}
    bad = together(nets([huge, TWO]))
    records = trained(bad)
    return {
        "others": same(whole, left, [1]),
        "left": torch.equal(weights(left, 0), weights(half, 0)),
        "beside a divergent one": same(whole, bad, [1]),
        "diverged": not any(isinstance(one, EpochRecord) for one in records[0]),
        "how": bad.lanes[0].step_name,
    }


def lengths() -> bool:
    """Return whether the length of bursts changes no bit."""
    found = []
    for most in (1, 2, 100):
        with patch("fcnet.training.together.group.in_time", lambda *_, most=most: most):
            group = together(nets([{}, {"label_smoothing": 0.1}]))
            trained(group)
            found.append(group)
    return all(same(found[0], other, [0, 1]) for other in found[1:])


def resumed() -> bool:
    """Return whether a group that goes on from the state of another has the bits of one that was not interrupted."""
    cases = [TWO, TWO | {"optimizer": {"name": "adam", "lr": 0.02, "betas": [0.8, 0.99]}}]
    whole, half, rest = (together(nets(cases)) for _ in range(3))
    trained(whole)
    trained(half, epochs=1)
    for lane, before in zip(rest.lanes, half.lanes, strict=True):
        lane.load(before.state())
    trained(rest)
    return same(whole, rest, [0, 1])


def wrong() -> dict[str, Any]:
    """Return what a group says and does whose kernels do not agree with the eager steps."""
    original = joint.BiasUpdate.__call__

    def twice(update: Any, rates: Tensor) -> None:
        original(update, rates)
        original(update, rates)

    with patch.object(joint.BiasUpdate, "__call__", twice):
        group = together(nets([{}] * 2))
    eager = together(nets([{}] * 2), graphs=False)
    trained(group)
    trained(eager)
    return {"how": group.lanes[0].step_name, "same": same(group, eager, [0, 1])}


def failing() -> dict[str, Any]:
    """Return what a group says and does if a graph cannot be captured in the middle of a training."""
    with patch.object(bursts, "COMPARED", UNIT):  # only the whole graph is made, and the third step needs another
        group = together(nets([{}] * 2))
    eager = together(nets([{}] * 2), graphs=False)

    def fails(graphs: Any, steps: int) -> OneByOne:
        raise RuntimeError("CUDA error: out\n of graphs")

    kinds = [group.kind]
    with patch.object(Graphs, "_capture", fails):
        records = trained(group)
    kinds += [group.kind, group.lanes[1].state()["step_kind"]]
    trained(eager)
    near = max(float((weights(group, number) - weights(eager, number)).abs().max()) for number in range(2))
    return {
        "warnings": [warnings(one) for one in records],
        "kinds": kinds,
        "far": near,
    }


def unsuitable() -> dict[str, str]:
    """Return how groups take their steps that own kernels were never meant for."""
    cases: dict[str, dict[str, Any]] = {
        "l2": {"l2": 1e-3},
        "clip": {"clip_grad_norm": 1.0},
        "dropout": {"model": {"dropout": 0.2}},
    }
    return {name: together(nets([changes] * 2)).lanes[0].step_name for name, changes in cases.items()}
