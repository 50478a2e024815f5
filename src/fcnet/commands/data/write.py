"""Write image folders: of known data sets, and from files in other formats."""

from collections.abc import Sequence
from pathlib import Path

from fcnet.data import known_sets
from fcnet.data.imports import convert
from fcnet.system.sinks import SILENT, Sinks


def run_data(source: str, out: Path, sinks: Sinks = SILENT, given: Path | None = None) -> bool:
    """Write a known data set as an image folder, from official files if given; return False if it exists already."""
    with sinks.counting() as progress:
        return known_sets.write(source, out, progress, given, sinks.warn)


def run_import(given: Sequence[Path], out: Path | None = None, sinks: Sinks = SILENT) -> convert.Imported:
    """Write what files hold as an image folder, by default ``data/NAME``; return what was written."""
    with sinks.counting() as progress:
        return convert.convert(given, out, progress, sinks.notice)
