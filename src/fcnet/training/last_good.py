"""The last good weights of a training, to restore when it diverges."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fcnet.errors import DivergedError
from fcnet.system.text import few
from fcnet.training.torch_private import largest


class LastGood:
    """The weights of a logged step, to restore when a loss or a gradient is not finite.

    Nothing needs to be read from the device between two logged steps: a loss that is not finite stays in the sum of
    losses, and a gradient that is not finite stays in the weights or in the optimiser's averages, since no optimiser
    recovers from NaN or infinity. So all are checked once per logged step.

    Weights are good if the steps after them had finite losses. Those of the current logged step are finite, but not
    known to be good: they are candidates until the next logged step.

    Attributes:
        place: the step of the good weights, in words.
    """

    def __init__(self, model: nn.Module, optimizer_state: Sequence[Tensor]) -> None:
        self._weights = [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
        self._state = optimizer_state
        self._good = [tensor.clone() for tensor in self._weights]
        self._candidate = [tensor.clone() for tensor in self._weights]
        self.place = self._candidate_place = "the start"

    def accept(self, loss: float, place: str) -> bool:
        """Check the mean loss and the weights at a logged step; return False if one is not finite."""
        if not (math.isfinite(loss) and self.is_finite()):
            return False
        self._good, self._candidate = self._candidate, self._good
        self.place, self._candidate_place = self._candidate_place, place
        copy(self._weights, self._candidate)
        return True

    def is_finite(self) -> bool:
        """Return whether the weights and the optimiser's averages are finite. Waits for the device."""
        return all_finite([*self._weights, *self._state])

    def restore(self) -> None:
        """Restore the good weights."""
        copy(self._good, self._weights)

    def settle(self) -> None:
        """Restore the good weights if the current ones are not finite."""
        if not all_finite(self._weights):
            self.restore()

    def failure(self, epoch: int, step: int, lr: float, images: list[int], what: str) -> DivergedError:
        """Restore the good weights; return the error of a step, with its learning rate and the images of its batch."""
        self.restore()
        return DivergedError(
            f"epoch {epoch}, step {step} (lr {lr:g}; {len(images)} training images, numbers {few(images, 10)}): {what}"
            " is not finite; lower train.optimizer.lr, or set train.clip_grad_norm; the weights of"
            f" {self.place} are kept",
            facts={"epoch": epoch, "step": step, "lr": lr, "images": images},
        )

    def state(self) -> dict[str, object]:
        """Return the whole state, for a checkpoint."""
        return {
            "good": self._good,
            "candidate": self._candidate,
            "place": self.place,
            "candidate_place": self._candidate_place,
        }

    def load(self, state: dict[str, object]) -> None:
        """Load the ``state`` of another object. Raises ValueError if shapes differ."""
        copy(_tensors(state["good"]), self._good)
        copy(_tensors(state["candidate"]), self._candidate)
        self.place, self._candidate_place = str(state["place"]), str(state["candidate_place"])


def _tensors(value: object) -> list[Tensor]:
    if not isinstance(value, list) or not all(isinstance(one, Tensor) for one in value):
        raise TypeError("tensors expected")
    return value


def copy(source: Sequence[Tensor], target: Sequence[Tensor]) -> None:
    """Copy tensors into others of the same shapes. Raises ValueError if number or shapes differ."""
    for a, b in zip(source, target, strict=True):
        if a.shape != b.shape:
            raise ValueError(f"a tensor of shape {tuple(a.shape)} in place of {tuple(b.shape)}")
        b.copy_(a)


def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Return whether all elements of all tensors are finite. Waits for the device."""
    return bool(torch.stack(largest(tensors)).isfinite().all())
