"""Find trained models, and load their weights."""

from dataclasses import dataclass
from pathlib import Path

import torch

from fcnet import families, schema
from fcnet.commands.read import image_size
from fcnet.config import yaml_lines
from fcnet.config.names import Which, check_which
from fcnet.errors import CheckpointError, ConfigError
from fcnet.families import Family
from fcnet.families.common.family import Trained, Weights, choice
from fcnet.rundir import directory, environment, find, tensor_files
from fcnet.rundir.checkpoints import FOLDER
from fcnet.rundir.foreign import tensors
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

    @property
    def weights(self) -> Weights | None:
        """Return which of its run's weights they are; None for a file that is not one of a run's two."""
        which: dict[str, Which] = {directory.BEST: "best", directory.MODEL: "last"}
        if self.run is None or self.path.name not in which:
            return None
        chosen, epochs = which[self.path.name], _epochs(self.run)
        alone = chosen == "last" and files.look(self.run / directory.BEST) is None
        return Weights(chosen, epochs.get(chosen), epochs.get("last"), alone)

    def tell(self, sinks: Sinks) -> None:
        """Note which of its run's weights they are, if the run has others: its last epoch may be its best one."""
        words, epochs = choice(self.weights), {} if self.run is None else _epochs(self.run)
        if words and not (epochs and epochs.get("best") == epochs.get("last")):
            sinks.notice(f"weights: {words}")

    def load(self, classes: int, device: torch.device, sinks: Sinks = SILENT) -> Trained:
        """Return the model with its weights, on a device. Raises CheckpointError if they do not fit."""
        if self.run is not None and self.path == self.run / directory.MODEL and files.look(self.path) is None:
            unfinished = (
                "does not exist yet, because the run has not ended; if no process trains it any more, resume it with:"
                f" fcnet train --resume {self.run}"
            )
            raise CheckpointError(f"{self.path}: {files.absent(self.path, unfinished)}")
        if self.run is not None and files.look(self.run / directory.RESULT) is None:
            what = (
                "is of the best epoch so far; the run has not ended"
                if self.path.name == directory.BEST
                else "is from an earlier stop; the run has been resumed since and has not ended"
            )
            sinks.warn(f"{self.path}: {what}")
        notices: list[str] = []
        state = tensor_files.load(self.path, notices.append)
        net = self.family.build(self.settings.model, image_size(self.settings), classes)
        tensor_files.restore(net, state, self.path, notices.append)
        if notices:
            sinks.notice(f"{self.path}: the weights {', '.join(notices)}")
        return Trained(net.to(device).eval(), self.settings, self.path, self.weights)


def _epochs(run: Path) -> dict[str, int]:
    """Return the epochs of a run's weights, by which they are; none if the run has not ended."""
    try:
        result = environment.read_json(run / directory.RESULT)
        found = {"last": result.get("epoch"), "best": (result.get("best") or {}).get("epoch")}
    except (CheckpointError, AttributeError):
        return {}
    return {which: epoch for which, epoch in found.items() if isinstance(epoch, int)}


def locate(
    run: Path | None, config_file: Path | None = None, sinks: Sinks = SILENT, weights: Which | None = None
) -> Located:
    """Find a trained model: a run directory, a model file with its config, or the newest run.

    The config of a safetensors file is the one in it, unless another is given.

    Of a run, the weights of the best epoch by validation are taken if it has validation images, else the last ones.
    Notes which run it is, unless its path was given in full.

    Args:
        run: run directory or model file; the newest run when None.
        config_file: for a model file outside any run directory.
        sinks: for notices.
        weights: of the run, if not by default.

    Raises:
        ConfigError: there is none, or a model file has no config; or the run has no such weights.
    """
    check_which(weights)
    found = find.newest() if run is None else find.one(run)
    if found != run:
        sinks.notice(f"run: {found}")
    if files.is_folder(found):
        settings = schema.load(config_file or found / directory.CONFIG)
        return Located(found / _file(found, settings, weights), settings, found)
    if weights is not None:
        raise ConfigError(
            f"--weights {weights}: chooses between the weights of a run, but {found} is a single file; name a run"
            " directory, or leave --weights out"
        )
    home = found.parent if find.is_run(found.parent) else None
    if found.parent.name == FOLDER and find.is_run(found.parent.parent):
        run = found.parent.parent
        raise ConfigError(f"{found}: is a training checkpoint; give its run directory, {run}")
    if config_file is None and home is None:
        tensor_files.check_kind(found)  # if it is not a model file, a config would not help
    if config_file is None and (brought := _brought(found)) is not None:
        return Located(found, brought, home)
    if config_file is None and home is None:
        raise ConfigError(f"{found}: a model file alone does not describe its model; give its YAML file with --config")
    return Located(found, schema.load(config_file or found.parent / directory.CONFIG), home)


def _brought(file: Path) -> Config | None:
    """Return the config in a safetensors file, which may come from anybody; None if there is none.

    Raises:
        ConfigError: it is not valid, or would read another file.
        CheckpointError: the file is damaged.
    """
    text = tensors.config_of(file)
    if text is None:
        return None
    name = f"{file} (the config in it)"
    try:
        layer = yaml_lines.parse(text, name)
        if "extends" in layer.values:
            raise ConfigError(f"{name}: extends: names another file, which a config in a model file may not")
        return schema.check([layer])
    except ConfigError as error:
        raise ConfigError(*error.problems, f"{file}: give a valid config with --config FILE") from None


def _file(run: Path, settings: Config, weights: Which | None) -> str:
    """Return the name of the file with a run's weights. Raises ConfigError if it cannot have those that are wanted."""
    if weights == "last" or (weights is None and files.look(run / directory.BEST) is None):
        return directory.MODEL
    if files.look(run / directory.BEST) is None:
        why = "no epoch of it has ended" if settings.data.validation else "its config has no validation images"
        raise ConfigError(
            f"--weights best: {run} has no {directory.BEST}, because {why}; leave --weights out, or train with"
            " data.validation"
        )
    return directory.BEST
