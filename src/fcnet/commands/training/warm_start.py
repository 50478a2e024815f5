"""Initialise a model with the weights of another run, which its config names."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from fcnet import families
from fcnet.commands.trained import Located, locate
from fcnet.config.layers import EncoderInit, RunInit
from fcnet.errors import ConfigError
from fcnet.families.common.family import Misfit
from fcnet.rundir import find
from fcnet.schema import Config
from fcnet.system.sinks import Sinks


def prepare(net: nn.Module, settings: Config, classes: Sequence[str], begins: bool, sinks: Sinks) -> None:
    """Initialise a model with trained weights if its config asks for it, and freeze those of an encoder.

    Args:
        net: the model, on the CPU.
        settings: of the model.
        classes: in the order of the model's outputs.
        begins: whether it needs the weights: a resumed training has its own.
        sinks: for notices.

    Raises:
        ConfigError: there is no such run, or its model does not fit.
        CheckpointError: its weights are missing or damaged.
    """
    run, family = named_run(settings), families.of(settings.model)
    if run is None or not begins:
        family.adopt(net, settings, classes, None)
        return
    other = locate(run, sinks=sinks)
    try:
        check_images(settings, other)
        other.tell(sinks)
        theirs = other.load(len(other.settings.data.classes or ()), torch.device("cpu"), sinks)
        family.adopt(net, settings, classes, theirs)
    except Misfit as problem:
        hint = "" if problem.wanted is None else f"; name the run of one{find.of_kind(problem.wanted)}"
        raise ConfigError(f"model.init: {other.path}: {problem}{hint}") from None


def named_run(settings: Config) -> Path | None:
    """Return the run whose weights a model is initialised with; None for fresh weights."""
    init = getattr(settings.model, "init", None)
    return Path(init.run) if isinstance(init, RunInit | EncoderInit) else None


def check_there(settings: Config) -> None:
    """Raise ConfigError if the run with the initial weights does not exist; called before images are read."""
    if (run := named_run(settings)) is not None:
        find.one(run)


def check_images(settings: Config, other: Located) -> None:
    """Raise Misfit if the images of another model were read with other settings."""
    own, theirs = settings.data, other.settings.data
    if own.image_size != theirs.image_size:
        raise Misfit(f"its images have {theirs.image_size} pixels, these {own.image_size}")
    if own.deskew != theirs.deskew:
        raise Misfit(f"its data.deskew is {str(theirs.deskew).lower()}; make both equal")
