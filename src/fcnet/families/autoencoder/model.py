"""Autoencoders: nets that reconstruct their input, r = g(h(x)), from a code h(x).

Encoder and decoder are two ``FCNet``, mirror images of each other; corruption, penalties and losses are in
``objective``.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from string import ascii_lowercase
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.config.layers import PlainActivation
from fcnet.families.autoencoder.config import AutoencoderModel, KSparse, VampPrior
from fcnet.families.common import plain
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.common.layers import activation_module

Size = tuple[int, int]  # height, width in pixels

# Between layers of a variational net, log variances lie within ±10. Without a bound, a single sample far out makes a
# variance of 0 or infinity, and the gradient NaN; near 0, where they are trained to be, the bound changes nothing.
LARGEST_LOG_VARIANCE = 10.0

DARK = -2.0  # mean logit of a pseudo-input's pixels at first, which is about that of MNIST's mean pixel


class TiedLinear(nn.Module):
    """A decoder layer with the transposed weights of an encoder layer and its own bias.

    Args:
        encoder: the layer (out, in), which owns the weights.
    """

    def __init__(self, encoder: nn.Linear) -> None:
        super().__init__()
        self._encoder = (encoder,)  # a tuple hides it from the children, so that its weights are saved and trained once
        self.bias = nn.Parameter(torch.zeros(encoder.in_features))

    def forward(self, h: Tensor) -> Tensor:
        """Return h W + b (B, in) of h (B, out)."""
        return functional.linear(h, self._encoder[0].weight.T, self.bias)

    def described(self) -> plain.Plain:
        """Return it as a plain layer."""
        weight, bias = self._encoder[0].weight.detach().T, self.bias.detach()
        return plain.Plain((plain.Linear(weight.float().cpu().contiguous(), bias.float().cpu()),))


class KLargest(nn.Module):
    """Keeps the k largest values of each row; the others become 0 (Makhzani and Frey 2013)."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, h: Tensor) -> Tensor:
        """Return sparse codes (B, K) of codes (B, K)."""
        kept = h.topk(self.k, dim=1).indices
        return torch.zeros_like(h).scatter(1, kept, h.gather(1, kept))

    def described(self) -> plain.Plain:
        """Return it as a plain layer."""
        return plain.Plain((plain.KLargest(self.k),))


class Level(nn.Module):
    """A further stochastic layer of a variational autoencoder, above another: q(h' | h) and p(h | h').

    Args:
        encoder: maps values h (B, K) of the layer below to means and log variances (B, 2K') of h', side by side.
        decoder: maps values h' (B, K') to means and log variances (B, 2K) of h.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def posterior(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log variances (..., K') of h' given h (..., K)."""
        return bounded(gaussian(self.encoder, h))

    def prior(self, above: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log variances (..., K) of h given h' (..., K')."""
        return bounded(gaussian(self.decoder, above))


class PseudoInputs(nn.Module):
    """Inputs of the code's encoder that are trained, for a prior of their codes (Tomczak and Welling 2018).

    Args:
        count: how many, P.
        size: values of each, D.
        pixels: whether they are images, in [0, 1].
    """

    def __init__(self, count: int, size: int, pixels: bool) -> None:
        super().__init__()
        self.pixels = pixels
        self.values = nn.Parameter(torch.randn(count, size) + (DARK if pixels else 0.0))

    def forward(self) -> Tensor:
        """Return the inputs (P, D)."""
        return self.values.sigmoid() if self.pixels else self.values


class AutoEncoder(nn.Module):
    """Encoder, code, decoder.

    Args:
        encoder: maps images (B, D) to (B, K); or to means and log variances (B, 2K) side by side.
        code: maps the encoder's outputs (B, K) to codes.
        decoder: maps codes (B, K) to (B, D).
        sigmoid: whether pixels are the sigmoid of the decoder's outputs.
        variational: whether the encoder returns means and log variances.
        levels: stochastic layers above that of the encoder, in order; the code is then that of the last.
        pseudo_inputs: of a prior of codes that is not N(0, 1).
    """

    def __init__(
        self,
        encoder: nn.Module,
        code: nn.Module,
        decoder: nn.Module,
        *,
        sigmoid: bool,
        variational: bool = False,
        levels: Sequence[Level] = (),
        pseudo_inputs: PseudoInputs | None = None,
    ) -> None:
        super().__init__()
        self.encoder, self.code, self.decoder = encoder, code, decoder
        self.levels, self.pseudo_inputs = nn.ModuleList(levels), pseudo_inputs
        self.sigmoid, self.variational = sigmoid, variational

    @property
    def above(self) -> list[Level]:
        """Return the stochastic layers above that of the encoder."""
        return [cast(Level, level) for level in self.levels]

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log variances (B, K) of the first stochastic layer for images (B, D)."""
        found = gaussian(self.encoder, x)
        return bounded(found) if self.above else found

    def prior(self) -> tuple[Tensor, Tensor] | None:
        """Return means and log variances (P, K) of the Gaussians whose mean is the codes' prior; None for N(0, 1)."""
        if self.pseudo_inputs is None:
            return None
        inputs: Tensor = self.pseudo_inputs()
        return self.above[-1].posterior(inputs) if self.above else self.posterior(inputs)

    def encode(self, x: Tensor) -> Tensor:
        """Return codes (B, K) of images (B, D) or (B, 1, H, W); for a variational autoencoder, the means.

        Of several stochastic layers, each passes on its mean.
        """
        x = x.flatten(1)
        if not self.variational:
            found: Tensor = self.code(at_least_single(self.encoder(x)))
            return found
        mean = self.posterior(x)[0]
        for level in self.above:
            mean = level.posterior(mean)[0]
        return mean

    def encoder_parameters(self, number: int) -> list[nn.Parameter]:
        """Return weights, biases and learned slopes of a layer of the encoder, from 1; the last layer is the code."""
        last = f"act{number}" not in dict(self.encoder.named_children())
        after = self.code if last else self.encoder.get_submodule(f"act{number}")
        return [*self.encoder.get_submodule(f"fc{number}").parameters(), *after.parameters()]

    def pixels(self, outputs: Tensor) -> Tensor:
        """Return the pixels of the decoder's outputs, of the same shape."""
        return outputs.sigmoid() if self.sigmoid else outputs

    def decode(self, code: Tensor) -> Tensor:
        """Return pixels (B, D) of codes (B, K); of several stochastic layers, each passes on its mean."""
        for level in reversed(self.above):
            code = level.prior(code)[0]
        return self.pixels(self.decoder(code))

    def forward(self, x: Tensor) -> Tensor:
        """Return reconstructions (B, D) of images (B, D) or (B, 1, H, W) in [0, 1]."""
        return self.decode(self.encode(x))

    def described(self) -> plain.Plain:
        """Return encoder and decoder as plain layers, as ``encode`` and ``decode`` pass on codes."""
        encoder, decoder = plain.of(self.encoder), plain.of(self.decoder)
        encoder = plain.first_half(encoder) if self.variational else (*encoder, *plain.of(self.code))
        for level in self.above:
            encoder = (*encoder, *plain.first_half(plain.of(level.encoder)))
            decoder = (*plain.first_half(plain.of(level.decoder)), *decoder)
        pixels = (plain.Pointwise("sigmoid"),) if self.sigmoid else ()
        return plain.Plain((*encoder, *decoder, *pixels), code=len(encoder))


def gaussian(net: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the means and log variances (..., K) that a net computes from values (..., D)."""
    found: Tensor = net(x.flatten(0, -2))
    mean, log_variance = at_least_single(found).reshape(*x.shape[:-1], -1).chunk(2, dim=-1)
    return mean, log_variance


def bounded(found: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return means and log variances, the latter smoothly bounded: 10 tanh(v / 10)."""
    mean, log_variance = found
    return mean, LARGEST_LOG_VARIANCE * (log_variance / LARGEST_LOG_VARIANCE).tanh()


def at_least_single(values: Tensor) -> Tensor:
    """Convert values of lower precision to single: codes and losses need it even if products are in bfloat16."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def build(spec: AutoencoderModel, size: Size) -> AutoEncoder:
    """Return the net of a config for images of a size (height, width), with fresh weights."""
    pixels, variational = math.prod(size), spec.variational is not None
    encoder, decoder = _pair(spec, pixels, 0, spec.stochastic[0], 2 if variational else 1, 1)
    if spec.tied:
        last = len(spec.hidden) + 1
        for number in range(1, last):
            setattr(decoder, f"fc{number}", TiedLinear(cast(nn.Linear, encoder.get_submodule(f"fc{last - number}"))))
    code = activation_module(spec.code_activation, spec.code)
    if isinstance(spec.sparse, KSparse):
        code = nn.Sequential(code, KLargest(spec.sparse.k))
    levels = [
        Level(*_pair(spec, spec.hidden[start - 1], start, stop, 2, 2)) for start, stop in pairwise(spec.stochastic)
    ]
    sigmoid, pseudo_inputs = spec.output == "sigmoid", _pseudo_inputs(spec, pixels)
    return AutoEncoder(
        encoder, code, decoder, sigmoid=sigmoid, variational=variational, levels=levels, pseudo_inputs=pseudo_inputs
    )


def _pseudo_inputs(spec: AutoencoderModel, pixels: int) -> PseudoInputs | None:
    """Return the pseudo-inputs of a config's prior, if it has any, for images of so many pixels."""
    if spec.variational is None or not isinstance(spec.variational.prior, VampPrior):
        return None
    below = [spec.hidden[number - 1] for number in spec.stochastic[:-1]]
    count = spec.variational.prior.pseudo_inputs
    return PseudoInputs(count, below[-1], pixels=False) if below else PseudoInputs(count, pixels, pixels=True)


def _pair(
    spec: AutoencoderModel, inputs: int, start: int, stop: int, encoded: int, decoded: int
) -> tuple[FCNet, FCNet]:
    """Return an encoder of the layers after ``start`` up to ``stop``, and its mirror image.

    Args:
        spec: the config.
        inputs: values that the encoder takes.
        start: layers below it.
        stop: the layer that it ends with.
        encoded: outputs of the encoder per unit of that layer: 2 for mean and log variance.
        decoded: outputs of the decoder per input.
    """
    *inner, code = spec.hidden[start:stop]
    activations = spec.activations[start : stop - 1]
    norm, init = spec.batch_norm, spec.init
    encoder = FCNet(inputs, inner, encoded * code, activations, batch_norm=norm, init=init)
    decoder = FCNet(code, inner[::-1], decoded * inputs, activations[::-1], batch_norm=norm, init=init)
    return encoder, decoder


def layer(model: AutoEncoder, spec: AutoencoderModel, number: int) -> AutoEncoder:
    """Return a net of one layer of the encoder, from 1, and its mirror image in the decoder, with the same weights.

    Its inputs are the outputs of the layer before; its code applies the modules after the weights. If the loss is
    cross-entropy and the inputs are not pixels, the final sigmoid (which the schema requires) is left to
    ``AutoEncoder.pixels``.
    """
    count = len(spec.hidden)
    encoder, decoder = _numbered(model.encoder, number), _numbered(model.decoder, count + 1 - number)
    code = model.code if number == count else encoder[1:]
    sigmoid = model.sigmoid
    if number > 1:
        sigmoid = spec.loss == "cross_entropy"
        if sigmoid:
            assert spec.activations[number - 2] == PlainActivation(name="sigmoid")
            decoder = decoder[:-1]
    return AutoEncoder(encoder[:1], code, decoder, sigmoid=sigmoid)


def below(model: AutoEncoder, number: int) -> nn.Sequential:
    """Return the layers of the encoder before a layer, from 1."""
    return nn.Sequential(*(_numbered(model.encoder, before) for before in range(1, number)))


def _numbered(net: nn.Module, number: int) -> nn.Sequential:
    """Return the modules of a layer of an ``FCNet``: ``fc2``, ``bn2``, ``act2``."""
    own = (module for name, module in net.named_children() if name.lstrip(ascii_lowercase) == str(number))
    return nn.Sequential(*own)
