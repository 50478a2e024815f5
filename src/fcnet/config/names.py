"""Names that configs and the command line share: devices, keys, and the only list of known data sets."""

import re
from typing import Literal, get_args

from fcnet.errors import ConfigError

KnownSet = Literal["mnist", "fashion-mnist", "kmnist", "emnist-letters", "emnist-balanced", "digits"]
KNOWN_SETS: tuple[str, ...] = get_args(KnownSet)

Prepare = Literal["auto", "off", "always"]  # whether photos are prepared as the training images are

Which = Literal["best", "last"]  # weights of a run: of the best epoch by validation, or after the last one

# Keys of a config for what is written about a run.
WRITTEN = ("plots", "report", "log")

# torch counts devices in a signed byte, and cuda:256 would be cuda:0.
DEVICES = "auto|cpu|cuda|cuda:[0-9]{1,2}"


def check_which(name: str | None) -> None:
    """Raise ConfigError if a name is not that of weights of a run; None leaves the choice to the run."""
    if name is not None and name not in get_args(Which):
        raise ConfigError(f"weights: is {name!r}; should be {' or '.join(get_args(Which))}")


def check_device(name: str) -> None:
    """Raise ConfigError, with what may be meant, if a name is not that of a device."""
    if not re.fullmatch(DEVICES, name):
        from fcnet.config import near  # imported here: the command line reads this module when it starts

        meant = near.device(name)
        raise ConfigError(f"device: is {name!r}; should be auto, cpu, cuda or cuda:N" + (f"; {meant}" if meant else ""))
