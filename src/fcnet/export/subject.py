"""What is exported: a trained model on the CPU, with all that a file should say about it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fcnet import __version__, schema
from fcnet.commands.read import class_names, image_size
from fcnet.commands.trained import Located, locate
from fcnet.config.names import Which
from fcnet.data.dataset import Size
from fcnet.families.common.family import Trained, choice, plain
from fcnet.rundir.foreign import tensors
from fcnet.schema import Config
from fcnet.system.sinks import SILENT, Sinks


@dataclass(frozen=True)
class Subject:
    """A model to export.

    Attributes:
        trained: the model, on the CPU, in single precision.
        settings: its config, with the names of the classes.
        size: height and width of its images, in pixels.
        classes: names in the order of its outputs; those of the training images if it does not classify.
        sizes: units of each layer, in words.
        weights: the file of the weights, and which of its run's they are.
        sha256: of that file.
    """

    trained: Trained
    settings: Config
    size: Size
    classes: list[str]
    sizes: str
    weights: str
    sha256: str

    @property
    def facts(self) -> dict[str, Any]:
        """Return what an export says about the model, for programs."""
        return {"model": str(self.trained.path), "sha256": self.sha256} | plain(self.trained.weights)

    @property
    def metadata(self) -> dict[str, str]:
        """Return what every exported file says about the model."""
        return {
            "fcnet": __version__,
            tensors.CONFIG: schema.dump(self.settings),
            tensors.CLASSES: json.dumps(self.classes, ensure_ascii=False),
        }


def find(
    run: Path | None, config_file: Path | None = None, weights: Which | None = None, sinks: Sinks = SILENT
) -> Subject:
    """Find and load a model.

    Args:
        run: run directory or model file; the newest run when None.
        config_file: for a model file outside any run directory.
        weights: of a run: best or last; the best if it has them, when None.
        sinks: for notices and warnings.

    Raises:
        ConfigError, CheckpointError: there is none, or its weights do not fit.
        DataError: neither its config nor its images say which classes it has.
    """
    found = locate(run, config_file, sinks, weights)
    found.tell(sinks)
    classes = _classes(found)
    trained = found.load(len(classes), torch.device("cpu"), sinks)
    trained.net.float()
    settings = found.settings
    if classes:
        data = settings.data.model_copy(update={"classes": classes})
        settings = settings.model_copy(update={"data": data})
    size = image_size(settings)
    sizes = "-".join(settings.model.layer_sizes(size, len(classes)))
    which = f" ({words})" if (words := choice(trained.weights)) else ""
    sha256 = hashlib.sha256(found.path.read_bytes()).hexdigest()
    return Subject(trained, settings, size, classes, sizes, f"{found.path}{which}", sha256)


def _classes(found: Located) -> list[str]:
    if found.settings.model.classifies:
        return class_names(found.settings)
    return found.settings.data.classes or []
