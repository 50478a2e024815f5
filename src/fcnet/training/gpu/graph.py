"""Many steps as one CUDA graph, which is launched at once and keeps the GPU busy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from fcnet.training.gpu.done import Done
from fcnet.training.gpu.slots import Slots
from fcnet.training.gpu.updates import advance, rates_of


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
        self._slots, self._generators, self.unit = slots, generators, slots.buffers.steps
        self.name = f"CUDA graph of {self.unit} steps, {slots.name}"
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}

    def warm_up(self) -> None:
        """Take steps eagerly, which compiles all kernels; the caller restores what they change."""
        with _aside(self._slots.buffers.order.device):
            for slot in range(self._slots.buffers.steps):
                self._slots(slot)

    def __call__(self, order: Tensor, lrs: Tensor) -> Done:
        """Take n steps on the images at positions ``order`` (n * batch,), with learning rates (n,); does not wait."""
        to, n, found = self._slots.buffers, len(lrs), []
        rates = rates_of(self._slots.optimizer, lrs)
        for first in range(0, n, to.steps):
            some = min(to.steps, n - first)
            slots = slice(start := self._start(some), start + some)
            to.order[start * to.batch : slots.stop * to.batch].copy_(
                order[first * to.batch : (first + some) * to.batch]
            )
            to.lrs[slots].copy_(lrs[first : first + some])
            to.rates[slots].copy_(rates[first : first + some])
            self._graph(some).replay()
            found.append((to.losses[slots].clone(), to.hits[slots].clone(), to.terms[slots].clone()))
        if not self._slots.counts:
            advance(self._slots.optimizer, n)
        losses, hits, terms = (torch.cat(parts) for parts in zip(*found, strict=True))
        return Done(losses.double().mean(1), hits.sum(1), terms)

    def _start(self, steps: int) -> int:
        """Return the first slot of a graph: a shorter graph than the whole one has slots of its own."""
        return 0 if steps == self._slots.buffers.steps else self._slots.buffers.steps

    def _graph(self, steps: int) -> torch.cuda.CUDAGraph:
        """Return the graph of so many steps, captured if there is none; besides the whole one, only one is kept."""
        if steps not in self._graphs:
            whole = self._slots.buffers.steps
            self._graphs = {length: graph for length, graph in self._graphs.items() if length == whole != steps}
            self._graphs[steps] = self._capture(steps)
            self._slots.settle()
        return self._graphs[steps]

    def _capture(self, steps: int) -> torch.cuda.CUDAGraph:
        graph, start = torch.cuda.CUDAGraph(), self._start(steps)
        for generator in self._generators:
            graph.register_generator_state(generator)
        with _aside(self._slots.buffers.order.device):
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                for slot in range(start, start + steps):
                    self._slots(slot)
            finally:
                graph.capture_end()
        return graph


@contextmanager
def _aside(device: torch.device) -> Iterator[None]:
    """Work on a stream of its own, in order with the current one; captures need one."""
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream(device).wait_stream(stream)
