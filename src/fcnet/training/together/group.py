"""Several nets that are trained in lock-step: each step is taken for all of them at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fcnet.data.batches import BLOCK_BYTES
from fcnet.data.splits import Splits
from fcnet.training.gpu import bursts
from fcnet.training.gpu.done import Done, Unavailable
from fcnet.training.gpu.epoch import in_time
from fcnet.training.gpu.slots import Images
from fcnet.training.together import choice
from fcnet.training.together.gradients import Stacked
from fcnet.training.together.lane import Lane, Net
from fcnet.training.together.stack import Stack
from fcnet.training.together.updates import AllAtOnce, EachAlone, Update

if TYPE_CHECKING:
    from fcnet.training.together.joint import JointGraphs

KIND = "together"  # in checkpoints and warnings


class Group:
    """Several nets that share shape, images, batch size and epochs.

    The nets go in lock-step: the first that asks for its next steps has them computed for all, and the others find
    theirs computed. All nets have to ask before one asks again. What a net gives depends neither on the length of
    bursts nor on whether others have left.

    Args:
        nets: of one shape.
        splits: resident on their device.
        at_once: whether all nets are updated at once; by default on a GPU.
        graphs: whether the steps are launched as graphs, if they can be; by default on a GPU.

    Attributes:
        lanes: the trainings of the nets, in the same order.
        refused: why steps are no longer launched as graphs; "" if that has not changed.

    Raises:
        ValueError: the nets cannot be trained together.
    """

    def __init__(
        self, nets: Sequence[Net], splits: Splits, at_once: bool | None = None, graphs: bool | None = None
    ) -> None:
        self.lanes: list[Lane] = []
        for net in nets:
            self.lanes.append(Lane(net, splits, self.lanes[0] if self.lanes else None))
        first, settings = self.lanes[0], nets[0].settings
        self._size, self._images, self._device = settings.batch_size, first.images, first.images.labels.device
        self._stack = Stack([lane.net for lane in self.lanes])
        self._gradients = Stacked(self._stack, [net.settings.label_smoothing for net in nets], self._size)
        self._waiting: list[Done | None] = [None] * len(nets)
        self._here = [True] * len(nets)
        self._failed: Exception | None = None  # why the steps of all nets could not be computed
        for lane in self.lanes:
            lane.settle_in()
        gpu = self._device.type == "cuda"
        stacked = gpu if at_once is None else at_once
        self._update: Update = AllAtOnce(self.lanes, self._stack) if stacked else EachAlone(self.lanes)
        self._graphs: JointGraphs | None = None
        why = self._choose() if (gpu if graphs is None else graphs) else ""
        self.refused, self._most = "", self._unit  # steps: the first burst is short, because its time is not known
        self._join(why)

    @property
    def kind(self) -> str:
        """Return how steps are taken, for a checkpoint: the last bits depend on it."""
        return KIND if self._graphs is None else f"{KIND}, CUDA graph"

    @property
    def _unit(self) -> int:
        """Return the steps of a graph; 1 without."""
        return 1 if self._graphs is None else self._graphs.unit

    def _join(self, why: str) -> None:
        """Let all lanes have their steps taken by this group; ``why`` says why not by graphs."""
        others = len(self.lanes) - 1
        how = "by hand" if self._graphs is None else f"CUDA graph of {self._unit} steps, own kernels"
        how = f"together with {others} other net{'s' * (others > 1)}, {how}, {self._device.type}, fp32"
        for number, lane in enumerate(self.lanes):
            lane.join(self, _Burst(self, number), f"{how}; {why}" if why else how)

    def _choose(self) -> str:
        """Launch steps as graphs if that gives what the eager steps give; return why not, "" if not worth saying."""
        update, steps = self._update, min(bursts.COMPARED, len(self._images) // self._size)
        if not (isinstance(update, AllAtOnce) and steps):
            return ""
        orders = self._orders(steps)

        def eagerly() -> Tensor:
            update.begin(steps, self._here)
            with self._common_gradients():
                return self._taken(orders)[0]

        def by(graphs: JointGraphs) -> Tensor:
            update.begin(steps, self._here)
            return graphs(orders, update.rates)[0]

        self._graphs, why = choice.choose(self.lanes, eagerly, self.graphed, by)
        return why

    def graphed(self, precision: str | None = None) -> JointGraphs:
        """Return graphs of the next steps by own kernels, which are not yet known to agree with the eager ones.

        Args:
            precision: of the products, see ``launches.Launches``; by default about that of fp32.
        """
        from fcnet.training.gpu.launches import PRECISION
        from fcnet.training.together.joint import JointGraphs, JointSteps

        assert isinstance(self._update, AllAtOnce)
        images = Images(self._images.images.flatten(1).contiguous(), self._images.labels, self._size)
        smoothings, unit = [lane.settings.label_smoothing for lane in self.lanes], bursts.GRAPH_STEPS
        steps = JointSteps(self._stack, self._update, smoothings, images, unit, precision or PRECISION)
        return JointGraphs(steps, unit)

    def leave(self, lane: Lane) -> None:
        """Let a net go that has ended: it keeps its weights, and the others go on as before."""
        number = self.lanes.index(lane)
        if self._here[number]:
            self._here[number], self._waiting[number] = False, None
            self._stack.leave(number)
            self._update.leave(number)

    def most(self, lane: Lane) -> int:
        """Return the most steps of a net's next burst: at a logged step it ends, as that of a net alone is checked."""
        waiting = self._waiting[self.lanes.index(lane)]
        if waiting is not None:
            return len(waiting.losses)
        return min(self._most, lane.settings.log_every - lane.step % lane.settings.log_every)

    def take(self, number: int, steps: int) -> Done:
        """Return the results of a net's next steps, computed for all nets if they are not yet."""
        if self._failed is not None:
            raise self._failed
        if self._waiting[number] is None:
            try:
                self._compute(steps)
            except Exception as error:  # as when memory runs out: some nets may be a step ahead of others
                self._failed = error
                raise
        found, self._waiting[number] = self._waiting[number], None
        assert found is not None
        assert len(found.losses) == steps
        return found

    def _compute(self, steps: int) -> None:
        """Take the next steps of all nets."""
        here = [lane for lane, is_here in zip(self.lanes, self._here, strict=True) if is_here]
        assert all(one is None for one in self._waiting)
        assert len({(lane.epoch, lane.step) for lane in here}) == 1
        for lane in here:
            lane.net.train()  # an evaluation may have come before
        began = time.perf_counter()
        found = [part.cpu() for part in self._results(steps)]  # waits for a GPU once, for all nets
        for number, is_here in enumerate(self._here):
            if is_here:
                self._waiting[number] = Done(*(part[:, number] for part in found))
        self._most = in_time(steps, time.perf_counter() - began, self._unit)

    def _results(self, steps: int) -> tuple[Tensor, Tensor, Tensor]:
        """Take the next steps by graphs, or eagerly; return losses (n, K), hits (n, K) and no terms (n, K, 0)."""
        orders = self._orders(steps)
        self._update.begin(steps, self._here)
        if self._graphs is not None and isinstance(self._update, AllAtOnce):
            try:
                return self._graphs(orders, self._update.rates)
            except Unavailable as error:  # no step was taken
                self._graphs, self.refused = None, str(error)
        with self._common_gradients():
            return self._taken(orders)

    @contextmanager
    def _common_gradients(self) -> Iterator[None]:
        """Let the nets have their gradients in common memory; the last, smaller batch of an epoch has its own."""
        before = [pair for number in range(len(self.lanes)) for pair in self._stack.own_gradients(number)]
        for number in range(len(self.lanes)):
            self._stack.lend_gradients(number)
        try:
            yield
        finally:
            for parameter, gradient in before:
                parameter.grad = gradient

    @torch.inference_mode()
    def _taken(self, orders: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take eager steps on images at positions (n, K, B), whose rates the update has; return what they gave."""
        steps, nets, classes = len(orders), len(self.lanes), self._gradients.classes
        logits = torch.empty(steps, nets, self._size, classes, device=self._device)
        log_p, more = torch.empty_like(logits), torch.zeros(steps, nets, device=self._device)
        labels = self._images.labels[orders]
        for first, pixels in self._pixels(orders):
            targets = self._gradients.targets(labels[first : first + len(pixels)])
            for step, (some, target) in enumerate(zip(pixels, targets, strict=True), first):
                self._gradients(some, target, logits[step], log_p[step])
                self._update(step, more[step])
        losses = means(log_p, labels, self._gradients.smoothing) + more.double()
        hits = (logits.argmax(3) == labels).sum(2)
        return losses, hits, torch.zeros(steps, nets, 0, device=self._device)

    def _orders(self, steps: int) -> Tensor:
        """Return the positions of the images (n, K, B) of the next steps; of a net that has left, those of another."""
        here = next(lane for lane, is_here in zip(self.lanes, self._here, strict=True) if is_here)
        lanes = [lane if is_here else here for lane, is_here in zip(self.lanes, self._here, strict=True)]
        rows = slice(here.step * self._size, (here.step + steps) * self._size)
        orders = torch.stack([lane.plan.of(here.epoch)[0][rows] for lane in lanes])
        return orders.view(len(lanes), steps, self._size).transpose(0, 1).contiguous()

    def _pixels(self, orders: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Yield the pixels (n', K, B, D) of some of the steps, and the number of the first of these."""
        images = self._images.images.flatten(1)
        some = max(BLOCK_BYTES // (orders[0].numel() * images.shape[1]), 1)
        for first in range(0, len(orders), some):
            which = orders[first : first + some]
            found = torch.index_select(images, 0, which.flatten()).to(torch.float32).div_(255)
            yield first, found.view(*which.shape, -1)


class _Burst:
    """Takes many steps of one net of a group."""

    def __init__(self, group: Group, number: int) -> None:
        self._group, self._number, self.unit = group, number, 1
        self.name = group.kind

    def __call__(self, order: Tensor, lrs: Tensor) -> Done:  # noqa: ARG002  (the group knows it)
        """Take n steps; see ``Group.take``."""
        return self._group.take(self._number, len(lrs))


def means(log_p: Tensor, labels: Tensor, smoothing: Tensor) -> Tensor:
    """Return the mean cross-entropies (n, K) of log-probabilities (n, K, B, C), smoothed by factors (K, 1, 1)."""
    right = -log_p.gather(3, labels[..., None])[..., 0].double().mean(2)
    spread = -log_p.double().mean((2, 3))
    share = smoothing[:, 0, 0].double()
    return (1 - share) * right + share * spread
