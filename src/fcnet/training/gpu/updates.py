"""The optimisers' update of all parameters in one kernel, with rates that are read from the device."""

from collections.abc import Sequence

import torch
from torch import Tensor

from fcnet.config.train import SGD
from fcnet.training.optim.optimizers import AdamOptimizer, Optimizer, SGDOptimizer
from fcnet.training.optim.parameters import gradients

BLOCK = 1024  # elements of a program: 397 programs for the course's net, three for each multiprocessor of an H100


class FusedUpdate:
    """Does what an optimiser does, on the optimiser's own tensors; the number of steps is advanced by ``advance``.

    Args:
        optimizer: whose parameters and state are changed.
        rates: (n, 4), filled before the steps with those of ``rates_of``.

    Attributes:
        slot: the number of the step, from 0, whose rates are used and whose addresses are kept.
    """

    def __init__(self, optimizer: Optimizer, rates: Tensor) -> None:
        assert isinstance(optimizer, AdamOptimizer | SGDOptimizer)
        self._optimizer, self._rates, self.slot = optimizer, rates, 0
        members = optimizer.members()
        device = members[0].value.device
        sizes = [one.value.numel() for one in members]
        blocks = [(number, first) for number, size in enumerate(sizes) for first in range(0, size, BLOCK)]
        self._parameters = [one.parameter for one in members]
        self._fixed = [[one.value, one.mean, one.square] for one in members]
        self._sizes = torch.tensor(sizes, device=device)
        self._decays = torch.tensor([one.decay for one in members], dtype=torch.float32, device=device)
        self._moves = any(one.mean is not None for one in members)
        self._settings = settings_of([optimizer], device)
        self._tensor_of, self._first_of = torch.tensor(blocks, device=device).T.contiguous()
        width = -(-len(members) // 2) * 2  # so that each step's addresses begin at a multiple of 16 bytes
        self._addresses = torch.zeros(len(rates), 4, width, dtype=torch.int64)
        self._table = self._addresses.to(device)

    def step(self, lr: Tensor) -> None:  # noqa: ARG002  (it is in the rates)
        """Update once; every parameter has its gradient in ``grad``."""
        from fcnet.training.gpu.kernels import updates as kernels

        self._address()
        table = self._table[self.slot]
        kernels.update[(len(self._tensor_of),)](
            *(table, self._sizes, self._decays, self._tensor_of, self._first_of, self._rates[self.slot]),
            self._settings,
            T=table.shape[1],
            KIND=kernels.ADAM if isinstance(self._optimizer, AdamOptimizer) else kernels.SGD,
            MOVES=self._moves,
            BLOCK=BLOCK,
        )

    def _address(self) -> None:
        """Note where this step's gradients are; during a capture they are only known afterwards, by ``settle``."""
        found = gradients(self._parameters)
        rows = self._addresses[self.slot]
        for number, (tensors, gradient) in enumerate(zip(self._fixed, found, strict=True)):
            if not gradient.is_contiguous():
                raise ValueError("a gradient is not contiguous")
            value, mean, square = (0 if one is None else one.data_ptr() for one in tensors)
            rows[:, number] = torch.tensor([value, gradient.data_ptr(), mean, square])
        if not (self._table.is_cuda and torch.cuda.is_current_stream_capturing()):
            self._table[self.slot] = rows.to(self._table.device)

    def settle(self) -> None:
        """Copy the addresses that a capture has noted to the device."""
        self._table.copy_(self._addresses)

    def tensors(self) -> list[Tensor]:
        """Return the optimiser's state."""
        return self._optimizer.tensors()


def supports(optimizer: Optimizer) -> bool:
    """Return whether the kernel does what an optimiser does."""
    return isinstance(optimizer, AdamOptimizer | SGDOptimizer)


def settings_of(optimizers: Sequence[Optimizer], device: torch.device) -> Tensor:
    """Return what the update reads of the settings of each of K optimisers (K, 6), see ``kernels.updates.SETTINGS``."""
    rows = []
    for optimizer in optimizers:
        assert isinstance(optimizer, AdamOptimizer | SGDOptimizer)
        settings = optimizer.settings
        if isinstance(settings, SGD):
            beta1, beta2, eps, nesterov = settings.momentum, 0.0, 0.0, settings.nesterov
        else:
            beta1, beta2, eps, nesterov = *settings.betas, settings.eps, False
        rows.append([beta1, 1 - beta1, beta2, 1 - beta2, eps, float(nesterov)])
    return torch.tensor(rows, dtype=torch.float32, device=device)


def rates_of(optimizer: Optimizer, lrs: Tensor) -> Tensor:
    """Return the rates (n, 4) of the next n steps, for learning rates (n,), without waiting for the device.

    They are, in float64 until they are rounded: lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t), lr times the weight decay of
    the matrices, and lr. Those that an optimiser has not are 0.
    """
    assert isinstance(optimizer, AdamOptimizer | SGDOptimizer)
    lrs = lrs.double()
    rates = torch.zeros(len(lrs), 4, dtype=torch.float64, device=lrs.device)
    rates[:, 3] = lrs
    if isinstance(optimizer, AdamOptimizer):
        steps = torch.arange(1, len(lrs) + 1, device=lrs.device) + optimizer.counters()[0].double()
        beta1, beta2 = optimizer.settings.betas
        rates[:, 0] = lrs / (1 - beta1**steps)
        rates[:, 1] = (1 - beta2**steps).rsqrt()
        rates[:, 2] = lrs * max(one.decay for one in optimizer.members())
    return rates.float()


def advance(optimizer: Optimizer, steps: int) -> None:
    """Count steps that were taken otherwise than by the optimiser's ``step``."""
    assert isinstance(optimizer, AdamOptimizer | SGDOptimizer)
    for counter in optimizer.counters():
        counter.add_(steps)
