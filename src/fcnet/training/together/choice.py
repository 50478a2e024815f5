"""Choose how the steps of a group are taken on a GPU: by a graph of fcnet's own kernels, if these agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fcnet.system.memory import is_out_of_memory
from fcnet.training.gpu.done import Unavailable, Unsuitable, check_triton
from fcnet.training.gpu.proof import TOLERANCE, TURNED, Difference, Snapshot, between
from fcnet.training.steps.step import changed_by

if TYPE_CHECKING:
    from fcnet.training.together.joint import JointGraphs
    from fcnet.training.together.lane import Lane

Take = Callable[[], Tensor]  # takes some steps; returns their losses (n, K)


def choose(
    lanes: Sequence[Lane], eagerly: Take, build: Callable[[], JointGraphs], by: Callable[[JointGraphs], Tensor]
) -> tuple[JointGraphs | None, str]:
    """Return graphs of the steps of all nets, None if they cannot be used; and why not, "" if not worth saying.

    Nothing is timed: equal groups have to take the same way, because the last bits depend on it.

    Args:
        lanes: the trainings of the nets, before their first step; they are there again afterwards.
        eagerly: takes some steps by torch's operations.
        build: makes the graphs.
        by: takes the same steps by them.
    """
    before = [Snapshot(changed_by(lane.stepper), ()) for lane in lanes]
    try:
        check(lanes)
        graphs = build()
        found = differing(before, eagerly, graphs, by)
    except Unsuitable:
        return None, ""
    except Unavailable as error:
        return None, f"not graph: {error}"
    except RuntimeError as error:  # of CUDA, of a compiler, or out of memory
        reason = "memory ran out" if is_out_of_memory(error) else " ".join(str(error).split())[:200]
        return None, f"not graph: {reason}"
    finally:
        restore(before)
    return (graphs, "") if found is None else (None, f"not graph: {found}")


def check(lanes: Sequence[Lane]) -> None:
    """Raise Unavailable if fcnet's own kernels do not support the nets, or cannot be compiled."""
    check_triton(lanes[0].images.labels.device)
    from fcnet.training.gpu import plain

    for lane in lanes:
        if reason := plain.misfit(lane.stepper):
            raise Unsuitable(reason)


def differing(
    before: Sequence[Snapshot], eagerly: Take, graphs: JointGraphs, by: Callable[[JointGraphs], Tensor]
) -> str | None:
    """Return which net's steps differ from the eager ones, and how far; None if the kernels agree.

    At least half of the nets have to agree within rounding, and all within ``TURNED``. A net that diverges within these
    steps proves nothing, but has to diverge either way.
    """
    graphs.warm_up()
    restore(before)
    losses = eagerly()
    expected = [[tensor.clone() for tensor in one.tensors] for one in before]
    restore(before)
    found = by(graphs)
    compared: dict[int, Difference] = {}
    for number, (one, tensors) in enumerate(zip(before, expected, strict=True)):
        if finite([*tensors, losses[:, number]]):
            compared[number] = between(one, tensors, losses[:, number], found[:, number])
        elif finite([*one.tensors, found[:, number]]):
            return f"net {number + 1} diverges in the eager steps alone"
    return verdict(compared) if compared else "all nets diverge in the first steps"


def verdict(compared: Mapping[int, Difference]) -> str | None:
    """Return which net, of those compared by their number, differs too far, in words; None if the kernels agree."""
    unlike = {number: one for number, one in compared.items() if not one.within(TOLERANCE["fp32"])}
    far = [number for number, one in unlike.items() if not one.within(TURNED)]
    if not far and 2 * len(unlike) <= len(compared):
        return None
    number = next(iter(far or unlike))
    return f"net {number + 1} differs from the eager steps ({unlike[number]})"


def restore(before: Sequence[Snapshot]) -> None:
    """Give all nets the state they had."""
    for one in before:
        one.restore()


def finite(tensors: Sequence[Tensor]) -> bool:
    """Return whether all numbers are finite. Waits for the device."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)
