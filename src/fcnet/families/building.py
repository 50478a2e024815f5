"""The kinds of models: what a config's ``model`` section builds."""

import math

import torch
from torch import nn

from fcnet.families.autoencoder import model as autoencoder
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.elm import model as elm
from fcnet.families.elm.config import ELMModel
from fcnet.families.fcnet import model as fcnet
from fcnet.families.fcnet.config import FCNetModel
from fcnet.training.optim.parameters import weight_matrices

ModelSpec = FCNetModel | ELMModel | AutoencoderModel
Size = tuple[int, int]  # height, width in pixels


def build(spec: ModelSpec, size: Size, classes: int) -> nn.Module:
    """The model that a config describes, for images of a size (height, width), as it is before any training."""
    match spec:
        case FCNetModel():
            return fcnet.build(spec, size, classes)
        case ELMModel():
            return elm.build(spec, size, classes)
        case AutoencoderModel():
            return autoencoder.build(spec, size)


def weights(spec: ModelSpec, size: Size, classes: int) -> int:
    """How many weights there are between the layers of a model, counted without making them."""
    with torch.device("meta"):
        empty = build(spec, size, classes)
    return sum(matrix.numel() for matrix in weight_matrices(empty))


def layer_sizes(spec: ModelSpec, size: Size, classes: int) -> list[str]:
    """Units of each layer, from the pixels to the outputs; where several machines lie side by side, ``2x500``."""
    outputs = classes
    match spec:
        case FCNetModel(hidden=hidden):
            inner: list[int | str] = [*hidden]
        case ELMModel(hidden=units, combiner=combiner):
            inner = [one.hidden for one in spec.encoders]
            inner += [units] if combiner is None else [f"{len(spec.all_weights)}x{units}", combiner.hidden]
        case AutoencoderModel(hidden=hidden):
            inner, outputs = [*hidden, *hidden[-2::-1]], math.prod(size)
    return [str(one) for one in (math.prod(size), *inner, outputs)]
