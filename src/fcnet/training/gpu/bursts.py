"""Choose how steps are taken on a GPU: the fastest way that gives what the eager step gives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from fcnet.errors import ConfigError
from fcnet.system.memory import is_out_of_memory
from fcnet.training.gpu import updates
from fcnet.training.gpu.done import Burst, Unavailable, Unsuitable, check_triton
from fcnet.training.gpu.graph import GraphBurst
from fcnet.training.gpu.proof import TOLERANCE, TURNED, Difference, Snapshot, difference
from fcnet.training.gpu.slots import Images, TorchSlots, UpdatedSlots
from fcnet.training.steps.by_hand import ByHand
from fcnet.training.steps.step import EagerStep, changed_by

GRAPH_STEPS = 50  # of one graph: longer ones take more of the driver's memory, and are no faster

COMPARED = 4  # steps that are compared with the eager step


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be trained.

    Attributes:
        step: the eager step, the reference.
        images: on the device.
        generators: of random numbers that a step draws.
        terms: the number of the loss's terms.
        precision: fp32 or bf16.
        order: positions (n,) of the images of some steps, to compare on.
        lrs: learning rates of these steps; those after the first ``COMPARED`` are for a second comparison.
    """

    step: EagerStep
    images: Images
    generators: Sequence[torch.Generator]
    terms: int
    precision: str
    order: Tensor
    lrs: Sequence[float]

    def snapshot(self) -> Snapshot:
        """Return copies of all that a step changes."""
        return Snapshot(changed_by(self.step), self.generators)

    def part(self, first: int) -> "Problem":
        """Return the same with the steps of one comparison, from ``first`` on."""
        size, last = self.images.batch, first + COMPARED
        return replace(self, order=self.order[first * size : last * size], lrs=self.lrs[first:last])


@dataclass(frozen=True)
class Choice:
    """How steps are taken.

    Attributes:
        burst: takes several steps; None for the eager step.
        name: how, and why not faster.
    """

    burst: Burst | None
    name: str


@dataclass(frozen=True)
class Way:
    """A way to take steps, which may turn out not to be usable.

    Attributes:
        kind: graph or persistent.
        build: makes it; raises Unavailable.
    """

    kind: str
    build: Callable[[], Burst]


def choose(problem: Problem, wanted: str, offered: Iterable[Way] | None = None) -> Choice:
    """Return the first way that can be used and agrees with the eager step.

    Nothing is timed: equal runs have to take the same way, because the last bits depend on it.

    Args:
        problem: what is to be trained.
        wanted: auto, or the kind that is demanded: graph or persistent.
        offered: ways, the fastest first; by default those of ``ways``.

    Raises:
        ConfigError: the demanded kind cannot be used.
    """
    refused: list[str] = []
    for way in ways(problem) if offered is None else offered:
        if wanted in ("auto", way.kind) and (burst := tried(problem, way, wanted, refused)) is not None:
            return Choice(burst, "; ".join([burst.name, *dict.fromkeys(refused)]))
    if wanted != "auto":
        raise ConfigError(f"train.step: is {wanted}; {'; '.join(refused)}; choose auto or eager")
    return Choice(None, "; ".join([problem.step.name, *dict.fromkeys(refused)]))


def tried(problem: Problem, way: Way, wanted: str, refused: list[str]) -> Burst | None:
    """Return what takes steps if it can be built and agrees with the eager step; else add the reason to ``refused``."""
    try:
        burst = way.build()
        found = compared(problem, burst)
    except Unavailable as error:
        if wanted != "auto" or not isinstance(error, Unsuitable):
            refused.append(f"not {way.kind}: {error}")
    except RuntimeError as error:  # of CUDA, of a compiler, or out of memory
        reason = "memory ran out" if is_out_of_memory(error) else " ".join(str(error).split())[:200]
        refused.append(f"not {way.kind}: {reason}")
    else:
        if found is None:
            return burst
        refused.append(f"not {burst.name}: differs from the eager step ({found})")
    return None


def compared(problem: Problem, burst: Burst) -> str | None:
    """Return None if a burst gives what the eager step gives, else the difference; the state is restored.

    If they differ as far as one unit turned on by rounding does (``TURNED``), the next steps decide.
    """
    tolerance, found = TOLERANCE[problem.precision], differing(problem.part(0), burst)
    if found.within(tolerance):
        return None
    if found.within(TURNED) and len(problem.lrs) > COMPARED:
        found = differing(problem.part(COMPARED), burst)
    return None if found.within(tolerance) else str(found)


def differing(problem: Problem, burst: Burst) -> Difference:
    """Return how far a burst is from the eager step in the steps of a problem; the state is restored."""
    before = problem.snapshot()
    try:
        if isinstance(burst, GraphBurst):
            burst.warm_up()
            before.restore()
        return difference(before, eager(problem), burst)
    finally:
        before.restore()


def eager(problem: Problem) -> TorchSlots:
    """Return the eager step with the order and the learning rates to compare on."""
    n = len(problem.lrs)
    slots = TorchSlots(problem.step, problem.images, n, problem.terms)
    slots.buffers.order[: len(problem.order)].copy_(problem.order)
    slots.buffers.lrs[:n].copy_(torch.tensor(problem.lrs))
    return slots


def ways(problem: Problem) -> Iterator[Way]:
    """Yield ways, the fastest first."""
    yield Way("persistent", partial(_persistent, problem))
    yield Way("graph", partial(_own_kernels, problem))
    yield Way("graph", partial(_graph, problem, UpdatedSlots))
    yield Way("graph", partial(_graph, problem, TorchSlots))


def _persistent(problem: Problem) -> Burst:
    """Return the persistent kernel. Raises Unavailable for other nets, or if the GPU cannot hold it."""
    from fcnet.training.gpu.persistent.kernel import Persistent

    step, images = problem.step, problem.images
    if not (isinstance(step.gradient, ByHand) and step.plain):
        raise Unsuitable("the net is not plain, or something is added to its gradient or follows its update")
    check_supported(problem)
    if problem.precision != "fp32":
        raise Unsuitable("it computes in fp32")
    burst = Persistent(step.model, step.optimizer, step.gradient.smoothing, images.pixels, images.labels, images.batch)
    if images.change and burst.plan.images.data_ptr() != images.pixels.data_ptr():
        raise Unsuitable("it reads a copy of images of this size, and augmentation changes them")
    return burst


def _own_kernels(problem: Problem) -> Burst:
    """Return a graph of fcnet's own kernels. Raises Unavailable for other nets, or without Triton."""
    check_triton(problem.images.pixels.device)
    from fcnet.training.gpu import plain

    check_supported(problem)
    if reason := plain.misfit(problem.step):
        raise Unsuitable(reason)
    return GraphBurst(plain.PlainSlots(problem.step, problem.images, GRAPH_STEPS))


def check_optimizer(problem: Problem) -> None:
    """Raise Unsuitable if fcnet's own update is not that of the optimiser."""
    if not updates.supports(problem.step.optimizer):
        raise Unsuitable("fcnet's own update is of Adam and SGD")


def check_supported(problem: Problem) -> None:
    """Raise Unsuitable if fcnet's own kernels do not support the optimiser or the targets."""
    check_optimizer(problem)
    if problem.images.labels.dim() > 1:
        raise Unsuitable("its targets are not classes alone")


def _graph(problem: Problem, slots: type[TorchSlots]) -> Burst:
    """Return a graph of torch's kernels, perhaps with fcnet's own update. Raises Unavailable without Triton."""
    if slots is UpdatedSlots:
        check_triton(problem.images.pixels.device)
        check_optimizer(problem)
    return GraphBurst(slots(problem.step, problem.images, GRAPH_STEPS, problem.terms), problem.generators)
