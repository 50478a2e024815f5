"""Nets that begin with what another run has learned: a classifier with an encoder, or any net with all weights."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from fcnet.commands import loading
from fcnet.config.layers import Activation, EncoderInit, RunInit
from fcnet.errors import ConfigError
from fcnet.families.autoencoder.config import AutoencoderModel, KSparse
from fcnet.families.fcnet.config import FCNetModel
from fcnet.rundir import find, tensor_files
from fcnet.schema import Config
from fcnet.system.text import few


def prepare(model: nn.Module, settings: Config, classes: Sequence[str], begins: bool) -> None:
    """Put trained weights into a net that begins with some, and freeze an encoder's, where its config says so.

    Args:
        model: the net, on the CPU.
        settings: of the net.
        classes: that it tells apart, in the order of its outputs.
        begins: whether it needs the weights: a training that goes on has its own.

    Raises:
        ConfigError: there is no such run, or its net is another one.
        CheckpointError: its weights are not there, or damaged.
    """
    spec = settings.model
    if begins and isinstance(spec, FCNetModel | AutoencoderModel) and isinstance(spec.init, RunInit):
        take_all(model, spec, settings, classes, spec.init)
    if not isinstance(spec, FCNetModel) or not isinstance(spec.init, EncoderInit):
        return
    if begins:
        take_encoder(model, spec, settings, spec.init)
    if spec.init.frozen:
        for number in range(1, len(spec.hidden) + 1):
            for parameter in layer_parameters(model, number):
                parameter.requires_grad_(False)


def check_there(settings: Config) -> None:
    """Raise ConfigError if a net begins with a run that is not there: it is looked for before images are read."""
    init = getattr(settings.model, "init", None)
    if isinstance(init, RunInit | EncoderInit):
        find.one(Path(init.run))


@torch.no_grad()
def take_encoder(model: nn.Module, spec: FCNetModel, settings: Config, init: EncoderInit) -> None:
    """Put the encoder's weights into a fresh net; raises as ``prepare``."""
    trained = loading.locate(Path(init.run))
    check(trained, settings, misfit(spec, trained.settings.model))
    autoencoder = trained.model(2, torch.device("cpu"))
    last = len(spec.hidden)
    for number, width in enumerate(spec.hidden, 1):
        code = autoencoder.get_submodule("code" if number == last else f"encoder.act{number}")
        theirs = (*autoencoder.get_submodule(f"encoder.fc{number}").parameters(), *code.parameters())
        for own, found in zip(layer_parameters(model, number), theirs, strict=True):
            own.copy_(found[:width])  # a variational encoder's last layer has the log variances behind the means


def take_all(
    model: nn.Module,
    spec: FCNetModel | AutoencoderModel,
    settings: Config,
    classes: Sequence[str],
    init: RunInit,
) -> None:
    """Put the weights of a whole net into a fresh one with the same layers; raises as ``prepare``."""
    trained = loading.locate(Path(init.run))
    problem, known = difference(spec, trained.settings.model), trained.settings.data.classes or []
    if problem is None and isinstance(spec, FCNetModel) and list(classes) != known:
        problem = f"its classes are [{few(known, 10)}], these [{few(classes, 10)}]; give data.classes in the same order"
    check(trained, settings, problem)
    theirs = trained.model(len(known), torch.device("cpu"))
    tensor_files.restore(model, dict(theirs.state_dict()), trained.path)


def check(trained: loading.Trained, settings: Config, problem: str | None) -> None:
    """Raise ConfigError where a net cannot begin with a trained one, for a reason or because its images are others."""
    own, theirs = settings.data, trained.settings.data
    if problem is None and own.image_size != theirs.image_size:
        problem = f"its images are {theirs.image_size} pixels, these {own.image_size}"
    if problem is None and own.deskew != theirs.deskew:
        problem = f"its data.deskew is {str(theirs.deskew).lower()}; make both equal"
    if problem:
        raise ConfigError(f"model.init: {trained.path}: {problem}")


# What has to be alike for weights to mean the same.
_ALIKE = {
    FCNetModel: ("hidden", "activations", "batch_norm"),
    AutoencoderModel: ("hidden", "activations", "code_activation", "output", "tied", "batch_norm"),
}


def difference(spec: FCNetModel | AutoencoderModel, other: object) -> str | None:
    """Why a net cannot begin with all weights of another one, where it cannot."""
    if not isinstance(other, type(spec)):
        return f"is no {spec.kind}; name the run of one{find.of_kind(spec.kind)}"
    for name in _ALIKE[type(spec)]:
        if getattr(spec, name) != getattr(other, name):
            return f"its model.{name.replace('activations', 'activation')} is another; copy that of its config.yaml"
    if (getattr(spec, "variational", None) is None) != (getattr(other, "variational", None) is None):
        return "one of the two is variational; make both so, or neither"
    return None


def layer_parameters(net: nn.Module, number: int) -> list[nn.Parameter]:
    """Weights and biases of a hidden layer of an ``FCNet``, from 1, and learned slopes of its activation."""
    return [parameter for part in ("fc", "act") for parameter in net.get_submodule(f"{part}{number}").parameters()]


def misfit(spec: FCNetModel, other: object) -> str | None:
    """Why a net cannot begin with another one's encoder, where it cannot."""
    if not isinstance(other, AutoencoderModel):
        return f"is no autoencoder; name the run of one{find.of_kind('autoencoder')}"
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
