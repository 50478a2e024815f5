"""The folder that a command draws into, and what may be replaced in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fcnet.errors import ConfigError
from fcnet.plots import canvas, style
from fcnet.rundir import own_files
from fcnet.system import files
from fcnet.system.sinks import SILENT, Sinks

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure


class Album:
    """The figures that a command draws into a folder, and tables beside them.

    Args:
        out: the folder.
        file_format: png, svg or pdf.

    Attributes:
        files: those written so far.
        missing: the characters in figures that no installed font has.
    """

    def __init__(self, out: Path, file_format: str = "png") -> None:
        self._out, self._format = out, file_format
        self.files: list[Path] = []
        self.missing: set[str] = set()

    def save(self, figures: Mapping[str, Figure | str]) -> None:
        """Write figures by name, and the text of tables by the names of their files."""
        for name, drawn in figures.items():
            assert own_files.is_drawn(name), f"{name}: a file of others may have this name; add it to own_files"
            if isinstance(drawn, str):
                path = self._out / name
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write_bytes(path, drawn.encode(errors="backslashreplace"))
            else:
                path = self._out / f"{name}.{self._format}"
                self.missing |= canvas.save(drawn, path)
            self.files.append(path)


@contextmanager
def album(out: Path, file_format: str = "png", in_run: bool = True, sinks: Sinks = SILENT) -> Iterator[Album]:
    """Yield an album; at the end, warn once of all characters that no installed font has.

    Raises:
        ConfigError: as in ``check_pictures``.
    """
    check_pictures(out, file_format, in_run)
    pictures = Album(out, file_format)
    try:
        yield pictures
    finally:
        if pictures.missing:
            sinks.warn(style.advice(pictures.missing))


def check_pictures(out: Path, file_format: str, in_run: bool) -> None:
    """Refuse a folder for figures if other pictures or tables in it would be overwritten.

    Args:
        out: the folder.
        file_format: of the figures.
        in_run: whether it is a run's own folder, not one given by the user.

    Raises:
        ConfigError: it is a link in place of a run's folder; or it contains files with the names of fcnet's figures
            and tables that fcnet has not written.
    """
    if in_run and out.is_symlink():
        raise ConfigError(f"{out}: is a link to {out.readlink()}; choose a folder for the figures with --out")
    if files.look(out) is not None and not files.is_folder(out):
        raise ConfigError(f"--out {out}: is not a folder; choose a folder for the figures")
    drawn = [path for path in sorted(out.glob(f"*.{file_format}")) if own_files.is_drawn(path.stem)]
    drawn += [path for name in sorted(own_files.TABLES) if files.look(path := out / name) is not None]
    if others := [path.name for path in drawn if not own_files.is_picture(path, in_run)]:
        raise ConfigError(own_files.refusal(str(out), others, "was not drawn by fcnet", "were not drawn by fcnet"))
