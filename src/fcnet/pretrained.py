"""A classifier that begins with the encoder of a trained autoencoder."""

from pathlib import Path

import torch
from torch import nn

from fcnet import loading
from fcnet.autoencoder_schema import AutoencoderModel, KSparse
from fcnet.errors import ConfigError
from fcnet.model_schema import Activation, EncoderInit, FCNetModel
from fcnet.schema import Config


def prepare(model: nn.Module, settings: Config, begins: bool) -> None:
    """Put an encoder's weights into a net that begins with one, and freeze them, where its config says so.

    Args:
        model: the net, on the CPU.
        settings: of the net.
        begins: whether it needs the weights: a training that goes on has its own.

    Raises:
        ConfigError: there is no such run, or its encoder is not the net's hidden layers.
        CheckpointError: its weights are not there, or damaged.
    """
    spec = settings.model
    if not isinstance(spec, FCNetModel) or not isinstance(spec.init, EncoderInit):
        return
    if begins:
        take_encoder(model, spec, settings, spec.init)
    if spec.init.frozen:
        for number in range(1, len(spec.hidden) + 1):
            for parameter in layer_parameters(model, number):
                parameter.requires_grad_(False)


@torch.no_grad()
def take_encoder(model: nn.Module, spec: FCNetModel, settings: Config, init: EncoderInit) -> None:
    """Put the encoder's weights into a fresh net; raises as ``prepare``."""
    trained = loading.locate(Path(init.run))
    problem = misfit(spec, trained.settings.model)
    if settings.data.image_size != trained.settings.data.image_size:
        problem = f"its images are {trained.settings.data.image_size} pixels, these {settings.data.image_size}"
    if settings.data.deskew != trained.settings.data.deskew:
        problem = f"its data.deskew is {str(trained.settings.data.deskew).lower()}; make both equal"
    if problem:
        raise ConfigError(f"model.init: {trained.path}: {problem}")
    autoencoder = trained.model(2, torch.device("cpu"))
    last = len(spec.hidden)
    for number, width in enumerate(spec.hidden, 1):
        code = autoencoder.get_submodule("code" if number == last else f"encoder.act{number}")
        theirs = (*autoencoder.get_submodule(f"encoder.fc{number}").parameters(), *code.parameters())
        for own, found in zip(layer_parameters(model, number), theirs, strict=True):
            own.copy_(found[:width])  # a variational encoder's last layer has the log variances behind the means


def layer_parameters(net: nn.Module, number: int) -> list[nn.Parameter]:
    """Weights and biases of a hidden layer of an ``FCNet``, from 1, and learned slopes of its activation."""
    return [parameter for part in ("fc", "act") for parameter in net.get_submodule(f"{part}{number}").parameters()]


def misfit(spec: FCNetModel, other: object) -> str | None:
    """Why a net cannot begin with another one's encoder, where it cannot."""
    if not isinstance(other, AutoencoderModel):
        return "is no autoencoder; name the run of one"
    if spec.hidden != other.hidden:
        return f"its encoder has the layers {other.hidden}, and model.hidden is {spec.hidden}; make them equal"
    if spec.batch_norm or other.batch_norm:
        return "batch_norm: its code has none, and each hidden layer of a net would; train both without"
    if isinstance(other.sparse, KSparse):
        return "its code keeps some values alone, which a layer of a net does not; choose another autoencoder"
    theirs: list[Activation] = [*other.activations, other.code_activation]
    if theirs != spec.activations:
        wanted = ", ".join(
            one.name if one.model_fields_set <= {"name"} else str(one.model_dump()).replace("'", "") for one in theirs
        )
        return f"its activations are [{wanted}], and model.activation gives others; give activation: [{wanted}]"
    return None
