"""Names of devices: what a config and the command line call the processor that computes."""

import re

from fcnet.config import near
from fcnet.errors import ConfigError

# torch counts devices in a signed byte, and cuda:256 would be cuda:0.
DEVICES = "auto|cpu|cuda|cuda:[0-9]{1,2}"


def check(name: str) -> None:
    """Raise ConfigError if a name is none of a device, with what may be meant."""
    if not re.fullmatch(DEVICES, name):
        meant = near.device(name)
        raise ConfigError(f"device: is {name!r}; should be auto, cpu, cuda or cuda:N" + (f"; {meant}" if meant else ""))
