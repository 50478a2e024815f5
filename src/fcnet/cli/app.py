"""The commands: they parse, import what they need, and call one function.

Nothing heavy is imported before a command needs it, so that ``--help`` and errors in a config appear at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcnet import __version__
from fcnet.cli import config_commands, data_commands
from fcnet.errors import ConfigError

if TYPE_CHECKING:
    from fcnet.families.common.family import Result
    from fcnet.rundir.target import Target
    from fcnet.schema import Config
from fcnet.system import paths, signals, streams

NEWEST = "\0"  # the value of --resume without a RUN: no file can have this name

app = typer.Typer(
    help="Train fully-connected networks, extreme learning machines and autoencoders on image folders, from one YAML"
    " file.",
    epilog="Start with: fcnet train --config configs/digits.yaml",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_commands.app, name="data")
app.add_typer(config_commands.app, name="config")


class Split(StrEnum):
    """The splits of a config's data."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Format(StrEnum):
    """File formats of pictures."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


def _path(name: str, metavar: str, text: str, *short: str) -> Any:
    """Return an option that names a file or a folder."""
    names = (name, *short) if short else ()
    return typer.Option(*names, metavar=metavar, parser=paths.option(name), help=text)


Run = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]",
        parser=paths.option("RUN"),
        help="Run directory or model file (default: the newest run in checkpoints/).",
    ),
]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN]...",
        parser=paths.option("RUN"),
        help="Run directories, or folders of runs (default: the newest run in checkpoints/).",
    ),
]
RunAndImages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN] IMAGE...",
        parser=paths.word("IMAGE"),
        help="Run directory or model file (default: the newest run), then files, folders or glob patterns.",
    ),
]
ConfigFile = Annotated[Path | None, _path("--config", "FILE", "Config for a model file without a run directory.", "-c")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fcnet {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; allowed anywhere.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    # main() removes --debug and acts on it; it is declared here for the help.
    pass


@app.command(epilog="Example: fcnet train --config configs/mnist.yaml train.epochs=5 seed=1 --out checkpoints/mine")
def train(
    context: typer.Context,
    config: Annotated[
        Path | None, _path("--config", "FILE", "Config of the run (default with --resume RUN: that of the run).", "-c")
    ] = None,
    overrides: config_commands.Settings = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", parser=paths.word("--out"), help="Run directory (default: checkpoints/NAME, NAME-2...)."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing run at --out.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[RUN]",
            parser=paths.word("--resume"),
            help="Resume RUN. Without a value: resume --out, else the newest run of this config, else start a new one.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="With --resume or --overwrite: take over a run from another host."),
    ] = False,
    device: Annotated[str | None, typer.Option(help="Same as device=...; overrides the file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same as seed=...; overrides the file.")] = None,
) -> None:
    """Train a model and write a run directory: weights, metrics, checkpoints, loss and accuracy plots."""
    from fcnet.cli import options

    if "" in (resume, out):
        raise ConfigError("--resume, --out: the name is empty (an unset variable?); name a run directory")
    config, overrides = options.split(config, overrides)
    overrides += [f"{key}={value}" for key, value in (("device", device), ("seed", seed)) if value is not None]
    settings, target = _job(config, overrides, out, overwrite, resume, force)
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.train import run_train

    with shown() as sinks:
        run_train(settings, target, context.obj, sinks)


def _job(
    config: Path | None, overrides: list[str], out: str | None, overwrite: bool, resume: str | None, force: bool
) -> tuple["Config", "Target"]:
    """Return what is to be trained and where, from the words of the command line."""
    from fcnet import schema
    from fcnet.cli import options
    from fcnet.rundir import find
    from fcnet.rundir.target import Target

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
    try:
        return schema.load(config, overrides, needed=True), target
    except ConfigError as error:
        hint = f"--resume {insisted}: the error is in the run's own config; give a valid copy with --config FILE"
        raise ConfigError(*error.problems, *([hint] if own_config else [])) from None


@app.command("eval", epilog="Example: fcnet eval checkpoints/mnist --split test --json")
def evaluate(
    run: Run = None,
    config: ConfigFile = None,
    split: Annotated[Split | None, typer.Option(help="Split of the config to evaluate (default: test).")] = None,
    images: Annotated[Path | None, _path("--images", "DIR", "Another image folder, instead of a --split.")] = None,
    labels: Annotated[
        Path | None, _path("--labels", "FILE", "Labels of --images, .txt or .csv; without it, class folders.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: shares as fractions, losses in nats.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row per class.")] = False,
    device: Device = "auto",
) -> None:
    """Evaluate a model: loss, accuracy, precision, recall, F1, confusion matrix; for autoencoders, errors."""
    if split is not None and images is not None:
        raise ConfigError("--split, --images: choose one of the two")
    if labels is not None and images is None:
        raise ConfigError("--labels: needs --images DIR, the images that it labels")

    _check_format(json, csv)
    if run and len(run) > 1:
        raise ConfigError(f"{run[1]}: only one RUN is evaluated at a time, and {run[0]} comes before it; name one")

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
    out: Annotated[Path | None, _path("--out", "DIR", "Folder for the figures (default: plots/ in the run).")] = None,
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.PNG,
) -> None:
    """Draw loss, accuracy, ridge path, confusion matrix, errors and weights; compare several runs."""
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
    out: Annotated[Path | None, _path("--out", "DIR", "Folder for the reconstructed images of an autoencoder.")] = None,
    device: Device = "auto",
) -> None:
    """Classify images, or reconstruct them with an autoencoder, with the errors as outlier scores."""
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
            help="Run directory of an autoencoder (default: the newest run), then files, folders or glob patterns"
            " (default: a split of the run's config).",
        ),
    ] = None,
    config: ConfigFile = None,
    out: Annotated[Path, _path("--out", "FILE", "NumPy file for codes, file names and labels.")] = Path("codes.npz"),
    split: Annotated[Split | None, typer.Option(help="Split of the config to encode (default: test).")] = None,
    device: Device = "auto",
) -> None:
    """Write an autoencoder's codes of images to a file."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_encode

    with shown() as sinks:
        n, k = run_encode(words or [], out, split and split.value, device, config, sinks)
    streams.write(sys.stdout, f"{out}: {n} codes of {k} values")


def _check_format(json: bool, csv: bool) -> None:
    if json and csv:
        raise ConfigError("--json, --csv: choose one of the two")


def _answer(result: "Result", json: bool, csv: bool) -> None:
    """Print a command's result in the requested format."""
    text = result.json() if json else result.csv() if csv else result.text()
    streams.write(sys.stdout, text, for_programs=json or csv)
