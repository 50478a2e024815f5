"""Images that one process reads once and trains many nets on."""

from dataclasses import dataclass
from typing import Any

import torch

from fcnet.data.splits import Splits
from fcnet.schema import Config


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a config, and what was found out about them.

    Attributes:
        splits: the images.
        normal: the classes whose images are not outliers; None if outliers are not defined.
        warnings: what is legal but looks like a mistake.
    """

    splits: Splits
    normal: list[str] | None
    warnings: tuple[str, ...]


class Shelf:
    """Keeps the images of the last training, for the next one if its config reads the same.

    Changes of the files in between are not noticed. Other images replace those that are kept, so that memory holds one
    set of them.
    """

    def __init__(self) -> None:
        self._key: tuple[Any, ...] | None = None
        self._kept: Images | None = None

    def find(self, settings: Config, device: torch.device) -> Images | None:
        """Return the images of a config on a device if they are kept; else drop those that are, and return None."""
        if self._key != _key(settings, device):
            self._key = self._kept = None
        return self._kept

    def keep(self, settings: Config, device: torch.device, images: Images) -> None:
        """Keep images, which are on the device."""
        self._key, self._kept = _key(settings, device), images


def _key(settings: Config, device: torch.device) -> tuple[Any, ...]:
    """Return all that the images of a config depend on; how they are augmented is not part of it."""
    data = settings.data.model_dump(exclude={"augment"})
    seed = None if settings.data.labelled is None else settings.seed  # which chooses the images with labels
    return repr(data), settings.model.kind, str(device), seed
