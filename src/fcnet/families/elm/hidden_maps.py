"""Hidden layers that are drawn, not trained: the random maps of extreme learning machines.

The slides' h_i(x) = G(a_i, b_i, x): ``fill`` draws the a_i and b_i, and ``HiddenMap`` is the layer. Some ways to draw
use training images and their labels (Tapson et al. 2015, Zhu et al. 2015, McDonnell et al. 2015).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.errors import ConfigError, DataError
from fcnet.families.common import plain
from fcnet.families.common.layers import activation_module
from fcnet.families.elm.config import RBF, HiddenActivation
from fcnet.families.elm.local_fields import LocalFields
from fcnet.families.elm.weights import (
    MIDWAY,
    ComputedWeights,
    ConstrainedWeights,
    FieldWeights,
    LocalWeights,
    PlainWeights,
    SampleWeights,
    Weights,
)

ROWS = 2000  # inputs processed together: 6 MB of MNIST's as floats

MOST_CENTRES = 1000  # centres whose distances give the width of radial basis functions


@dataclass(frozen=True)
class Inputs:
    """The training inputs that weights may be drawn from.

    Attributes:
        rows: inputs float32 (n, D) at some positions int64 (n,), on their device.
        width: values of an input, D.
        labels: int64 (N,), on the CPU.
        classes: number of classes.
        size: height and width, if inputs are pixels.
    """

    rows: Callable[[Tensor], Tensor]
    width: int
    labels: Tensor
    classes: int
    size: tuple[int, int] | None = None


class Gaussian(nn.Module):
    """Radial basis functions of squared distances s: exp(-s / (2 width^2)).

    Attributes:
        width: ().
    """

    def __init__(self) -> None:
        super().__init__()
        self.width = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, squares: Tensor) -> Tensor:
        """Return outputs in (0, 1], of the shape of the squared distances."""
        return torch.exp(squares / (-2 * self.width**2))


class HiddenMap(nn.Module):
    """A hidden layer that is not trained: f(W x + b), or radial basis functions around the rows of W.

    Attributes:
        weight: W (M, D).
        bias: b (M,).
        units: M.
        inputs: D.
    """

    def __init__(self, inputs: int, units: int, activation: HiddenActivation) -> None:
        super().__init__()
        self.inputs, self.units = inputs, units
        self.weight = nn.Parameter(torch.zeros(units, inputs), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(units), requires_grad=False)
        self.activation = Gaussian() if isinstance(activation, RBF) else activation_module(activation, units)

    def forward(self, x: Tensor) -> Tensor:
        """Return hidden outputs (B, M) of inputs (B, D)."""
        if isinstance(self.activation, Gaussian):
            basis: Tensor = self.activation(squared_distances(x, self.weight))
            return basis
        found: Tensor = self.activation(functional.linear(x, self.weight, self.bias))
        return found

    def described(self) -> plain.Plain:
        """Return it as plain layers."""
        weight, bias = self.weight.detach().float().cpu(), self.bias.detach().float().cpu()
        if isinstance(self.activation, Gaussian):
            return plain.Plain((plain.Radial(weight, float(self.activation.width)),))
        return plain.Plain((plain.Linear(weight, bias), *plain.of(self.activation)))


def squared_distances(x: Tensor, centres: Tensor) -> Tensor:
    """Return |x_i - c_j|^2 (B, M) of x (B, D) and centres (M, D)."""
    lengths = x.square().sum(1, keepdim=True) + centres.square().sum(1)
    return torch.addmm(lengths, x, centres.T, alpha=-2).clamp_min_(0)  # rounding can make it negative


Drawn = HiddenMap | LocalFields


@torch.no_grad()
def fill(layer: Drawn, ways: list[Weights], width: float | None, inputs: Inputs, seed: tuple[int, ...]) -> None:
    """Draw a layer's weights.

    Args:
        layer: on the device of the inputs.
        ways: to draw weights; each gets an equal share of the units.
        width: of radial basis functions; None for the median distance between their centres.
        inputs: of the layer, for the training images.
        seed: integers; equal ones give equal weights.

    Raises:
        ConfigError, DataError: weights cannot be drawn in one of the ways from these inputs.
    """
    units, n = len(layer.weight), len(ways)
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]))
    shares = [units // n + (i < units % n) for i in range(n)]
    drawn = [_draw(way, share, inputs, generator) for way, share in zip(ways, shares, strict=True)]
    layer.weight.copy_(torch.cat([weight for weight, _ in drawn]))
    if isinstance(layer, LocalFields):
        return
    layer.bias.copy_(torch.cat([bias for _, bias in drawn]))
    if isinstance(layer.activation, Gaussian):
        layer.activation.width.fill_(median_distance(layer.weight) if width is None else width)


def median_distance(centres: Tensor) -> float:
    """Return the median distance between the first centres of (M, D). Raises ConfigError if it is 0."""
    some = centres[:MOST_CENTRES].double()
    distances = torch.pdist(some.cpu()) if len(some) > 1 else some.norm(dim=1)
    found = float(distances.median())
    if found == 0:
        raise ConfigError("model.activation: rbf: most centres are equal; set width")
    return found


def _draw(way: Weights, units: int, inputs: Inputs, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return weights (units, D) and biases (units,), on the CPU."""
    bias = torch.zeros(units)
    match way:
        case PlainWeights(bias=bound):
            weight = scaled(_plain(way.name, units, inputs.width, generator), way.length)
            bias.uniform_(-bound, bound, generator=generator)
        case SampleWeights():
            weight = scaled(inputs.rows(_some(units, inputs, generator)).cpu(), way.length)
        case ComputedWeights():
            weight = scaled(computed(units, inputs, generator), way.length)
        case ConstrainedWeights():
            weight, bias = constrained(units, inputs, generator, None, way.length, way.bias)
        case FieldWeights(name=name, length=length):
            mask = fields(units, inputs, way, generator)
            if name == "rf-c":
                multiple = MIDWAY if way.bias is None else way.bias
                weight, bias = constrained(units, inputs, generator, mask, length, multiple)
            else:
                plain = name == "rf"
                drawn = signs(units, inputs.width, generator) if plain else computed(units, inputs, generator)
                weight = scaled(drawn * mask, length)
        case LocalWeights(side=side):
            weight = scaled(_plain("orthogonal", units, side * side, generator), 1.0)
    return weight, bias


def _plain(name: str, units: int, width: int, generator: torch.Generator) -> Tensor:
    weight = torch.empty(units, width)
    match name:
        case "sign":
            return signs(units, width, generator)
        case "gaussian":
            return weight.normal_(generator=generator)
        case "uniform":
            return weight.uniform_(-1, 1, generator=generator)
    # More units than inputs cannot all be orthogonal; then the columns are.
    found: Tensor = nn.init.orthogonal_(weight, generator=generator)
    return found


def signs(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Return random signs +1 and -1, float32 (rows, columns)."""
    return torch.randint(0, 2, (rows, columns), dtype=torch.int8, generator=generator).float().mul_(2).sub_(1)


def scaled(weight: Tensor, length: float) -> Tensor:
    """Scale the rows of (M, D) to a length; a length of 0, and rows of zeros, change nothing."""
    if not length:
        return weight
    lengths = weight.norm(dim=1, keepdim=True)
    return weight * torch.where(lengths > 0, length / lengths, 1.0)


def _some(units: int, inputs: Inputs, generator: torch.Generator) -> Tensor:
    """Return random positions (units,) of training inputs, repeated only if there are more units than inputs."""
    n = len(inputs.labels)
    rounds = [torch.randperm(n, generator=generator) for _ in range(-(-units // n))]
    return torch.cat(rounds)[:units]


def computed(units: int, inputs: Inputs, generator: torch.Generator, at_once: int = ROWS) -> Tensor:
    """Return CIW weights: sums (units, D) of a class's inputs with random signs, units in proportion to class sizes."""
    owners = shares(torch.bincount(inputs.labels, minlength=inputs.classes), units)
    weight = torch.zeros(units, inputs.width)
    for label, own in enumerate(owners):
        mine = torch.nonzero(inputs.labels == label).flatten()
        for some in torch.split(mine, at_once) if own.stop > own.start else ():
            weight[own] += signs(own.stop - own.start, len(some), generator) @ inputs.rows(some).cpu()
    return weight


def shares(counts: Tensor, units: int) -> list[slice]:
    """Return a slice of the units for each of counts (C,), in proportion to them, by largest remainders."""
    exact = counts.double() * units / counts.sum()
    share = exact.floor().long()
    left = units - int(share.sum())
    share[torch.argsort(exact - share, descending=True, stable=True)[:left]] += 1
    ends = share.cumsum(0).tolist()
    return [slice(end - own, end) for end, own in zip(ends, share.tolist(), strict=True)]


def constrained(
    units: int, inputs: Inputs, generator: torch.Generator, mask: Tensor | None, length: float, multiple: float
) -> tuple[Tensor, Tensor]:
    """Return C weights: differences (units, D) of two inputs of different classes, within a mask, and biases (units,).

    A bias is a multiple of W x half way between the two. Raises DataError if all inputs are of one class.
    """
    labels = inputs.labels
    if bool((labels == labels[0]).all()):
        raise DataError(
            "all training images are of one class, but weights c and rf-c need two classes; choose other weights"
        )
    first = torch.randint(len(labels), (units,), generator=generator)
    second = torch.randint(len(labels), (units,), generator=generator)
    while bool((same := labels[first] == labels[second]).any()):
        second[same] = torch.randint(len(labels), (int(same.sum()),), generator=generator)
    a, b = inputs.rows(first).cpu(), inputs.rows(second).cpu()
    weight = scaled((a - b) if mask is None else (a - b) * mask, length)
    return weight, multiple * (weight * (a + b) / 2).sum(1)


def fields(units: int, inputs: Inputs, way: FieldWeights, generator: torch.Generator) -> Tensor:
    """Return receptive fields: 1 within a random rectangle of pixels, else 0, float32 (units, D).

    The distribution is that of rectangles whose two corners are drawn uniformly until their sides and area are within
    the limits. Raises ConfigError if no rectangle is.
    """
    assert inputs.size is not None  # the schema refuses them after encoders
    if problem := way.misfit(inputs.size):
        raise ConfigError(f"model.weights: {problem}")
    inner = [side - 2 * way.margin for side in inputs.size]
    sides = [torch.arange(1, side + 1) for side in inner]
    # The number of ordered pairs of positions that span n pixels.
    ways = [(side + 1 - n) * torch.where(n > 1, 2, 1) for side, n in zip(inner, sides, strict=True)]
    fits = [(n >= way.least_side) & (n <= (way.most_side or side)) for side, n in zip(inner, sides, strict=True)]
    large = sides[0][:, None] * sides[1] >= way.least_area
    chances = (ways[0] * fits[0])[:, None] * (ways[1] * fits[1]) * large  # of each height (rows) and width (columns)
    drawn = torch.multinomial(chances.flatten().double(), units, replacement=True, generator=generator)
    rows, columns = (
        _placed(n, side, way.margin, generator)
        for n, side in zip((drawn // inner[1] + 1, drawn % inner[1] + 1), inner, strict=True)
    )
    height, width = inputs.size
    within_rows = _between(torch.arange(height), rows)
    within_columns = _between(torch.arange(width), columns)
    return (within_rows[:, :, None] & within_columns[:, None, :]).flatten(1).float()


def _placed(sides: Tensor, room: int, margin: int, generator: torch.Generator) -> Tensor:
    """Return first and last positions (units, 2) of sides (units,) placed at random between two margins."""
    free = room - sides + 1
    first = margin + (torch.rand(len(sides), dtype=torch.float64, generator=generator) * free).long()
    return torch.stack([first, first + sides - 1], 1)


def _between(positions: Tensor, ends: Tensor) -> Tensor:
    """Return whether positions (n,) are between a first and a last one (units, 2), both included: (units, n)."""
    return (positions >= ends[:, :1]) & (positions <= ends[:, 1:])
