"""What follows each update: weights kept within a norm, and a running average of the weights."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fcnet.config.train import Average as Settings
from fcnet.training.optim.parameters import weight_matrices


class MaxNorm:
    """Scales the weights into a unit down to a norm if theirs is larger (Srivastava et al. 2014, section 5.1).

    Args:
        model: whose weight matrices (M, D) have a unit in each row.
        largest: norm of a row.
    """

    def __init__(self, model: nn.Module, largest: float) -> None:
        self._matrices = [matrix.detach() for matrix in weight_matrices(model) if matrix.requires_grad]
        self._largest = largest

    def __call__(self) -> None:
        """Scale the weights."""
        for matrix in self._matrices:
            norms = torch.linalg.vector_norm(matrix, dim=1, keepdim=True)
            matrix.mul_(self._largest / norms.clamp(min=self._largest))

    def tensors(self) -> Sequence[Tensor]:
        """Return the state that is kept from step to step: none."""
        return ()


class Average:
    """A running average of all weights, and of the averages of batch normalisation.

    Args:
        model: whose weights are averaged.
        settings: the decay.

    Attributes:
        net: a copy of the model with the averages.
    """

    def __init__(self, model: nn.Module, settings: Settings) -> None:
        self.net = copy.deepcopy(model).requires_grad_(False)
        self._decay = settings.decay
        weights, averages = (_all(one) for one in (model, self.net))
        pairs = list(zip(weights, averages, strict=True))
        self._averaged = [(a, b) for a, b in pairs if a.is_floating_point()]
        self._copied = [(a, b) for a, b in pairs if not a.is_floating_point()]  # numbers of batches seen
        self._steps = torch.zeros((), device=weights[0].device)

    @torch.no_grad()
    def __call__(self) -> None:
        """Move the averages towards the weights."""
        self._steps += 1
        share = 1 - torch.clamp((1 + self._steps) / (10 + self._steps), max=self._decay)
        for weight, average in self._averaged:
            average.lerp_(weight, share.to(weight.dtype))
        for weight, average in self._copied:
            average.copy_(weight)

    def settle(self) -> None:
        """Copy the weights, which are finite, if an average is not."""
        if not all(bool(average.isfinite().all()) for _, average in self._averaged):
            for weight, average in (*self._averaged, *self._copied):
                average.copy_(weight)

    def tensors(self) -> Sequence[Tensor]:
        """Return the averages, and the number of steps."""
        return [*_all(self.net), self._steps]


def _all(model: nn.Module) -> list[Tensor]:
    return [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
