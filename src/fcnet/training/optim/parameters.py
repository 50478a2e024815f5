"""Which parameters shrink by weight decay, and their gradients."""

from collections.abc import Sequence

from torch import Tensor, nn


def weight_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The weights between layers, which L2 and weight decay shrink; not biases, slopes or normalisers."""
    return [parameter for parameter in model.parameters() if parameter.ndim == 2]


def gradients(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """The gradients of parameters that all have one."""
    return [p.grad for p in parameters if p.grad is not None]
