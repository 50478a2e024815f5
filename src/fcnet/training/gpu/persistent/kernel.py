"""Many steps of a net with one hidden layer in one launch of a CUDA kernel, ``train.cu``, which says how.

Weights and the optimiser's state stay in torch's tensors between launches, so steps of other kinds may come between.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fcnet.training.gpu.done import Done, Unavailable, check_capability
from fcnet.training.gpu.persistent.nvrtc import Kernel, compiled
from fcnet.training.gpu.persistent.plan import Memory, Plan
from fcnet.training.gpu.updates import advance, rates_of
from fcnet.training.optim.optimizers import Optimizer

SOURCE = Path(__file__).with_name("train.cu")
THREADS = 512  # of a block


class Persistent:
    """Takes steps on a GPU, many per launch. The arguments are those of ``Plan``, on one CUDA device.

    Attributes:
        name: how a step is computed.
        unit: any number of steps is one launch.
        plan: what is computed.

    Raises:
        Unavailable: the kernel is not for these, or not for this device.
    """

    name = "one persistent kernel, cuda, fp32"
    unit = 1

    def __init__(
        self,
        net: nn.Module,
        optimizer: Optimizer,
        smoothing: float,
        images: Tensor,
        labels: Tensor,
        batch: int,
    ) -> None:
        self._device = next((p.device for p in net.parameters()), torch.device("cpu"))
        _check_device(self._device)
        self.plan = Plan(net, optimizer, smoothing, images, labels, batch)
        _check_room(self.plan, torch.cuda.get_device_properties(self._device))
        major, minor = torch.cuda.get_device_capability(self._device)
        source = SOURCE.read_text(encoding="utf-8")
        code = compiled(source, self.plan.options, f"sm_{major}{minor}")
        self._kernel = Kernel(code, "train", self._device, self.plan.shape.shared)
        resident = self._kernel.resident(THREADS)
        if self.plan.blocks > resident:
            raise Unavailable(_too_wide(self.plan, resident))
        self._blocks = min(self.plan.blocks + 1, resident)  # one more, without units, keeps count

    @torch.no_grad()
    def __call__(self, order: Tensor, lrs: Tensor) -> Done:
        """Take as many steps as there are learning rates, without waiting for the device.

        Args:
            order: positions of images, int64 (steps * B,).
            lrs: learning rates (steps,).

        Returns:
            Mean loss of each step, and images classified right before its update. A logit beyond 2^23 counts as one
            that is not finite: the step's loss and the weights become NaN.
        """
        steps = len(lrs)
        if order.shape != (steps * self.plan.shape.batch,) or order.dtype != torch.int64:
            raise ValueError(f"order is {order.dtype} {tuple(order.shape)}; should be int64, {steps} whole batches")
        if {order.device, lrs.device} != {self._device}:
            raise ValueError(f"order and lrs are on {order.device} and {lrs.device}; should be on {self._device}")
        memory = Memory(self.plan.shape, steps, self._device)
        if steps:
            order, rates = order.contiguous(), rates_of(self.plan.optimizer, lrs)
            self._kernel.launch(self._blocks, THREADS, self.plan.job(order, rates, memory))
            advance(self.plan.optimizer, steps)
        return Done(memory.losses, memory.hits, memory.losses.new_zeros(steps, 0))


def _check_device(device: torch.device) -> None:
    if device.type != "cuda":
        raise Unavailable(f"the net is on {device.type}, not on a GPU")
    if torch.version.hip is not None:
        raise Unavailable("the GPU is not one of NVIDIA")
    check_capability(device)


def _check_room(plan: Plan, properties: Any) -> None:
    """Raise Unavailable if a block takes more shared memory than a device has, or blocks are too many."""
    most = int(properties.shared_memory_per_block_optin)
    if plan.shape.shared > most:
        raise Unavailable(f"a block takes {plan.shape.shared:,} bytes of shared memory, more than the GPU's {most:,}")
    if plan.blocks > properties.multi_processor_count:
        raise Unavailable(_too_wide(plan, properties.multi_processor_count))


def _too_wide(plan: Plan, most: int) -> str:
    return f"{plan.units} hidden units take {plan.blocks} blocks, more than the {most} that the GPU holds at once"
