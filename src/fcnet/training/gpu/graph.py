"""Many steps as one CUDA graph, which is launched at once and keeps the GPU busy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from fcnet.training.gpu.done import Done
from fcnet.training.gpu.slots import Slots
from fcnet.training.gpu.updates import advance, rates_of


class Graphs:
    """CUDA graphs of steps whose inputs and results lie in 2 n slots: n for the whole graph, and n for a shorter one.

    Args:
        take: takes the step of a slot.
        steps: of the whole graph, n.
        device: of the buffers.
        generators: of random numbers that a step draws.
        settle: finishes what a capture could not do.
    """

    def __init__(
        self,
        take: Callable[[int], None],
        steps: int,
        device: torch.device,
        generators: Sequence[torch.Generator] = (),
        settle: Callable[[], None] | None = None,
    ) -> None:
        self._take, self.steps, self._device, self._generators, self._settle = take, steps, device, generators, settle
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def warm_up(self) -> None:
        """Take steps eagerly, which compiles all kernels; the caller restores what they change."""
        with _aside(self._device):
            for slot in range(self.steps):
                self._take(slot)

    def parts(self, steps: int) -> Iterator[tuple[slice, slice]]:
        """Yield which of some steps are taken at once, and the slots in which ``replay`` takes them, in turn."""
        for first in range(0, steps, self.steps):
            some = min(self.steps, steps - first)
            slots = slice(start := self._start(some), start + some)
            yield slice(first, first + some), slots

    def replay(self, slots: slice) -> None:
        """Take the steps of some slots, of ``parts``."""
        self._graph(slots.stop - slots.start).replay()

    def prepare(self, steps: int) -> None:
        """Capture all graphs that some steps need, before any is taken."""
        for _, slots in self.parts(steps):
            self._graph(slots.stop - slots.start)

    def _start(self, steps: int) -> int:
        """Return the first slot of a graph: a shorter graph than the whole one has slots of its own."""
        return 0 if steps == self.steps else self.steps

    def _graph(self, steps: int) -> torch.cuda.CUDAGraph:
        """Return the graph of so many steps, captured if there is none; besides the whole one, only one is kept."""
        if steps not in self._graphs:
            whole = self.steps
            self._graphs = {length: graph for length, graph in self._graphs.items() if length == whole != steps}
            self._graphs[steps] = self._capture(steps)
            if self._settle is not None:
                self._settle()
        return self._graphs[steps]

    def _capture(self, steps: int) -> torch.cuda.CUDAGraph:
        graph, start = torch.cuda.CUDAGraph(), self._start(steps)
        for generator in self._generators:
            graph.register_generator_state(generator)
        with _aside(self._device):
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                for slot in range(start, start + steps):
                    self._take(slot)
            finally:
                graph.capture_end()
        return graph


class GraphBurst:
    """Takes steps by CUDA graphs of ``slots``.

    Args:
        slots: the step.
        generators: of random numbers that it draws.

    Attributes:
        name: how the steps are computed, and why.
        unit: steps of the whole graph.
    """

    def __init__(self, slots: Slots, generators: Sequence[torch.Generator] = ()) -> None:
        self._slots, self.unit = slots, slots.buffers.steps
        self.name = f"CUDA graph of {self.unit} steps, {slots.name}"
        self._graphs = Graphs(slots, self.unit, slots.buffers.order.device, generators, slots.settle)

    def warm_up(self) -> None:
        """Take steps eagerly, which compiles all kernels; the caller restores what they change."""
        self._graphs.warm_up()

    def __call__(self, order: Tensor, lrs: Tensor) -> Done:
        """Take n steps on the images at positions ``order`` (n * batch,), with learning rates (n,); does not wait."""
        to, n, found = self._slots.buffers, len(lrs), []
        rates = None if self._slots.counts else rates_of(self._slots.optimizer, lrs)
        for steps, slots in self._graphs.parts(n):
            to.order[slots.start * to.batch : slots.stop * to.batch].copy_(
                order[steps.start * to.batch : steps.stop * to.batch]
            )
            to.lrs[slots].copy_(lrs[steps])
            if rates is not None:
                to.rates[slots].copy_(rates[steps])
            self._graphs.replay(slots)
            found.append((to.losses[slots].clone(), to.hits[slots].clone(), to.terms[slots].clone()))
        if not self._slots.counts:
            advance(self._slots.optimizer, n)
        losses, hits, terms = (torch.cat(parts) for parts in zip(*found, strict=True))
        return Done(losses.double().mean(1), hits.sum(1), terms)


@contextmanager
def _aside(device: torch.device) -> Iterator[None]:
    """Work on a stream of its own, in order with the current one; captures need one."""
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream(device).wait_stream(stream)
