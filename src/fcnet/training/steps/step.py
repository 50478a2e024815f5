"""One step of a training: the gradient, its regularisation, the update, and further changes after the update."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor, nn

from fcnet.config.train import Train
from fcnet.errors import ConfigError
from fcnet.training.metrics import Output
from fcnet.training.objective import Objective
from fcnet.training.optim import optimizers
from fcnet.training.optim.after import Average, MaxNorm
from fcnet.training.optim.optimizers import Optimizer
from fcnet.training.optim.parameters import weight_matrices
from fcnet.training.steps import gradients
from fcnet.training.steps.gradients import Gradients


class After(Protocol):
    """Changes weights after each update: max-norm, an average of weights."""

    def __call__(self) -> None:
        """Change them."""

    def tensors(self) -> Sequence[Tensor]:
        """Return the state that is kept from step to step."""


class Step(Protocol):
    """A way to compute a step.

    Attributes:
        name: how a step is computed, and why.
        dtype: of the input pixels.
        model: the net to train.
    """

    name: str
    dtype: torch.dtype
    model: nn.Module

    def __call__(self, pixels: Tensor, labels: Tensor, lr: Tensor) -> Output:
        """Take one step on pixels (B, D) and labels (B,) with a learning rate ()."""

    def tensors(self) -> list[Tensor]:
        """Return the state besides the weights that is kept from step to step."""


def changed_by(step: Step) -> list[Tensor]:
    """Return all tensors that a step changes: weights, buffers and the state that is kept."""
    own = [tensor.detach() for tensor in (*step.model.parameters(), *step.model.buffers())]
    return [*own, *step.tensors()]


class EagerStep:
    """The reference: torch operations, one after the other.

    Args:
        model: the net to train.
        gradient: writes the gradient of the loss to the parameters.
        optimizer: updates the parameters.
        l2: lambda of the slides' structural risk, added to loss and gradient.
        clip: the largest norm of the gradient over all parameters; None for no limit.
        after: changes to the weights after each update, in order.
    """

    def __init__(
        self,
        model: nn.Module,
        gradient: Gradients,
        optimizer: Optimizer,
        l2: float = 0.0,
        clip: float | None = None,
        after: Sequence[After] = (),
    ) -> None:
        self.model, self.name, self.dtype = model, gradient.name, gradient.dtype
        self.gradient, self.optimizer, self._l2, self._clip, self._after = gradient, optimizer, l2, clip, after

    def __call__(self, pixels: Tensor, labels: Tensor, lr: Tensor) -> Output:
        """Take one step on pixels (B, D) and labels (B,) with a learning rate ()."""
        output = self.gradient(pixels, labels)
        more = self.update(lr)
        return output if more is None else replace(output, loss=output.loss + more)

    def update(self, lr: Tensor) -> Tensor | None:
        """Update with the gradients that the parameters have; return what l2 and clipping add to the loss (), if so."""
        more = shrink(self.model, self._l2) if self._l2 else None
        if self._clip is not None:
            none = nan_unless_finite(nn.utils.clip_grad_norm_(self.model.parameters(), self._clip))
            more = none if more is None else more + none
        self.optimizer.step(lr)
        for change in self._after:
            change()
        return more

    def updated_by(self, optimizer: Optimizer) -> "EagerStep":
        """Return the same step with another update."""
        return EagerStep(self.model, self.gradient, optimizer, self._l2, self._clip, self._after)

    @property
    def plain(self) -> bool:
        """Return whether the gradient is used as it is, and nothing follows the update."""
        return not self._l2 and self._clip is None and not self._after

    def tensors(self) -> list[Tensor]:
        """Return the state of the optimiser, and of what follows it."""
        return [*self.optimizer.tensors(), *(tensor for change in self._after for tensor in change.tensors())]


def build(model: nn.Module, objective: Objective, settings: Train, average: Average | None = None) -> EagerStep:
    """Return the step that a config describes, with the average of the model's weights, if there is one."""
    after: list[After] = [] if settings.max_norm is None else [MaxNorm(model, settings.max_norm)]
    return EagerStep(
        model,
        gradients.choose(model, objective, settings.precision),
        optimizers.build(settings.optimizer, model),
        settings.l2,
        settings.clip_grad_norm,
        after if average is None else [*after, average],
    )


@torch.no_grad()
def shrink(model: nn.Module, l2: float) -> Tensor:
    """Add the gradient of (l2 / 2) * sum of squared weights, the slides' structural risk; return its value ()."""
    matrices = weight_matrices(model)
    for matrix in matrices:
        if matrix.grad is not None:  # those without are frozen
            matrix.grad.add_(matrix, alpha=l2)
    return 0.5 * l2 * torch.stack([matrix.square().sum() for matrix in matrices]).sum()


def nan_unless_finite(norm: Tensor) -> Tensor:
    """Return 0 () for a finite norm (), else NaN: a norm that overflows would silently scale the gradient to 0."""
    return norm - norm


def check_batch_norm(model: nn.Module, batch: int, n: int) -> None:
    """Raise ConfigError if one of the batches of n images is a single image, which batch norm cannot normalise."""
    if 1 in (batch, n % batch) and any(isinstance(module, nn.BatchNorm1d) for module in model.modules()):
        raise ConfigError(
            f"train.batch_size: is {batch}; of {n} training images the last batch is one image, which batch norm cannot"
            " normalise; choose another size"
        )
