"""The launches of fcnet's own kernels that compute a step of plain nets: of one, or of several side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from fcnet.training.gpu.kernels import arithmetic, products, updates
from fcnet.training.gpu.slots import Images

_KINDS: dict[type[nn.Module], tuple[Any, str]] = {  # with the attribute that is their setting
    nn.Identity: (arithmetic.IDENTITY, ""),
    nn.ReLU: (arithmetic.RELU, ""),
    nn.LeakyReLU: (arithmetic.LEAKY_RELU, "negative_slope"),
    nn.ELU: (arithmetic.ELU, "alpha"),
    nn.Sigmoid: (arithmetic.SIGMOID, ""),
    nn.Tanh: (arithmetic.TANH, ""),
    nn.Softplus: (arithmetic.SOFTPLUS, ""),
}

# Numbers of fp32 are the sums of two of TF32, nearly: three products of those give about the precision of fp32.
PRECISION = "tf32x3"

# Programs that keep a GPU of 132 multiprocessors busy. Larger tiles read less and compute faster where several nets
# make enough of them.
BUSY = 256
TILES = ((64, 64), (64, 32), (32, 32))  # rows and columns, the largest first


@dataclass(frozen=True)
class LayerMemory:
    """A linear layer of K nets, with M outputs of D inputs.

    Attributes:
        weight: (K, M, D), or (M, D) of one net; so are all that follow, with or without K.
        bias: (K, M).
        bias_gradient: (K, M), written by ``backward`` and ``output``.
        activation: that follows; None after the last layer.
    """

    weight: Tensor
    bias: Tensor
    bias_gradient: Tensor
    activation: nn.Module | None

    @property
    def size(self) -> tuple[int, int]:
        """Return M and D."""
        return self.weight.shape[-2], self.weight.shape[-1]


@dataclass(frozen=True)
class UpdateMemory:
    """What changes the weights of a layer of K nets right where their gradients are computed.

    Attributes:
        mean, square: (K, M, D); None if the optimiser has none.
        rates: (K, 4) of this step, see ``updates.rates_of``.
        settings: (K, 6), see ``kernels.updates.SETTINGS``.
        decays: (K,).
        kind: of the optimiser, ``kernels.updates.ADAM`` or ``SGD``.
    """

    mean: Tensor | None
    square: Tensor | None
    rates: Tensor
    settings: Tensor
    decays: Tensor
    kind: Any


class Launches:
    """Computes outputs, losses and gradients of K nets, each on images of its own.

    Args:
        layers: of the nets.
        smoothings: of each net's labels.
        images: common to all.
        bf16: whether the products of hidden layers are rounded.
        precision: of the products: tf32x3, ieee, or tf32, which is less precise.
    """

    def __init__(
        self, layers: Sequence[LayerMemory], smoothings: Sequence[float], images: Images, bf16: bool, precision: str
    ) -> None:
        self._layers, self._images, self._bf16, self._precision = layers, images, bf16, precision
        # With bytes, which TF32 holds, two products do. One net keeps three: its bits are those of earlier versions.
        self._of_bytes = "tf32x2" if precision == "tf32x3" and len(smoothings) > 1 else precision
        self._nets, self._batch, device = len(smoothings), images.batch, images.pixels.device
        self._smoothings = torch.tensor(smoothings, dtype=torch.float32, device=device)
        self._activations = [
            (kind, float(getattr(layer.activation, setting)) if setting else 0.0)
            for layer in layers[:-1]
            for kind, setting in [_KINDS[type(layer.activation)]]  # type: ignore[index]
        ]
        shapes = [(self._nets, self._batch, layer.size[0]) for layer in layers]
        self._outputs = [torch.zeros(shape, device=device) for shape in shapes[:-1]]
        self._deltas = [torch.zeros(shape, device=device) for shape in shapes]

    def forward(self, number: int, rows: Tensor) -> None:
        """Compute the outputs of a hidden layer, of images at positions ``rows`` (K * B,)."""
        layer, (x, pixels), (kind, slope) = self._layers[number], self._inputs(number), self._activations[number]
        width, before = layer.size
        high, wide = self._tile(width) or (32, 16)
        products.layer[(blocks(self._batch, high), blocks(width, wide), self._nets)](
            *(x, rows, layer.weight, layer.bias, self._outputs[number], self._batch, before, width, slope),
            PIXELS=pixels,
            KIND=kind,
            BF16=self._bf16,
            PRECISION=self._of_bytes if pixels else self._precision,
            num_stages=3,
            BM=high,
            BN=wide,
            BK=64 if (high, wide) == (32, 16) else 32,
        )

    def output(self, rows: Tensor, losses: Tensor, hits: Tensor) -> None:
        """Compute losses and hits (K * B,), delta of the output layer, and its bias gradient."""
        layer, delta = self._layers[-1], self._deltas[-1]
        classes, before = layer.size
        a = self._outputs[-1] if self._outputs else self._images.at(rows, torch.float32)[0]
        columns = power_of_two(classes)
        products.outputs[(blocks(self._batch, 16), self._nets)](
            *(a, self._images.labels, rows, layer.weight, layer.bias, self._smoothings, delta, losses, hits),
            *(self._batch, before, classes),
            PRECISION=self._precision,
            BM=16,
            BC=columns,
            BK=64,
            num_stages=3,
        )
        products.column_sums[(self._nets,)](delta, layer.bias_gradient, self._batch, classes, BM=32, BC=columns)

    def weight_gradient(self, number: int, rows: Tensor, out: Tensor) -> None:
        """Write the gradient of a layer's weights."""
        grid, sizes, options = self._of_weights(number)
        x, _ = self._inputs(number)
        products.weight_gradient[grid](*(self._deltas[number], x, rows, out), *sizes, **options)

    def weight_update(self, number: int, rows: Tensor, by: UpdateMemory) -> None:
        """Update a layer's weights by their gradient; nothing may need the old ones any more."""
        grid, sizes, options = self._of_weights(number)
        (x, _), value = self._inputs(number), self._layers[number].weight
        mean, square = (value if one is None else one for one in (by.mean, by.square))  # not used where there is none
        updates.weight_update[grid](
            *(self._deltas[number], x, rows, value, mean, square, by.rates, by.settings, by.decays),
            *sizes,
            KIND=by.kind,
            MOVES=by.mean is not None,
            **options,
        )

    def backward(self, number: int) -> None:
        """Compute delta and the bias gradient of the layer before."""
        layer, (kind, slope) = self._layers[number], self._activations[number - 1]
        width, before = layer.size
        products.backward[(blocks(before, 16), self._nets)](
            *(self._deltas[number], layer.weight, self._outputs[number - 1], self._deltas[number - 1]),
            *(self._layers[number - 1].bias_gradient, self._batch, width, before, slope),
            KIND=kind,
            BF16=self._bf16,
            LAST=number == len(self._layers) - 1,
            PRECISION=self._precision,
            num_stages=2,
            BM=power_of_two(min(self._batch, 64)),
            BN=16,
            BK=16 if width <= 16 else 32,
        )

    def _inputs(self, number: int) -> tuple[Tensor, bool]:
        """Return the inputs of a layer, and whether they are pixels."""
        return (self._outputs[number - 1], False) if number else (self._images.pixels, True)

    def _of_weights(self, number: int) -> tuple[tuple[int, int, int], tuple[int, int, int], dict[str, Any]]:
        """Return grid, sizes and options of the kernels that compute a layer's weight gradient."""
        width, before = self._layers[number].size
        high, last = 16 if width <= 16 else 32, number == len(self._layers) - 1
        precision = self._precision if number else self._of_bytes
        options = {"PIXELS": number == 0, "BF16": self._bf16 and not last, "PRECISION": precision}
        tile = {"BM": high, "BN": 64, "BK": 32, "num_stages": 2}
        return (blocks(width, high), blocks(before, 64), self._nets), (self._batch, width, before), options | tile

    def _tile(self, width: int) -> tuple[int, int] | None:
        """Return the largest tile of a layer's outputs that keeps a GPU busy; None for that of one net."""
        for high, wide in TILES if self._nets > 1 else ():
            if self._nets * blocks(self._batch, high) * blocks(width, wide) >= BUSY:
                return high, wide
        return None


def blocks(size: int, block: int) -> int:
    """Return how many blocks cover a size."""
    return -(-size // block)


def power_of_two(size: int) -> int:
    """Return the next power of two, at least 16, which a product in Triton needs."""
    return max(16, 1 << (size - 1).bit_length())
