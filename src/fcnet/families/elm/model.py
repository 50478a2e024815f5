"""Extreme learning machines as modules: random hidden maps, and read-outs that are solved for.

The slides' f(x) = sum_i beta_i h_i(x). ``solve`` finds beta, which is zero before.
"""

import math

import torch
from torch import Tensor, nn

from fcnet.families.common import plain
from fcnet.families.common.layers import activation_module
from fcnet.families.elm.config import Autoencoder, ELMModel
from fcnet.families.elm.hidden_maps import Drawn, HiddenMap
from fcnet.families.elm.local_fields import LocalFields
from fcnet.families.elm.weights import LocalWeights

Size = tuple[int, int]  # height, width in pixels


class Encoded(nn.Module):
    """A layer with the weights of an ELM autoencoder: f(beta x), its output weights used as input weights.

    Attributes:
        weight: beta (M, D).
    """

    def __init__(self, inputs: int, spec: Autoencoder) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(spec.hidden, inputs), requires_grad=False)
        self.activation = activation_module(spec.activation, spec.hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, M) of inputs (B, D)."""
        found: Tensor = self.activation(nn.functional.linear(x, self.weight))
        return found

    def described(self) -> plain.Plain:
        """Return it as plain layers."""
        return plain.Plain((plain.Linear(self.weight.detach().float().cpu()), *plain.of(self.activation)))


class Machine(nn.Module):
    """A hidden map and its read-out.

    Attributes:
        hidden: the map.
        readout: beta, as a linear layer (C, M) without biases.
    """

    def __init__(self, hidden: Drawn, outputs: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.readout = nn.Linear(hidden.units, outputs, bias=False)
        self.readout.requires_grad_(False)
        nn.init.zeros_(self.readout.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs (B, C) of inputs (B, D), which are near 1 for the class and near 0 for the others."""
        found: Tensor = self.readout(self.hidden(x))
        return found

    def described(self) -> plain.Plain:
        """Return it as plain layers."""
        return plain.Plain(plain.of(self.hidden, self.readout))


class ELM(nn.Module):
    """Encoders, one or several machines on the same inputs, and for several a machine that combines their outputs.

    Attributes:
        standardise: whether each image is standardised first.
        encoders: layers before the machines.
        machines: one, or those that ``combiner`` combines.
        combiner: a machine on the outputs of the others, if there are several.
        scale: (), the factor that turns the outputs into logits, so that their softmax is a calibrated probability.
    """

    def __init__(self, size: Size, outputs: int, spec: ELMModel) -> None:
        super().__init__()
        self.standardise = spec.standardise
        widths = [math.prod(size), *(encoder.hidden for encoder in spec.encoders)]
        self.encoders = nn.Sequential(
            *(
                Encoded(width, one) if isinstance(one, Autoencoder) else HiddenMap(width, one.hidden, one.activation)
                for width, one in zip(widths, spec.encoders, strict=False)
            )
        )
        count = len(spec.all_weights) if spec.combiner is not None else 1
        self.machines = nn.ModuleList(Machine(_hidden(widths[-1], size, spec), outputs) for _ in range(count))
        self.combiner: Machine | None = None
        if spec.combiner is not None:
            combined = HiddenMap(count * outputs, spec.combiner.hidden, spec.combiner.activation)
            self.combiner = Machine(combined, outputs)
        self.scale = nn.Parameter(torch.ones(()), requires_grad=False)

    def encoded(self, x: Tensor, layers: int | None = None) -> Tensor:
        """Return outputs (B, D') of the first ``layers`` encoders, by default of all, for pixels (B, D)."""
        flat = x.flatten(1)
        found: Tensor = self.encoders[:layers](standardised(flat) if self.standardise else flat)
        return found

    def machine_outputs(self, x: Tensor) -> Tensor:
        """Return the outputs (B, n * C) of the n machines, side by side, for pixels (B, D)."""
        encoded = self.encoded(x)
        return torch.cat([machine(encoded) for machine in self.machines], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, C) of pixels (B, D) or images (B, 1, H, W) in [0, 1]."""
        outputs = self.machine_outputs(x)
        if self.combiner is not None:
            outputs = self.combiner(outputs)
        return self.scale * outputs

    def described(self) -> plain.Plain:
        """Return the net as plain layers."""
        machines = tuple(plain.of(one) for one in self.machines)
        outputs = machines[0] if len(machines) == 1 else (plain.Parallel(machines),)
        if self.combiner is not None:
            outputs = (*outputs, *plain.of(self.combiner))
        scale = self.scale.detach().double().cpu()
        scaled = plain.Affine(scale, torch.zeros_like(scale))
        first = (plain.Standardised(),) if self.standardise else ()
        return plain.Plain(plain.joined((*first, *plain.of(self.encoders), *outputs, scaled)))


def standardised(x: Tensor) -> Tensor:
    """Return rows (B, D) shifted and scaled to mean 0 and standard deviation 1; rows of equal values become 0."""
    spread, mean = torch.std_mean(x, 1, correction=0, keepdim=True)
    return (x - mean) / torch.where(spread > 0, spread, 1.0)


def build(spec: ELMModel, size: Size, classes: int) -> ELM:
    """Return the net of a config for images of a size (height, width); its weights are all 0."""
    return ELM(size, classes, spec)


def _hidden(inputs: int, size: Size, spec: ELMModel) -> Drawn:
    """Return the hidden map of a machine."""
    if isinstance(spec.weights, LocalWeights):
        return LocalFields(size, spec.hidden, spec.weights)
    return HiddenMap(inputs, spec.hidden, spec.activation)
