"""Select the parameters that weight decay shrinks, and gradients."""

from collections.abc import Sequence

from torch import Tensor, nn

# Their weights are factors and slopes, which are not shrunk.
_NO_MATRICES = (nn.BatchNorm1d, nn.LayerNorm, nn.PReLU)


def weight_matrices(model: nn.Module) -> list[nn.Parameter]:
    """Return the weights between layers, which L2 and weight decay shrink; not biases, slopes or normalisation.

    They are recognised by their name, ``weight``, whatever their shape: those of several nets side by side are
    (K, out, in).
    """
    return [
        parameter
        for module in model.modules()
        if not isinstance(module, _NO_MATRICES)
        for name, parameter in module.named_parameters(recurse=False)
        if name == "weight"
    ]


def gradients(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """Return the gradients of parameters that all have one."""
    return [p.grad for p in parameters if p.grad is not None]
