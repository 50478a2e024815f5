"""``fcnet data``: commands that write image folders, from known data sets and from files in other formats."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.help.commands import App
from fcnet.cli.words import path
from fcnet.config.names import KNOWN_SETS
from fcnet.errors import ConfigError
from fcnet.system import paths, signals, streams

app = App(
    help="Write image folders, from known data sets or files.",
    epilog="Examples: fcnet data mnist --out data/mnist; fcnet data import train.csv test.csv --out data/digits",
)

_WHERE = {"digits": "which comes with scikit-learn"}
_FROM = typer.Option(
    "--from",
    metavar="DIR",
    parser=paths.option("--from"),
    help="Folder or zip file of the official files (default: those below --out, or downloaded).",
)


def _known(source: str) -> Callable[[Path | None, Path | None], None]:
    """Return the command that writes a known data set."""

    def write(
        out: Annotated[Path | None, path("--out", "DIR", "Folder (default: data/NAME).")] = None,
        given: Annotated[Path | None, _FROM] = None,
    ) -> None:
        with signals.importing():
            from fcnet.cli.console import shown
            from fcnet.commands.data.write import run_data

        if given is not None and source == "digits":
            raise ConfigError("--from: digits have no files of their own, they come with scikit-learn; leave it out")
        folder = out or Path("data") / source
        with shown() as sinks:
            written = run_data(source, folder, sinks, given)
        streams.write(sys.stdout, f"{folder}: {'written' if written else 'exists already'}")

    return write


for _name in KNOWN_SETS:
    app.command(
        _name,
        help=f"Write {_name}, {_WHERE.get(_name, 'downloaded if needed')}.",
        epilog=f"Example: fcnet data {_name} --out data/{_name}",
    )(_known(_name))


@app.command("import", epilog="Example: fcnet data import train.csv test.csv --out data/digits")
def import_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            parser=paths.option("FILE"),
            help="CSV tables of pixels (Kaggle's, with or without label), MNIST's idx files or the folder of all four,"
            " .npz, .npy, Parquet, Arrow. Give training and test files together.",
        ),
    ] = None,
    out: Annotated[Path | None, path("--out", "DIR", "Folder to write (default: data/NAME).")] = None,
) -> None:
    """Write the images in CSV, idx, NumPy or Parquet files.

    The format is told by the content of the files. What a config says to use the image folder is printed at the end.
    """
    if not files:
        raise ConfigError("FILE: is missing; give the files to import, such as train.csv")
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.data.write import run_import

    with shown() as sinks:
        imported = run_import(files, out, sinks)
    streams.write(sys.stdout, imported.text())
