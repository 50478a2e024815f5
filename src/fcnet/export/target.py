"""The file that an export is written to: new, or one that fcnet has exported before."""

import os
from collections.abc import Callable
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.system import files
from fcnet.system.files import naming


def check(out: Path, suffix: str, is_own: Callable[[Path], bool]) -> None:
    """Raise ConfigError if an export may not be written to a path.

    Args:
        out: the path.
        suffix: that its name needs.
        is_own: whether an existing file is an export of fcnet, which may be replaced.
    """
    option = f"--out {out}"
    if out.suffix.lower() != suffix:
        raise ConfigError(f"{option}: the name should end in {suffix}; write --out {out.with_suffix(suffix).name}")
    if os.path.islink(out):
        raise ConfigError(f"{option}: is a link to {os.readlink(out)}; name that file, or another one")
    if files.look(out) is not None and not (files.is_file(out) and is_own(out)):
        raise ConfigError(f"{option}: already exists and was not exported by fcnet; choose another name")


def write(out: Path, data: bytes) -> None:
    """Write an export, as a whole or not at all."""
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(out, data)
