"""The commands: they parse, import what they need, and call one function.

Nothing heavy is imported before a command needs it, so that ``--help`` and errors in a config appear at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcnet import __version__
from fcnet.cli import config_commands, data_commands, predict
from fcnet.cli.predict import Prepare
from fcnet.cli.results import compare, export, runs
from fcnet.cli.sweep import commands as sweep
from fcnet.cli.words import ConfigFile, Device, Json, Run, Runs, Weights, answer, check_format, path, which
from fcnet.errors import ConfigError

if TYPE_CHECKING:
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
app.add_typer(sweep.app, name="sweep")


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
        Path | None, path("--config", "FILE", "Config of the run (default with --resume RUN: that of the run).", "-c")
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
    images: Annotated[Path | None, path("--images", "DIR", "Another image folder, instead of a --split.")] = None,
    labels: Annotated[
        Path | None, path("--labels", "FILE", "Labels of --images, .txt or .csv; without it, class folders.")
    ] = None,
    prepare: Annotated[
        Prepare, typer.Option(help="Prepare photos among --images as the training images are made (as in predict).")
    ] = Prepare.AUTO,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row per class.")] = False,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Evaluate a model: loss, accuracy, precision, recall, F1, confusion matrix; for autoencoders, errors.

    Several runs, or a sweep, are evaluated as a committee: the mean of their probabilities.
    """
    if split is not None and images is not None:
        raise ConfigError("--split, --images: choose one of the two")
    if labels is not None and images is None:
        raise ConfigError("--labels: needs --images DIR, the images that it labels")

    check_format(json, csv)

    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_eval
        from fcnet.config.data import located
        from fcnet.sweep.committee import expand

    folder = None if images is None else located(str(images), None if labels is None else str(labels))
    with shown() as sinks:
        chosen = (split or Split.TEST).value
        several = [Path(word) for word in expand(map(str, run or []), sinks)]
        result = run_eval(several, config, chosen, folder, device, sinks, prepare.value, which(weights))
    answer(result, json, csv)


@app.command(epilog="Example: fcnet plot checkpoints/mnist checkpoints/mnist-2 --out plots")
def plot(
    runs: Runs = None,
    out: Annotated[Path | None, path("--out", "DIR", "Folder for the figures (default: plots/ in the run).")] = None,
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.PNG,
    weights: Weights = None,
    augment: Annotated[
        Path | None, path("--augment", "FILE", "Draw how this config changes its training images, before any run.")
    ] = None,
) -> None:
    """Draw loss, accuracy, ridge path, confusion matrix, errors and weights; compare several runs."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.plot import run_plot, run_plot_augment

    with shown() as sinks:
        if augment is not None:
            files = run_plot_augment(augment, runs or [], out, file_format.value, sinks)
        else:
            files = run_plot(runs or [], out, file_format.value, sinks, which(weights))
    for file in files:
        streams.write(sys.stdout, str(file))


app.command(epilog=predict.EXAMPLE)(predict.predict)


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
    out: Annotated[Path, path("--out", "FILE", "NumPy file for codes, file names and labels.")] = Path("codes.npz"),
    split: Annotated[Split | None, typer.Option(help="Split of the config to encode (default: test).")] = None,
    prepare: Annotated[
        Prepare, typer.Option(help="Prepare photos as the training images are made (as in predict).")
    ] = Prepare.AUTO,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Write an autoencoder's codes of images to a file."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_encode

    with shown() as sinks:
        n, k = run_encode(words or [], out, split and split.value, device, config, sinks, prepare.value, which(weights))
    streams.write(sys.stdout, f"{out}: {n} codes of {k} values")


app.command(epilog=runs.EXAMPLE)(runs.runs)
app.command(epilog=compare.EXAMPLE)(compare.compare)
app.command(epilog=export.EXAMPLE)(export.export)
