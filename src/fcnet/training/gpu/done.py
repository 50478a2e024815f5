"""What all ways to take many steps at once share: their results, and why one cannot be used."""

from dataclasses import dataclass

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
