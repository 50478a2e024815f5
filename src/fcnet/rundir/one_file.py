"""The one file that a report or an export is written to: new, or one of its kind that fcnet has written before."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from fcnet.errors import ConfigError
from fcnet.system import files
from fcnet.system.files import naming

HTML = (".html", ".htm")  # suffixes, the usual one first


def check(out: Path, suffixes: Sequence[str], what: str, is_own: Callable[[Path], bool]) -> None:
    """Raise ConfigError if a file may not be written.

    Args:
        out: the file.
        suffixes: that its name may end in, the usual one first.
        what: the file is, in words.
        is_own: whether an existing file is one of these that fcnet wrote, which may be replaced.
    """
    option = f"--out {out}"
    if files.is_folder(out):
        example = out / f"file{suffixes[0]}"
        raise ConfigError(f"{option}: is a folder; give the name of a file in it, such as {example}")
    if out.suffix.lower() not in suffixes:
        name = out.with_suffix(suffixes[0]).name
        raise ConfigError(f"{option}: the name should end in {suffixes[0]}; write --out {name}")
    if os.path.islink(out):
        raise ConfigError(f"{option}: is a link to {os.readlink(out)}; name that file, or another one")
    if files.look(out) is not None and not (files.is_file(out) and is_own(out)):
        raise ConfigError(f"{option}: already exists and is not {what} of fcnet; choose another name")


def write(out: Path, data: bytes) -> None:
    """Write the file, as a whole or not at all; its folder is created."""
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(out, data)
