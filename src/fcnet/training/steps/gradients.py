"""Gradients of a batch: by the slides' back-propagation for plain nets, otherwise by autograd."""

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor, nn

from fcnet.training.metrics import Output
from fcnet.training.objective import Classify, Objective
from fcnet.training.steps.backprop import FROM_OUTPUT
from fcnet.training.steps.by_hand import ByHand


class Gradients(Protocol):
    """Writes the gradient of a batch's loss to the parameters' ``grad``."""

    name: str
    dtype: torch.dtype  # of its input pixels

    def __call__(self, pixels: Tensor, labels: Tensor) -> Output:
        """Return loss, logits and terms of pixels (B, D) and labels (B,), without a graph."""


class Autograd:
    """Gradients of any model, by torch's automatic differentiation."""

    def __init__(self, model: nn.Module, objective: Objective, precision: str, reason: str) -> None:
        weight = next(model.parameters())
        self.name = f"autograd, {weight.device.type}, {precision} ({reason})"
        self.dtype = weight.dtype
        self._model = model
        self._objective = objective
        self._bf16 = precision == "bf16"

    def __call__(self, pixels: Tensor, labels: Tensor) -> Output:
        """Return loss, logits and terms of pixels (B, D) and labels (B,), without a graph."""
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self._bf16):
            output = self._objective.of_batch(self._model, pixels, labels)
        self._model.zero_grad(set_to_none=True)
        output.loss.backward()  # type: ignore[no-untyped-call]
        logits = None if output.logits is None else output.logits.detach()
        return replace(output, loss=output.loss.detach(), logits=logits)


def choose(model: nn.Module, objective: Objective, precision: str) -> Gradients:
    """Return the fastest implementation that supports a net and an objective; its ``name`` says which and why."""
    if not isinstance(objective, Classify):  # the only loss whose derivative is implemented by hand
        return Autograd(model, objective, precision, objective.name)
    if objective.confidence_penalty:
        return Autograd(model, objective, precision, "has a confidence penalty")
    if not all(parameter.requires_grad for parameter in model.parameters()):
        return Autograd(model, objective, precision, "has frozen layers")
    others = [type(module).__name__ for module in model.children() if type(module) not in (nn.Linear, *FROM_OUTPUT)]
    if others:
        return Autograd(model, objective, precision, f"has {others[0]}")
    return ByHand(model, objective, precision)
