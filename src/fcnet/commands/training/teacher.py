"""The teacher of a training: trained models whose probabilities a net learns beside the labels."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from fcnet.commands.trained import Located, locate
from fcnet.commands.training.warm_start import check_images
from fcnet.data.splits import Splits
from fcnet.errors import ConfigError
from fcnet.families.common import committee
from fcnet.families.common.family import Misfit, Trained
from fcnet.rundir import find
from fcnet.schema import Config
from fcnet.system.sinks import Sinks
from fcnet.system.text import few
from fcnet.training.evaluate import EVALUATION_BATCH


def check_there(settings: Config) -> None:
    """Raise ConfigError if a run of the teacher does not exist; called before images are read."""
    for run in _runs(settings):
        find.one(run)


def hired(splits: Splits, settings: Config, device: torch.device, sinks: Sinks) -> Splits:
    """Return the same data with the teacher of a config, if it has one.

    Raises:
        ConfigError: a run does not exist, or does not classify the same images into the same classes.
        CheckpointError: the weights of one are missing or damaged.
    """
    runs = _runs(settings)
    if not runs:
        return splits
    models = [_load(locate(run, sinks=sinks), settings, splits.classes, device, sinks) for run in runs]
    return replace(splits, teacher=Committee(models))


def _runs(settings: Config) -> list[Path]:
    return [] if settings.train.teacher is None else list(map(Path, settings.train.teacher.runs))


def _load(found: Located, settings: Config, classes: Sequence[str], device: torch.device, sinks: Sinks) -> Trained:
    """Return a model of the teacher, on a device."""
    theirs = found.settings.data.classes or []
    try:
        if not found.settings.model.classifies:
            raise Misfit(f"is of kind {found.settings.model.kind}, which does not classify")
        if list(theirs) != list(classes):
            raise Misfit(f"its classes are [{few(theirs, 10)}], these [{few(classes, 10)}]")
        check_images(settings, found)
        if (prepared := found.settings.data.prepare) != settings.data.prepare:
            raise Misfit(f"its data.prepare is {prepared or 'not set'}, here {settings.data.prepare or 'not set'}")
    except Misfit as problem:
        raise ConfigError(f"train.teacher.runs: {found.path}: {problem}; name runs on the same images") from None
    return found.load(len(classes), device, sinks)


class Committee:
    """Logits of the mean probabilities of several models.

    Attributes:
        hashes: of the files of their weights, by which a resumed training finds that one has changed.
    """

    def __init__(self, models: Sequence[Trained]) -> None:
        self._nets = [model.net.eval() for model in models]
        self.hashes = [hashlib.sha256(model.path.read_bytes()).hexdigest() for model in models]

    def __call__(self, images: Tensor) -> Iterator[Tensor]:
        """Yield logits (B, C) of images uint8 (N, H, W), some at a time, on their device."""
        dtype = next(self._nets[0].parameters()).dtype
        for some in torch.split(images, EVALUATION_BATCH):
            with torch.inference_mode():
                pixels = some.flatten(1).to(dtype).div(255)
                yield committee.averaged([net(pixels) for net in self._nets])
