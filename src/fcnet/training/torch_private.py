"""Private functions of torch that fcnet uses, each with a fallback to torch's public functions.

If an upgrade of torch removes one, fcnet is only slower; ``missing`` says which are gone.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.adam import adam
from torch.optim.adamw import adamw

Linear = Callable[[Tensor, Tensor, Tensor], Tensor]  # x (B, D), weight (M, D), bias (M,) to (B, M)

_ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
_HAS_BF16 = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
_THRESHOLD_BACKWARD = getattr(torch.ops.aten.threshold_backward, "grad_input", None)
_FUSED_ADAM = getattr(torch, "_fused_adam_", None)
_FUSED_ADAMW = getattr(torch, "_fused_adamw_", None)
_NORMS = getattr(torch, "_foreach_norm", None)
_SET_DETERMINISTIC = getattr(torch._C, "_set_deterministic_algorithms", None)


def missing() -> list[str]:
    """Return the names of the functions that this torch lacks."""
    found = {
        "mkldnn._linear_pointwise": _ONEDNN,
        "mkldnn._is_mkldnn_bf16_supported": _HAS_BF16,
        "aten.threshold_backward.grad_input": _THRESHOLD_BACKWARD,
        "_fused_adam_": _FUSED_ADAM,
        "_fused_adamw_": _FUSED_ADAMW,
        "_foreach_norm": _NORMS,
        "_C._set_deterministic_algorithms": _SET_DETERMINISTIC,
    }
    return [name for name, function in found.items() if function is None]


def fastest_linear(dtype: torch.dtype, device: torch.device) -> Linear:
    """Return the fastest linear layer: on CPUs, oneDNN's own is a twentieth faster than torch's."""
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if device.type != "cpu" or not available or _ONEDNN is None:
        return functional.linear
    # Without AVX-512, it does not support bfloat16.
    if dtype == torch.float32 or (dtype == torch.bfloat16 and _HAS_BF16 is not None and _HAS_BF16()):
        return onednn_linear
    return functional.linear


def onednn_linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return x W^T + b (B, M) of inputs x (B, D). Its fused ReLU is not used, because it turns NaN into 0."""
    assert _ONEDNN is not None
    z: Tensor = _ONEDNN(x, weight, bias, "none", [], "")
    return z


def relu_backward_(da: Tensor, a: Tensor) -> Tensor:
    """Set da (B, M) to 0 where the ReLU's output a (B, M) is 0, in one pass; return it."""
    if _THRESHOLD_BACKWARD is None:
        return da.masked_fill_(a <= 0, 0)
    _THRESHOLD_BACKWARD(da, a, 0, grad_input=da)
    return da


@dataclass(frozen=True)
class AdamState:
    """The state of Adam: values, gradients, means and squares in the same order, and the number of steps ().

    Attributes:
        values, gradients, means, squares: one tensor per parameter.
        step: number of steps, including this one.
    """

    values: Sequence[Tensor]
    gradients: Sequence[Tensor]
    means: Sequence[Tensor]
    squares: Sequence[Tensor]
    step: Tensor


def adam_(state: AdamState, decoupled: bool, **settings: Any) -> None:
    """Update once by Adam, or by AdamW (``decoupled``); settings are lr, beta1, beta2, eps and weight_decay."""
    fused = _FUSED_ADAMW if decoupled else _FUSED_ADAM
    tensors: Any = (list(state.values), list(state.gradients), list(state.means), list(state.squares), [])
    if fused is not None:
        fused(*tensors, [state.step] * len(state.values), amsgrad=False, maximize=False, **settings)
        return
    by_torch: Any = adamw if decoupled else adam
    steps = [state.step - 1 for _ in state.values]  # the function increments it
    by_torch(*tensors, steps, foreach=False, amsgrad=False, maximize=False, **settings)


def be_deterministic() -> None:
    """Let torch use deterministic kernels in the whole process, and warn where it has none.

    torch's public function does the same, but also imports its compiler, which takes 4 to 6 seconds.
    """
    if _SET_DETERMINISTIC is not None:
        _SET_DETERMINISTIC(True, warn_only=True)
    else:
        torch.use_deterministic_algorithms(True, warn_only=True)


def largest(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the largest absolute value () of each tensor of fractions, NaN if there is one; for GPUs in one launch."""
    found = [tensor for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
    if _NORMS is not None and found[0].is_cuda:
        norms: list[Tensor] = _NORMS(found, math.inf)
        return norms
    return [tensor.abs().amax() for tensor in found]
