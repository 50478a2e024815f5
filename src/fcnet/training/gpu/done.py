"""What all ways to take many steps at once share: their results, and why one cannot be used."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Done:
    """The results of some steps, on the device.

    Attributes:
        losses: of each step (n,).
        hits: images classified correctly in each step (n,).
        terms: of the loss, of each step (n, P).
    """

    losses: Tensor
    hits: Tensor
    terms: Tensor


class Unavailable(Exception):
    """Why a way to take steps cannot be used here, in words."""


class Unsuitable(Unavailable):
    """The same where it was never meant for such a training."""


class Burst(Protocol):
    """Takes many steps at once.

    Attributes:
        name: how.
        unit: steps of which it takes multiples without preparing anything.
    """

    name: str
    unit: int

    def __call__(self, order: Tensor, lrs: Tensor) -> Done:
        """Take n steps on the images at positions (n * batch,), with learning rates (n,), without waiting for them."""


def check_triton(device: torch.device) -> None:
    """Raise Unavailable if fcnet's own kernels cannot be compiled for a GPU."""
    try:
        import triton  # noqa: F401
    except ImportError:
        raise Unavailable("Triton is not installed") from None
    check_capability(device)


OLDEST = (8, 0)  # compute capability for which fcnet's own kernels are written


def check_capability(device: torch.device) -> None:
    """Raise Unavailable for a GPU that is too old for fcnet's own kernels."""
    has = torch.cuda.get_device_capability(device)
    if has < OLDEST:
        raise Unavailable("the GPU has compute capability {}.{}, less than {}.{}".format(*has, *OLDEST))
