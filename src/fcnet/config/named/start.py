"""Configs to start from: those that come with fcnet, written to the user's folder."""

import re
from pathlib import Path

from fcnet.config.named import find, shipped
from fcnet.errors import ConfigError
from fcnet.system import files

_INHERITS = re.compile(r"^((?:extends|base):\s*)(\S+\.yaml)", re.MULTILINE)
_INHERITS_INLINE = re.compile(r"^(\s+extends:\s*)(\S+\.yaml)", re.MULTILINE)


def write(name: str, out: Path | None) -> Path:
    """Write a config that comes with fcnet, with its comments, to a new file; return the file.

    It has the same settings: what it inherits from another config of fcnet is named as that (``extends: mnist``).

    Args:
        name: of the config.
        out: the file; by default NAME.yaml in the current folder, with ``-`` for ``/``.

    Raises:
        ConfigError: there is no config of this name, or the file exists.
        OSError: it cannot be written.
    """
    source = shipped.file(name)
    if source is None:
        close = find.near(Path(name))
        raise ConfigError(
            f"{name}: no config of this name comes with fcnet; {f'did you mean {close}? ' if close else ''}fcnet config"
            " list shows them"
        )
    file = out or Path(f"{(shipped.name(source) or name).replace('/', '-')}.yaml")
    if files.look(file) is not None:
        advice = "name a file in it" if files.is_folder(file) else "name another file, or remove it"
        raise ConfigError(f"{file}: already exists; {advice} (-o FILE)")
    if not file.parent.is_dir():
        raise ConfigError(f"{file}: there is no folder {file.parent}; create it, or name another file (-o FILE)")
    files.write_bytes(file, text(source).encode())
    return file


def text(source: Path) -> str:
    """Return the text of a config that comes with fcnet, with names of other configs in place of their paths."""

    def named(found: re.Match[str]) -> str:
        name = shipped.name(source.parent / found[2])
        return found[0] if name is None else f"{found[1]}{name}"

    written = source.read_text(encoding="utf-8")
    return _INHERITS_INLINE.sub(named, _INHERITS.sub(named, written))
