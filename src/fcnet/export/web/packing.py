"""Store the weights of plain layers in few bytes, as text for JSON; and compute with what is stored."""

import base64
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from torch import Tensor

from fcnet.families.common.plain import Layer, Parallel, Plain

Precision = Literal["int8", "fp16"]
WIDEST = 127  # the largest stored value of int8: symmetric, so that -128 is not used
LARGEST = 65504.0  # of fp16


@dataclass(frozen=True)
class Packed:
    """A net with stored weights.

    Attributes:
        net: which computes with the stored values.
        layers: the same for JSON.
        precision: of its matrices; vectors, such as biases, are in single precision.
    """

    net: Plain
    layers: list[dict[str, Any]]
    precision: Precision


def pack(net: Plain, precision: Precision) -> Packed:
    """Store a net's matrices with a precision. Raises OverflowError if fp16 cannot hold a weight."""
    pairs = [_layer(layer, precision) for layer in net.layers]
    return Packed(replace(net, layers=tuple(layer for layer, _ in pairs)), [text for _, text in pairs], precision)


def _layer(layer: Layer, precision: Precision) -> tuple[Layer, dict[str, Any]]:
    """Return a layer as stored, and for JSON."""
    text: dict[str, Any] = {"kind": type(layer).__name__.lower()}
    if isinstance(layer, Parallel):
        nets = [pack(Plain(one), precision) for one in layer.nets]
        return Parallel(tuple(one.net.layers for one in nets)), text | {"nets": [one.layers for one in nets]}
    stored: dict[str, Any] = {}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if isinstance(value, Tensor) and value.ndim == 2:
            stored[field.name], text[field.name] = matrix(value, precision)
        else:
            text[field.name] = _vector(value) if isinstance(value, Tensor) else value
    return replace(layer, **stored), text


def matrix(values: Tensor, precision: Precision) -> tuple[Tensor, dict[str, Any]]:
    """Return a matrix (M, D) as stored, and for JSON: int8 with a factor for each row, or fp16."""
    text: dict[str, Any] = {"shape": list(values.shape)}
    if precision == "fp16":
        if float(values.abs().max()) > LARGEST:
            raise OverflowError("a weight is larger than fp16 can hold")
        half = values.half()
        return half.float(), text | {"fp16": _base64(half)}
    scale = values.abs().amax(1).clamp(min=torch.finfo(torch.float32).tiny) / WIDEST
    whole = (values / scale[:, None]).round().clamp(-WIDEST, WIDEST).to(torch.int8)
    return whole.float() * scale[:, None], text | {"int8": _base64(whole), "scale": _base64(scale)}


def _vector(values: Tensor) -> dict[str, Any]:
    return {"shape": list(values.shape), "fp32": _base64(values.float())}


def _base64(values: Tensor) -> str:
    array = values.contiguous().numpy()
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
