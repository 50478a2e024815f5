"""Updates of K nets: one net after the other, or all at once.

On a CPU each net's own step updates it, with the bits of that net alone. On a GPU that would be many small launches, so
all nets are updated together: the same formulas, with rates and settings of K numbers each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from fcnet.config.train import SGD, Adam, AdamW
from fcnet.training.gpu.updates import advance
from fcnet.training.optim.optimizers import AdamOptimizer, Member, SGDOptimizer
from fcnet.training.together.stack import Stack, side_by_side

if TYPE_CHECKING:
    from fcnet.training.together.lane import Lane

CLIP_EPS = 1e-6  # added to the norm by which gradients are divided, as torch does


class Update(Protocol):
    """Updates all nets of a stack by their gradients."""

    def begin(self, steps: int, here: Sequence[bool]) -> None:
        """Prepare the rates of the next steps, for the nets that are here."""

    def __call__(self, step: int, more: Tensor) -> None:
        """Take a step, counted from 0; add to the losses more (K,) what l2 and clipping give."""

    def leave(self, number: int) -> None:
        """Forget a net that has left."""


class EachAlone:
    """Updates one net after the other, by its own step."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes, self._rates = lanes, dict[int, Tensor]()

    def begin(self, steps: int, here: Sequence[bool]) -> None:
        """Prepare the rates of the next steps, for the nets that are here."""
        self._rates = {number: lane.rates(steps) for number, lane in enumerate(self._lanes) if here[number]}

    def __call__(self, step: int, more: Tensor) -> None:
        """Take a step, counted from 0; add to the losses more (K,) what l2 and clipping give."""
        for number, rates in self._rates.items():
            if (added := self._lanes[number].stepper.update(rates[step])) is not None:
                more[number] = added

    def leave(self, number: int) -> None:
        """Do nothing: ``begin`` says which nets are here."""


@dataclass(frozen=True)
class Kept:
    """A parameter of all nets, its gradient and what the optimisers keep of it.

    Attributes:
        value, gradient: (K, ...).
        mean, square: running averages, or velocities; None if there are none.
        shrinks: whether l2 and weight decay act on it.
    """

    value: Tensor
    gradient: Tensor
    mean: Tensor | None
    square: Tensor | None
    shrinks: bool

    def across(self, numbers: Tensor) -> Tensor:
        """Return numbers (K,) in a shape that multiplies this parameter."""
        return numbers.view(-1, *(1 for _ in self.value.shape[1:]))


class AllAtOnce:
    """Updates all nets together.

    Args:
        lanes: with optimisers of one kind.
        stack: their parameters.

    Attributes:
        optimizers: of the nets.
        kept: weights and biases of each layer in turn.
        adam: whether the optimisers are Adam or AdamW, rather than SGD.
        rates: (n, K, 4) of the next steps, see ``gpu.updates.rates_of``; 0 for nets that are not here.
    """

    def __init__(self, lanes: Sequence[Lane], stack: Stack) -> None:
        self._lanes, device = lanes, stack.layers[0].weight.device
        optimizers = [lane.stepper.optimizer for lane in lanes]
        self.optimizers = [one for one in optimizers if isinstance(one, AdamOptimizer | SGDOptimizer)]
        settings = [lane.settings for lane in lanes]
        self._l2, self._clip = ([getattr(one, name) for one in settings] for name in ("l2", "clip_grad_norm"))
        self._factors = torch.tensor(self._l2, device=device)
        self._most = torch.tensor([one or 0.0 for one in self._clip], device=device)
        self._clips = torch.tensor([one is not None for one in self._clip], device=device)
        self.kept = [kept for number in range(len(stack.layers)) for kept in self._of_layer(stack, number)]
        adam = [one.optimizer for one in settings if isinstance(one.optimizer, Adam | AdamW)]
        sgd = [one.optimizer for one in settings if isinstance(one.optimizer, SGD)]
        self.adam = bool(adam)
        betas = [one.betas for one in adam] or [[one.momentum, 0.0] for one in sgd]
        self._beta1, self._beta2 = torch.tensor(betas, dtype=torch.float64, device=device).T
        self._eps = torch.tensor([one.eps for one in adam] or [0.0] * len(sgd), device=device)
        self._nesterov = torch.tensor([one.nesterov for one in sgd] or [False] * len(adam), device=device)
        decays = [max(member.decay for member in one.members()) for one in self.optimizers]
        self._decays = torch.tensor(decays, dtype=torch.float64, device=device)
        self.rates = torch.zeros(0, len(lanes), 4, device=device)

    def _of_layer(self, stack: Stack, number: int) -> list[Kept]:
        """Return weights and biases of a layer, with the optimisers' state in common memory."""
        layer = stack.layers[number]
        pairs = [stack.parameters(net)[number] for net in range(len(self._lanes))]
        found = []
        for which, (value, gradient) in enumerate(
            ((layer.weight, layer.weight_gradient), (layer.bias, layer.bias_gradient))
        ):
            members = [
                next(one for one in optimizer.members() if one.parameter is pair[which])
                for optimizer, pair in zip(self.optimizers, pairs, strict=True)
            ]
            mean, square = common_of(members, "mean", value), common_of(members, "square", value)
            found.append(Kept(value, gradient, mean, square, which == 0))
        return found

    def begin(self, steps: int, here: Sequence[bool]) -> None:
        """Prepare the rates of the next steps; those of nets that are not here are 0."""
        device, numbers = self.rates.device, [number for number, is_here in enumerate(here) if is_here]
        lanes = [self._lanes[number] for number in numbers]
        lrs = torch.stack([lane.plan.of(lane.epoch)[1][lane.step : lane.step + steps] for lane in lanes], 1).double()
        found = torch.zeros(steps, len(numbers), 4, dtype=torch.float64, device=device)
        found[..., 3] = lrs
        which = torch.tensor(numbers, device=device)
        if self.adam:  # as ``rates_of`` has them of one net
            before = torch.stack([self.optimizers[number].counters()[0] for number in numbers]).double()
            taken = before + torch.arange(1, steps + 1, device=device)[:, None]
            found[..., 0] = lrs / (1 - self._beta1[which] ** taken)
            found[..., 1] = (1 - self._beta2[which] ** taken).rsqrt()
            found[..., 2] = lrs * self._decays[which]
        self.rates = torch.zeros(steps, len(here), 4, device=device)
        self.rates[:, which] = found.float()
        for number in numbers:
            advance(self.optimizers[number], steps)

    def decays(self) -> Tensor:
        """Return the decoupled weight decay of each net (K,)."""
        return self._decays.float()

    def __call__(self, step: int, more: Tensor) -> None:
        """Take a step, counted from 0; add to the losses more (K,) what l2 and clipping give."""
        if any(self._l2):
            more += self._shrink()
        if any(one is not None for one in self._clip):
            more += self._clipped()
        for kept in self.kept:
            (self._adam_step if self.adam else self._sgd_step)(kept, self.rates[step])

    def leave(self, number: int) -> None:
        """Give what is kept of a net that has left memory of its own; its place is 0 from now on."""
        for tensor in self.optimizers[number].tensors():
            tensor.data = tensor.clone()
        for kept in self.kept:
            for common in (kept.mean, kept.square):
                if common is not None:
                    common[number].zero_()

    def _shrink(self) -> Tensor:
        """Add the gradients of (l2 / 2) * sum of squared weights; return its values (K,)."""
        total = torch.zeros_like(self._factors)
        for kept in self.kept:
            if kept.shrinks:
                kept.gradient.addcmul_(kept.value, kept.across(self._factors))
                total += kept.value.square().flatten(1).sum(1)
        return 0.5 * self._factors * total

    def _clipped(self) -> Tensor:
        """Scale gradients down to their largest norms; return 0 (K,), NaN where a norm is not finite."""
        norms = torch.stack([kept.gradient.square().flatten(1).sum(1) for kept in self.kept]).sum(0).sqrt()
        scale = torch.where(self._clips, (self._most / (norms + CLIP_EPS)).clamp(max=1), 1)
        for kept in self.kept:
            kept.gradient.mul_(kept.across(scale))
        return torch.where(self._clips, norms - norms, 0)

    def _adam_step(self, kept: Kept, rates: Tensor) -> None:
        """Update by Adam or AdamW with rates (K, 4) of ``gpu.updates.rates_of``."""
        assert kept.mean is not None
        assert kept.square is not None
        corrected, root, decay, _ = (kept.across(one) for one in rates.T)
        if kept.shrinks:
            kept.value.mul_(1 - decay)
        kept.mean.add_((kept.gradient - kept.mean).mul_(kept.across((1 - self._beta1).float())))
        kept.square.mul_(kept.across(self._beta2.float()))
        kept.square.addcmul_(kept.gradient.square(), kept.across((1 - self._beta2).float()))
        below = kept.square.sqrt().mul_(root).add_(kept.across(self._eps))
        kept.value.sub_((kept.mean * corrected).div_(below))

    def _sgd_step(self, kept: Kept, rates: Tensor) -> None:
        """Update by SGD with rates (K, 4) of ``gpu.updates.rates_of``."""
        change = kept.gradient
        if kept.mean is not None:
            momentum = kept.across(self._beta1.float())
            kept.mean.mul_(momentum).add_(kept.gradient)
            ahead = kept.gradient + kept.mean * momentum
            change = torch.where(kept.across(self._nesterov), ahead, kept.mean)
        kept.value.sub_(change * kept.across(rates[:, 3]))


def common_of(members: Sequence[Member], name: str, like: Tensor) -> Tensor | None:
    """Return what the optimisers keep under a name as one tensor (K, ...); None if no net has any."""
    own: list[Tensor | None] = [getattr(member, name) for member in members]
    if all(one is None for one in own):
        return None
    return side_by_side([torch.zeros_like(like[0]) if one is None else one for one in own])
