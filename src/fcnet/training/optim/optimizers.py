"""The optimisers.

The updates are torch's own functional, fused kernels, and the state consists of plain lists of tensors. torch's
optimiser classes compute the same, but import the compiler, which takes longer than importing torch itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from fcnet.config.train import SGD, Adam, AdamW, Muon
from fcnet.config.train import Optimizer as Settings
from fcnet.training.optim.muon import MuonOptimizer
from fcnet.training.optim.parameters import gradients, weight_matrices
from fcnet.training.torch_private import AdamState, adam_


class Optimizer(Protocol):
    """Updates parameters by their gradients, one step at a time."""

    def step(self, lr: Tensor) -> None:
        """Update once with a learning rate (); every parameter has its gradient in ``grad``."""

    def tensors(self) -> list[Tensor]:
        """Return the state that is kept from step to step."""


@dataclass(frozen=True)
class Member:
    """A parameter and what an optimiser keeps of it.

    Attributes:
        parameter: with its gradient in ``grad``.
        value: its values, outside of autograd.
        mean: the running average of its gradient, or its velocity; None if there is none.
        square: the running average of the gradient's square; None if there is none.
        decay: decoupled weight decay.
    """

    parameter: nn.Parameter
    value: Tensor
    mean: Tensor | None = None
    square: Tensor | None = None
    decay: float = 0.0


@dataclass(frozen=True)
class AdamGroup:
    """Parameters that share a weight decay, and their running averages, in the same order."""

    parameters: list[nn.Parameter]
    decay: float
    values: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    step: Tensor  # (), the number of steps so far

    @classmethod
    def of(cls, parameters: list[nn.Parameter], decay: float) -> "AdamGroup":
        """Return a group before its first step."""
        values = [p.detach() for p in parameters]
        means, squares = ([torch.zeros_like(value) for value in values] for _ in range(2))
        return cls(parameters, decay, values, means, squares, torch.zeros((), device=values[0].device))


class AdamOptimizer:
    """Adam (Kingma and Ba 2015, algorithm 1), and AdamW with decay on some parameters.

    Args:
        parameters: what to change.
        settings: betas, eps and, of AdamW, weight_decay.
        decayed: the parameters that AdamW's decay acts on.

    Attributes:
        settings: as above.
        groups: the parameters and their state, those that decay first.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], settings: Adam | AdamW, decayed: Sequence[nn.Parameter]
    ) -> None:
        self.settings = settings
        decay = settings.weight_decay if isinstance(settings, AdamW) else 0.0
        is_decayed = {id(parameter) for parameter in decayed if decay}
        groups = (
            ([p for p in parameters if id(p) in is_decayed], decay),
            ([p for p in parameters if id(p) not in is_decayed], 0.0),
        )
        self.groups = [AdamGroup.of(members, decay) for members, decay in groups if members]
        self._decoupled = isinstance(settings, AdamW)

    def step(self, lr: Tensor) -> None:
        """Update once with a learning rate (); every parameter has its gradient in ``grad``."""
        for group in self.groups:
            group.step.add_(1)
            state = AdamState(group.values, gradients(group.parameters), group.means, group.squares, group.step)
            adam_(
                state,
                self._decoupled,
                beta1=self.settings.betas[0],
                beta2=self.settings.betas[1],
                lr=lr,
                weight_decay=group.decay,
                eps=self.settings.eps,
            )

    def tensors(self) -> list[Tensor]:
        """Return the averages of the gradients and of their squares, and the numbers of steps."""
        return [tensor for group in self.groups for tensor in (*group.means, *group.squares, group.step)]

    def members(self) -> list[Member]:
        """Return all parameters with their averages."""
        return [
            Member(*tensors, group.decay)
            for group in self.groups
            for tensors in zip(group.parameters, group.values, group.means, group.squares, strict=True)
        ]

    def counters(self) -> list[Tensor]:
        """Return the numbers of steps so far (), which are all equal."""
        return [group.step for group in self.groups]


class SGDOptimizer:
    """Stochastic gradient descent with momentum: v <- mu v + g, w <- w - lr v (Nesterov: w - lr (g + mu v)).

    Attributes:
        settings: momentum and nesterov.
        parameters: what to change.
        velocities: v of each, in the same order; None without momentum.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], settings: SGD) -> None:
        self.parameters = list(parameters)
        self._values = [p.detach() for p in parameters]
        self.settings = settings
        # v starts at 0, so the first v is g.
        self.velocities: list[Tensor | None] = [
            torch.zeros_like(v) if settings.momentum else None for v in self._values
        ]

    def step(self, lr: Tensor) -> None:
        """Update once with a learning rate (); every parameter has its gradient in ``grad``."""
        sgd(
            self._values,
            gradients(self.parameters),
            self.velocities,
            fused=True,
            weight_decay=0.0,
            momentum=self.settings.momentum,
            lr=lr,
            dampening=0.0,
            nesterov=self.settings.nesterov,
            maximize=False,
        )

    def tensors(self) -> list[Tensor]:
        """Return the velocities, if there is momentum."""
        return [velocity for velocity in self.velocities if velocity is not None]

    def members(self) -> list[Member]:
        """Return all parameters with their velocities."""
        return [Member(*tensors) for tensors in zip(self.parameters, self._values, self.velocities, strict=True)]

    def counters(self) -> list[Tensor]:
        """Return the numbers of steps so far: none is kept."""
        return []


def build(settings: Settings, model: nn.Module) -> Optimizer:
    """Return the optimiser of a config. AdamW's decay acts only on weight matrices, and so does Muon."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]  # others are frozen
    if isinstance(settings, SGD):
        return SGDOptimizer(parameters, settings)
    if isinstance(settings, Muon):
        matrices = [matrix for matrix in weight_matrices(model) if matrix.requires_grad]
        known = {id(matrix) for matrix in matrices}
        others = [parameter for parameter in parameters if id(parameter) not in known]
        adam = AdamOptimizer(others, Adam(lr=settings.adam_lr), []) if others else None
        return MuonOptimizer(matrices, adam, settings)
    return AdamOptimizer(parameters, settings, weight_matrices(model))
