"""The commands: they parse, import what they need, and call one function.

Nothing heavy is imported before a command needs it: ``--help`` and a wrong config answer at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcnet import __version__
from fcnet.cli import config_commands
from fcnet.config.names import KNOWN_SETS
from fcnet.errors import ConfigError

if TYPE_CHECKING:
    from fcnet.families.common.family import Result
from fcnet.system import paths, signals, streams

NEWEST = "\0"  # the value of --resume where none was given: no file can have this name

app = typer.Typer(
    help="Train fully-connected networks on folders of digit images: YAML in, checkpoints and pictures out.",
    epilog="Start with: fcnet train --config configs/digits.yaml",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(config_commands.app, name="config")


class Split(StrEnum):
    """The parts of a config's data."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Format(StrEnum):
    """File formats of pictures."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


if TYPE_CHECKING:
    Source = StrEnum
else:
    Source = StrEnum("Source", [(name.upper().replace("-", "_"), name) for name in KNOWN_SETS])


def _path(name: str, metavar: str, text: str, *short: str) -> Any:
    """An option that names a file or a folder."""
    names = (name, *short) if short else ()
    return typer.Option(*names, metavar=metavar, parser=paths.option(name), help=text)


Run = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]",
        parser=paths.option("RUN"),
        help="Run directory, or model file; left out, the newest below checkpoints/.",
    ),
]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        help="Run directories, or folders of them; left out, the newest below checkpoints/.",
    ),
]
RunAndImages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN] IMAGE...",
        parser=paths.word("IMAGE"),
        help="Run directory or model file (left out, the newest run); then files, folders or glob patterns.",
    ),
]
ConfigFile = Annotated[Path | None, _path("--config", "FILE", "YAML file of a bare model file.", "-c")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fcnet {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; goes anywhere.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    # --debug is taken out by main(), which alone can act on it; it is declared here for the help.
    pass


@app.command(epilog="Example: fcnet train --config configs/mnist.yaml train.epochs=5 seed=1 --out checkpoints/mine")
def train(
    context: typer.Context,
    config: Annotated[
        Path | None, _path("--config", "FILE", "YAML file of the run; with --resume RUN, that run's own.", "-c")
    ] = None,
    overrides: config_commands.Settings = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", parser=paths.word("--out"), help="Run directory; left out, checkpoints/NAME, NAME-2, ..."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is at --out.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[RUN]",
            parser=paths.word("--resume"),
            help="Go on with RUN; left out, with --out or the newest run of this config's settings, or begin one.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="With --resume or --overwrite: take the run over from another host."),
    ] = False,
    device: Annotated[str | None, typer.Option(help="Short for device=..., over the file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Short for seed=..., over the file.")] = None,
) -> None:
    """Train a net into a run directory: weights, metrics, checkpoints, loss and accuracy plots."""
    from fcnet import schema
    from fcnet.cli import options
    from fcnet.data.folder import early_listing
    from fcnet.rundir import find
    from fcnet.rundir.target import Target

    if "" in (resume, out):
        raise ConfigError("--resume, --out: is followed by an empty name (an unset variable?); name a run directory")
    config, overrides = options.split(config, overrides)
    insisted = None if resume in (None, NEWEST) else Path(str(resume))
    own_config = config is None
    if config is None and resume == NEWEST and (out is None or find.is_run(Path(out))):
        insisted = find.newest() if out is None else Path(out)
        out = None
        streams.write(sys.stderr, f"run: {insisted}")
    elif insisted is not None:
        insisted = options.resumed(insisted, own_config)
    if config is None:
        if insisted is None:
            raise ConfigError(f"--config: is missing; give the YAML file of the run{options.example()}")
        config = insisted / find.CONFIG
    folder = None if out is None else Path(out)
    target = Target(find.of_config(config), folder, overwrite, resume is not None, insisted, force, own_config)
    short = [f"{key}={value}" for key, value in (("device", device), ("seed", seed)) if value is not None]
    try:
        settings = schema.load(config, [*overrides, *short], needed=True)
    except ConfigError as error:
        hint = f"--resume {insisted}: that is its own config; give a sound copy of it with --config FILE"
        raise ConfigError(*error.problems, *([hint] if own_config else [])) from None
    listed = early_listing.Ahead([(part.images, part.labels) for part in settings.data.parts() if part is not None])
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.train import run_train

    with shown() as sinks:
        run_train(settings, target, context.obj, listed.scan, sinks)


@app.command("eval", epilog="Example: fcnet eval checkpoints/mnist --split test --json")
def evaluate(
    run: Run = None,
    config: ConfigFile = None,
    split: Annotated[Split | None, typer.Option(help="Which images of the config; left out, test.")] = None,
    images: Annotated[Path | None, _path("--images", "DIR", "Other images: a folder, in place of --split.")] = None,
    labels: Annotated[
        Path | None, _path("--labels", "FILE", "Their labels, .txt or .csv; without it, class folders.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, shares as fractions and nats.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a row per class.")] = False,
    device: Device = "auto",
) -> None:
    """Evaluate a model: loss, accuracy, precision, recall, F1, confusion matrix; of autoencoders errors."""
    if split is not None and images is not None:
        raise ConfigError("--split, --images: choose one of the two")
    if labels is not None and images is None:
        raise ConfigError("--labels: goes with --images DIR, the images that it labels")

    _check_format(json, csv)
    if run and len(run) > 1:
        raise ConfigError(f"{run[1]}: one RUN is evaluated at a time, and {run[0]} is given before it; name one")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_eval
        from fcnet.config.data import located

    folder = None if images is None else located(str(images), None if labels is None else str(labels))
    with shown() as sinks:
        result = run_eval(run[0] if run else None, config, (split or Split.TEST).value, folder, device, sinks)
    _answer(result, json, csv)


@app.command(epilog="Example: fcnet plot checkpoints/mnist checkpoints/mnist-2 --out plots")
def plot(
    runs: Runs = None,
    out: Annotated[Path | None, _path("--out", "DIR", "Folder of the pictures; left out, plots/ in the run.")] = None,
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.PNG,
) -> None:
    """Draw loss, accuracy, ridges, confusion, mistakes and weights; several runs beside each other."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.plot import run_plot

    with shown() as sinks:
        files = run_plot(runs or [], out, file_format.value, sinks)
    for path in files:
        streams.write(sys.stdout, str(path))


@app.command(epilog='Example: fcnet predict checkpoints/mnist photo.png "scans/*.jpg"')
def predict(
    words: RunAndImages = None,
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with the probability of each class.")] = False,
    out: Annotated[
        Path | None, _path("--out", "DIR", "Of an autoencoder: write the images that it gives back.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Classify image files; or give them back by an autoencoder, with their errors as outlier scores."""
    _check_format(json, csv)
    if not words:
        raise ConfigError("IMAGE: is missing; give files, folders or patterns, such as photo.png")

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_predict

    with shown() as sinks:
        result = run_predict(words, device, out, config, sinks)
    _answer(result, json, csv)


@app.command(epilog="Example: fcnet encode checkpoints/autoencoder-denoising --out codes.npz")
def encode(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN] [IMAGE]...",
            parser=paths.word("IMAGE"),
            help="Run directory of an autoencoder (left out, the newest run); then files, folders or patterns; without"
            " them, a split of the run's config.",
        ),
    ] = None,
    config: ConfigFile = None,
    out: Annotated[Path, _path("--out", "FILE", "NumPy file with codes, files and labels.")] = Path("codes.npz"),
    split: Annotated[Split | None, typer.Option(help="Which images of the config; left out, test.")] = None,
    device: Device = "auto",
) -> None:
    """Write the codes that an autoencoder has for images."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_encode

    with shown() as sinks:
        n, k = run_encode(words or [], out, split and split.value, device, config, sinks)
    streams.write(sys.stdout, f"{out}: {n} codes of {k} values")


@app.command(epilog="Example: fcnet data mnist --out data/mnist")
def data(
    source: Annotated[Source, typer.Argument(metavar="|".join(KNOWN_SETS), help="Which data set.")],
    out: Annotated[Path | None, _path("--out", "DIR", "Folder to write to; left out, data/NAME.")] = None,
) -> None:
    """Write a known data set as an image folder; downloads it where its files are not there."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.train import run_data

    folder = out or Path("data") / source.value
    with shown() as sinks:
        written = run_data(source.value, folder, sinks)
    streams.write(sys.stdout, f"{folder}: {'written' if written else 'is there already'}")


def _check_format(json: bool, csv: bool) -> None:
    if json and csv:
        raise ConfigError("--json, --csv: choose one of the two")


def _answer(result: "Result", json: bool, csv: bool) -> None:
    """Print what a command was given for, in the format that was asked for."""
    text = result.json() if json else result.csv() if csv else result.text()
    streams.write(sys.stdout, text, for_programs=json or csv)
