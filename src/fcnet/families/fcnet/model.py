"""Build the net of a config of kind fcnet."""

import math

from fcnet.families.common.fully_connected import FCNet
from fcnet.families.fcnet.config import FCNetModel


def build(spec: FCNetModel, size: tuple[int, int], classes: int) -> FCNet:
    """Return the net of a config for images of a size (height, width), with fresh weights."""
    return FCNet(
        math.prod(size),
        spec.hidden,
        classes,
        spec.activations,
        dropout=spec.dropout,
        input_dropout=spec.input_dropout,
        input_noise=spec.input_noise or 0.0,
        hidden_noise=spec.hidden_noise or 0.0,
        batch_norm=spec.batch_norm,
        init=spec.init,
    )
