"""Autoencoders: nets that return their input, r = g(h(x)), through a code h(x).

Encoder and decoder are two ``FCNet``, mirror images of each other; what is corrupted, penalised and compared is the
objective's, in ``reconstruct``.
"""

import math
from string import ascii_lowercase
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from fcnet.config.layers import PlainActivation
from fcnet.families.autoencoder.config import AutoencoderModel, KSparse
from fcnet.families.common.fully_connected import FCNet
from fcnet.families.common.layers import activation_module

Size = tuple[int, int]  # height, width in pixels


class TiedLinear(nn.Module):
    """A decoder's layer whose weights are those of an encoder's layer, transposed; only the bias is its own.

    Args:
        encoder: the layer (out, in), which owns the weights.
    """

    def __init__(self, encoder: nn.Linear) -> None:
        super().__init__()
        self._encoder = (encoder,)  # in a tuple it is no child, so that its weights are saved and trained once
        self.bias = nn.Parameter(torch.zeros(encoder.in_features))

    def forward(self, h: Tensor) -> Tensor:
        """h W + b (B, in) of (B, out)."""
        return functional.linear(h, self._encoder[0].weight.T, self.bias)


class KLargest(nn.Module):
    """The k largest values of each row; the others become 0 (Makhzani and Frey 2013)."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, h: Tensor) -> Tensor:
        """(B, K) of (B, K)."""
        kept = h.topk(self.k, dim=1).indices
        return torch.zeros_like(h).scatter(1, kept, h.gather(1, kept))


class AutoEncoder(nn.Module):
    """Encoder, code, decoder.

    Args:
        encoder: of images (B, D), to (B, K); or to means and log variances (B, 2K) side by side.
        code: what becomes of the encoder's outputs (B, K).
        decoder: of codes (B, K), to (B, D).
        sigmoid: whether pixels are the sigmoid of the decoder's outputs.
        variational: whether the encoder tells means and log variances.
    """

    def __init__(
        self, encoder: nn.Module, code: nn.Module, decoder: nn.Module, *, sigmoid: bool, variational: bool = False
    ) -> None:
        super().__init__()
        self.encoder, self.code, self.decoder = encoder, code, decoder
        self.sigmoid, self.variational = sigmoid, variational

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log variances (B, K) of the codes of images (B, D)."""
        mean, log_variance = at_least_single(self.encoder(x)).chunk(2, dim=1)
        return mean, log_variance

    def encode(self, x: Tensor) -> Tensor:
        """Codes (B, K) of images (B, D) or (B, 1, H, W): of a variational one the means."""
        x = x.flatten(1)
        found: Tensor = self.posterior(x)[0] if self.variational else self.code(at_least_single(self.encoder(x)))
        return found

    def encoder_parameters(self, number: int) -> list[nn.Parameter]:
        """Return weights, biases and learned slopes of a layer of the encoder, from 1; the last one is the code."""
        last = f"act{number}" not in dict(self.encoder.named_children())
        after = self.code if last else self.encoder.get_submodule(f"act{number}")
        return [*self.encoder.get_submodule(f"fc{number}").parameters(), *after.parameters()]

    def pixels(self, outputs: Tensor) -> Tensor:
        """Pixels of the decoder's outputs, of the same shape."""
        return outputs.sigmoid() if self.sigmoid else outputs

    def decode(self, code: Tensor) -> Tensor:
        """Pixels (B, D) of codes (B, K)."""
        return self.pixels(self.decoder(code))

    def forward(self, x: Tensor) -> Tensor:
        """Reconstructions (B, D) of images (B, D) or (B, 1, H, W) in [0, 1]."""
        return self.decode(self.encode(x))


def at_least_single(values: Tensor) -> Tensor:
    """In single precision, where they are in less: codes and losses are, also where products are in bfloat16."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def build(spec: AutoencoderModel, size: Size) -> AutoEncoder:
    """The net that a config describes, for images of a size (height, width), with fresh weights."""
    *inner, code = spec.hidden
    activations = spec.activations
    pixels, variational = math.prod(size), spec.variational is not None
    norm, init = spec.batch_norm, spec.init
    encoder = FCNet(pixels, inner, 2 * code if variational else code, activations, batch_norm=norm, init=init)
    decoder = FCNet(code, inner[::-1], pixels, activations[::-1], batch_norm=norm, init=init)
    if spec.tied:
        last = len(spec.hidden) + 1
        for number in range(1, last):
            setattr(decoder, f"fc{number}", TiedLinear(cast(nn.Linear, encoder.get_submodule(f"fc{last - number}"))))
    activation = activation_module(spec.code_activation, code)
    if isinstance(spec.sparse, KSparse):
        activation = nn.Sequential(activation, KLargest(spec.sparse.k))
    return AutoEncoder(encoder, activation, decoder, sigmoid=spec.output == "sigmoid", variational=variational)


def layer(model: AutoEncoder, spec: AutoencoderModel, number: int) -> AutoEncoder:
    """One layer of the encoder, from 1, with its mirror image of the decoder, as a net of its own on the same weights.

    Its inputs are the outputs of the layer before; its code is what follows the weights. Where the loss is
    cross-entropy and they are no pixels, what makes chances of its outputs, a sigmoid by the schema, is left to
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
    """The layers of the encoder before one, from 1."""
    return nn.Sequential(*(_numbered(model.encoder, before) for before in range(1, number)))


def _numbered(net: nn.Module, number: int) -> nn.Sequential:
    """The modules of a layer of an ``FCNet``: ``fc2``, ``bn2``, ``act2``."""
    own = (module for name, module in net.named_children() if name.lstrip(ascii_lowercase) == str(number))
    return nn.Sequential(*own)
