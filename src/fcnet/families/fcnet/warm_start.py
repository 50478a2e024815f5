"""Initialise a net with trained weights: those of another net, or of an encoder."""

from collections.abc import Sequence

import torch
from torch import nn

from fcnet.config.layers import EncoderInit
from fcnet.families.common.family import Encodes, Misfit, Trained
from fcnet.families.common.layers import check_alike, take_all
from fcnet.families.fcnet.config import FCNetModel
from fcnet.system.text import few


def adopt(net: nn.Module, spec: FCNetModel, classes: Sequence[str], other: Trained | None) -> None:
    """Load trained weights into a fresh net, and freeze an encoder's layers if the config says so.

    Args:
        net: the net, on the CPU.
        spec: its config.
        classes: in the order of its outputs.
        other: the model to take the weights from; None for a resumed training, which has its own.

    Raises:
        Misfit: the other model's layers or classes differ from those of the net.
    """
    if not isinstance(spec.init, EncoderInit):
        if other is not None:
            check_alike(spec, other, ("hidden", "activations", "batch_norm"))
            check_classes(classes, other.settings.data.classes or [])
            take_all(net, other)
        return
    if other is not None:
        take_encoder(net, spec, other)
    if spec.init.frozen:
        for number in range(1, len(spec.hidden) + 1):
            for parameter in layer_parameters(net, number):
                parameter.requires_grad_(False)


def check_classes(classes: Sequence[str], theirs: Sequence[str]) -> None:
    """Raise Misfit if the outputs of two nets mean different classes."""
    if list(classes) != list(theirs):
        raise Misfit(
            f"its classes are [{few(theirs, 10)}], these [{few(classes, 10)}]; give data.classes in the same order"
        )


@torch.no_grad()
def take_encoder(net: nn.Module, spec: FCNetModel, other: Trained) -> None:
    """Copy an encoder's weights into a fresh net. Raises Misfit if its layers differ from those of the net."""
    check_encoder(spec, other)
    assert isinstance(other.net, Encodes)
    for number, width in enumerate(spec.hidden, 1):
        theirs = other.net.encoder_parameters(number)
        for own, found in zip(layer_parameters(net, number), theirs, strict=True):
            own.copy_(found[:width])  # a variational encoder's last layer has the means first, then the log variances


def check_encoder(spec: FCNetModel, other: Trained) -> None:
    """Raise Misfit if a net cannot be initialised with another model's encoder."""
    encoder = other.settings.model.encoder
    if encoder is None:
        raise Misfit("is not an autoencoder", "autoencoder")
    if spec.hidden != encoder.hidden:
        raise Misfit(f"its encoder has layers {encoder.hidden}, but model.hidden is {spec.hidden}; make them equal")
    if spec.batch_norm or encoder.problem:
        raise Misfit(
            encoder.problem or "its code has no batch_norm, but every hidden layer would; train both without it"
        )
    if encoder.activations != spec.activations:
        wanted = ", ".join(
            one.name if one.model_fields_set <= {"name"} else str(one.model_dump()).replace("'", "")
            for one in encoder.activations
        )
        raise Misfit(f"its activations are [{wanted}], but model.activation differs; set activation: [{wanted}]")


def layer_parameters(net: nn.Module, number: int) -> list[nn.Parameter]:
    """Return weights and biases of a hidden layer of an ``FCNet``, counted from 1, and its activation's slopes."""
    return [parameter for part in ("fc", "act") for parameter in net.get_submodule(f"{part}{number}").parameters()]
