"""The joint steps of plain nets by fcnet's own kernels, launched as CUDA graphs.

Weights and what the optimiser keeps of them are read and written once a step: their gradients are never in memory.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from fcnet.training.gpu.done import Unavailable
from fcnet.training.gpu.graph import Graphs
from fcnet.training.gpu.kernels import updates as kernels
from fcnet.training.gpu.launches import PRECISION, Launches, LayerMemory, UpdateMemory
from fcnet.training.gpu.slots import Images
from fcnet.training.gpu.updates import BLOCK, settings_of
from fcnet.training.together.stack import Stack
from fcnet.training.together.updates import AllAtOnce, Kept


class JointSteps:
    """Steps of K nets whose inputs and results have fixed places in memory: slots, as those of one net.

    Args:
        stack: the nets.
        update: that the steps do by themselves, on the same tensors.
        smoothings: of each net's labels.
        images: common to all.
        steps: of a graph, n.
        precision: of the products, see ``Launches``.

    Attributes:
        order: positions of the images (2 n, K, B).
        rates: (2 n, K, 4), see ``updates.rates_of``.
        losses, hits: of each image (2 n, K, B).
    """

    def __init__(
        self,
        stack: Stack,
        update: AllAtOnce,
        smoothings: Sequence[float],
        images: Images,
        steps: int,
        precision: str = PRECISION,
    ) -> None:
        nets, device = len(smoothings), images.pixels.device
        layers = [LayerMemory(one.weight, one.bias, one.bias_gradient, one.activation) for one in stack.layers]
        self._launches = Launches(layers, smoothings, images, bf16=False, precision=precision)
        self._weights = [one for one in update.kept if one.shrinks]
        self._kind = kernels.ADAM if update.adam else kernels.SGD
        self._settings, self._decays = settings_of(update.optimizers, device), update.decays()
        self._biases = BiasUpdate([one for one in update.kept if not one.shrinks], self._settings, self._kind)
        self.order = torch.zeros(2 * steps, nets, images.batch, dtype=torch.int64, device=device)
        self.rates = torch.zeros(2 * steps, nets, 4, device=device)
        self.losses, self.hits = (torch.zeros(2 * steps, nets, images.batch, device=device) for _ in range(2))

    def __call__(self, slot: int) -> None:
        """Take the step whose inputs are in a slot, and write its results there."""
        rows, rates, launches = self.order[slot].flatten(), self.rates[slot], self._launches
        for number in range(len(self._weights) - 1):
            launches.forward(number, rows)
        launches.output(rows, self.losses[slot], self.hits[slot])
        for number in range(len(self._weights) - 1, -1, -1):
            if number:
                launches.backward(number)  # by the weights before their update
            kept = self._weights[number]
            by = UpdateMemory(kept.mean, kept.square, rates, self._settings, self._decays, self._kind)
            launches.weight_update(number, rows, by)
        self._biases(rates)


class BiasUpdate:
    """Updates the biases of K nets in one kernel, by gradients in memory.

    Args:
        kept: biases of all layers, with their gradients.
        settings: of the optimisers (K, 6).
        kind: of the optimisers.
    """

    def __init__(self, kept: Sequence[Kept], settings: Tensor, kind: object) -> None:
        self._kept, self._settings, self._kind, device = kept, settings, kind, settings.device
        sizes = [one.value[0].numel() for one in kept]
        parts = [(number, first) for number, size in enumerate(sizes) for first in range(0, size, BLOCK)]
        addresses = [[address(x) for x in (one.value, one.gradient, one.mean, one.square)] for one in kept]
        self._table = torch.tensor(addresses, device=device).T.contiguous()
        self._sizes, self._decays = torch.tensor(sizes, device=device), torch.zeros(len(sizes), device=device)
        self._tensor_of, self._first_of = torch.tensor(parts, device=device).T.contiguous()

    def __call__(self, rates: Tensor) -> None:
        """Update once, with rates (K, 4)."""
        kernels.update[(len(self._tensor_of), len(rates))](
            *(self._table, self._sizes, self._decays, self._tensor_of, self._first_of, rates, self._settings),
            T=len(self._kept),
            KIND=self._kind,
            MOVES=self._kept[0].mean is not None,
            BLOCK=BLOCK,
        )


def address(tensor: Tensor | None) -> int:
    """Return where a tensor begins; 0 for none."""
    return 0 if tensor is None else tensor.data_ptr()


class JointGraphs:
    """Takes joint steps by CUDA graphs.

    Args:
        steps: the steps.
        unit: steps of the whole graph.

    Attributes:
        unit: as above.
    """

    def __init__(self, steps: JointSteps, unit: int) -> None:
        self._steps, self.unit = steps, unit
        self._graphs = Graphs(steps, unit, steps.order.device)

    def warm_up(self) -> None:
        """Take steps eagerly, which compiles all kernels; the caller restores what they change."""
        with torch.inference_mode():
            self._graphs.warm_up()

    @torch.inference_mode()
    def __call__(self, orders: Tensor, rates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take n steps on images at positions (n, K, B) with rates (n, K, 4), without waiting for them.

        Returns:
            Losses (n, K), hits (n, K) and no terms (n, K, 0).

        Raises:
            Unavailable: a graph could not be captured; no step was taken.
        """
        to, found = self._steps, []
        try:
            self._graphs.prepare(len(orders))
        except RuntimeError as error:
            raise Unavailable(f"a CUDA graph could not be captured: {' '.join(str(error).split())[:200]}") from None
        for steps, slots in self._graphs.parts(len(orders)):
            to.order[slots].copy_(orders[steps])
            to.rates[slots].copy_(rates[steps])
            self._graphs.replay(slots)
            found.append((to.losses[slots].double().mean(2), to.hits[slots].sum(2)))
        losses, hits = (torch.cat(parts) for parts in zip(*found, strict=True))
        return losses, hits, losses.new_zeros(*losses.shape, 0)
