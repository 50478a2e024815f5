"""Find trained models, and load their weights."""

from dataclasses import dataclass
from pathlib import Path

import torch

from fcnet import families, schema
from fcnet.commands.read import image_size
from fcnet.errors import CheckpointError, ConfigError
from fcnet.families import Family
from fcnet.families.common.family import Trained
from fcnet.rundir import directory, find, tensor_files
from fcnet.rundir.checkpoints import FOLDER
from fcnet.schema import Config
from fcnet.system import files
from fcnet.system.sinks import SILENT, Sinks


@dataclass(frozen=True)
class Located:
    """A model file with its config and run.

    Attributes:
        path: the file of the weights.
        settings: the config that it was trained with.
        run: its run directory, if it is in one.
    """

    path: Path
    settings: Config
    run: Path | None

    @property
    def family(self) -> Family:
        """Return the family of the model."""
        return families.of(self.settings.model)

    def load(self, classes: int, device: torch.device, sinks: Sinks = SILENT) -> Trained:
        """Return the model with its weights, on a device. Raises CheckpointError if they do not fit."""
        if self.run is not None and self.path == self.run / directory.MODEL and files.look(self.path) is None:
            unfinished = (
                "does not exist yet, because the run has not ended; if no process trains it any more, resume it with:"
                f" fcnet train --resume {self.run}"
            )
            raise CheckpointError(f"{self.path}: {files.absent(self.path, unfinished)}")
        if self.run is not None and files.look(self.run / directory.RESULT) is None:
            sinks.warn(f"{self.path}: is from an earlier stop; the run has been resumed since and has not ended")
        notices: list[str] = []
        state = tensor_files.load(self.path, notices.append)
        net = self.family.build(self.settings.model, image_size(self.settings), classes)
        tensor_files.restore(net, state, self.path, notices.append)
        if notices:
            sinks.notice(f"{self.path}: the weights {', '.join(notices)}")
        return Trained(net.to(device).eval(), self.settings, self.path)


def locate(run: Path | None, config_file: Path | None = None, sinks: Sinks = SILENT) -> Located:
    """Find a trained model: a run directory, a model file with its config, or the newest run.

    Notes which run it is, unless its path was given in full.

    Raises:
        ConfigError: there is none, or a model file has no config.
    """
    found = find.newest() if run is None else find.one(run)
    if found != run:
        sinks.notice(f"run: {found}")
    if files.is_folder(found):
        return Located(found / directory.MODEL, schema.load(config_file or found / directory.CONFIG), found)
    home = found.parent if find.is_run(found.parent) else None
    if found.parent.name == FOLDER and find.is_run(found.parent.parent):
        run = found.parent.parent
        raise ConfigError(f"{found}: is a training checkpoint; give its run directory, {run}")
    if config_file is None and home is None:
        tensor_files.check_kind(found)  # if it is not a model file, a config would not help
        raise ConfigError(f"{found}: a model file alone does not describe its model; give its YAML file with --config")
    return Located(found, schema.load(config_file or found.parent / directory.CONFIG), home)
