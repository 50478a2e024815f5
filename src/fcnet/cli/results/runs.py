"""``fcnet runs``: its options, and the call."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.words import Json, answer, check_format
from fcnet.errors import ConfigError
from fcnet.system import paths

EXAMPLE = 'Example: fcnet runs runs/width --where "accuracy>0.97" --sort=-accuracy'


def runs(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...",
            parser=paths.option("DIR"),
            help="Folders of runs, also nested, such as a sweep's (default: checkpoints/).",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only runs with COLUMN=VALUE (or != > < >= <=), such as accuracy>0.97, ended=failed or lr<1e-3; may be"
            " given several times.",
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Sort by a column; --sort=-COLUMN: the largest first.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Columns instead of the usual ones, such as name,lr,accuracy."),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Show the first N runs only.")] = None,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row per run.")] = False,
) -> None:
    """List runs, and how good they are.

    Net, what differs between them, seed, epochs, accuracy, seconds, and how each ended.
    """
    check_format(json, csv)
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit {limit}: should be at least 1")

    from fcnet.results.table import Wanted, run_list

    chosen = [word.strip() for word in (columns or "").split(",") if word.strip()]
    if columns is not None and not chosen:
        raise ConfigError("--columns: the list is empty; give columns, such as name,accuracy")
    terminal = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    answer(run_list(folders or [], Wanted(where or [], sort, chosen, limit), terminal), json, csv)
