"""A classifier that begins with the encoder of a trained autoencoder."""

from pathlib import Path

import torch
from torch import nn

from fcnet import loading
from fcnet.autoencoder_schema import AutoencoderModel, KSparse
from fcnet.errors import ConfigError
from fcnet.model_schema import Activation, EncoderInit, FCNetModel
from fcnet.schema import Config


@torch.no_grad()
def take_encoder(model: nn.Module, settings: Config) -> None:
    """Put the encoder's weights into a fresh net, and freeze them where that is set.

    Args:
        model: the net, on the CPU.
        settings: of the net, whose ``init`` names the run.

    Raises:
        ConfigError: there is no such run, or its encoder is not the net's hidden layers.
        CheckpointError: its weights are not there, or damaged.
    """
    spec = settings.model
    if not isinstance(spec, FCNetModel) or not isinstance(spec.init, EncoderInit):
        return
    trained = loading.locate(Path(spec.init.run))
    problem = misfit(spec, trained.settings.model)
    if settings.data.image_size != trained.settings.data.image_size:
        problem = f"its images are {trained.settings.data.image_size} pixels, these {settings.data.image_size}"
    if problem:
        raise ConfigError(f"model.init: {trained.path}: {problem}")
    encoder = trained.model(2, torch.device("cpu")).get_submodule("encoder")
    for number, width in enumerate(spec.hidden, 1):
        name = f"fc{number}"
        for own, found in zip(
            model.get_submodule(name).parameters(), encoder.get_submodule(name).parameters(), strict=True
        ):
            own.copy_(found[:width])  # a variational encoder's last layer has the log variances behind the means
            own.requires_grad_(not spec.init.frozen)


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
        names = ", ".join(one.name for one in theirs)
        return f"its activations are [{names}], and model.activation gives others; give activation: [{names}]"
    return None
