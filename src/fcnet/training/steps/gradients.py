"""Gradients of a batch: by the slides' back-propagation where a net is plain, else by autograd."""

from typing import Protocol

import torch
from torch import Tensor, nn

from fcnet.training.objective import Classify, Objective
from fcnet.training.steps.backprop import FROM_OUTPUT
from fcnet.training.steps.by_hand import ByHand


class Gradients(Protocol):
    """Puts the gradient of a batch's loss into the parameters' ``grad``; gives what the objective does of a batch."""

    name: str
    dtype: torch.dtype  # of the pixels that it takes

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss () and logits (B, C) of pixels (B, D) and labels (B,), without a graph."""


class Autograd:
    """Any model, by torch's automatic differentiation."""

    def __init__(self, model: nn.Module, objective: Objective, precision: str, reason: str) -> None:
        weight = next(model.parameters())
        self.name = f"autograd, {weight.device.type}, {precision} ({reason})"
        self.dtype = weight.dtype
        self._model = model
        self._objective = objective
        self._bf16 = precision == "bf16"

    def __call__(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Loss (), and logits (B, C) or parts (P,), of pixels (B, D) and labels (B,), without a graph."""
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self._bf16):
            loss, outputs = self._objective.of_batch(self._model, pixels, labels)
        self._model.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach(), outputs.detach()


def choose(model: nn.Module, objective: Objective, precision: str) -> Gradients:
    """The faster of the two that can do it; its ``name`` says which and why."""
    if not isinstance(objective, Classify):
        return Autograd(model, objective, precision, "an autoencoder")
    if not all(parameter.requires_grad for parameter in model.parameters()):
        return Autograd(model, objective, precision, "has frozen layers")
    others = [type(module).__name__ for module in model.children() if type(module) not in (nn.Linear, *FROM_OUTPUT)]
    if others:
        return Autograd(model, objective, precision, f"has {others[0]}")
    return ByHand(model, objective, precision)
