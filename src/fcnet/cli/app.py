"""The commands: they parse, import what they need, and call one function.

Nothing heavy is imported before a command needs it, so that ``--help`` and errors in a config appear at once.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fcnet import __version__
from fcnet.cli import config_commands, data_commands, predict, train
from fcnet.cli.help import complete
from fcnet.cli.help.commands import App
from fcnet.cli.predict import Prepare
from fcnet.cli.results import compare, export, report, runs
from fcnet.cli.sweep import commands as sweep
from fcnet.cli.words import ConfigFile, Device, Json, Run, Runs, Weights, answer, check_format, path, which
from fcnet.cli.words import config as config_option
from fcnet.errors import ConfigError
from fcnet.system import paths, signals, streams
from fcnet.system.text import counted

app = App(
    help="Train fully-connected networks, extreme learning machines and autoencoders on image folders, from one YAML"
    " file.",
    epilog="Start with fcnet train -c digits. Each command has a page of its own, such as fcnet train --help.",
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_commands.app, name="data")
app.add_typer(config_commands.app, name="config")
app.add_typer(sweep.app, name="sweep")


SPLITS, PREPARE = "train|validation|test", "auto|always|off"  # as the help shows them


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
    _verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more: how steps are computed, with how many threads.")
    ] = False,
    _quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say less: results, warnings and errors alone.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    # main() removes these and acts on them, wherever they are; they are declared here for the help.
    pass


app.command(epilog=train.EXAMPLE)(train.train)


@app.command("eval", epilog="Example: fcnet eval checkpoints/mnist --split test --json")
def evaluate(
    run: Run = None,
    config: ConfigFile = None,
    split: Annotated[
        Split | None, typer.Option(metavar=SPLITS, help="Split of the config to evaluate (default: test).")
    ] = None,
    images: Annotated[Path | None, path("--images", "DIR", "Another image folder, instead of a --split.")] = None,
    labels: Annotated[
        Path | None, path("--labels", "FILE", "Labels of --images, .txt or .csv; without it, class folders.")
    ] = None,
    prepare: Annotated[
        Prepare, typer.Option(metavar=PREPARE, help="Prepare photos among --images, as predict does (default: auto).")
    ] = Prepare.AUTO,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row per class.")] = False,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Evaluate a model on held-out images.

    Loss, accuracy, precision, recall, F1 and confusion matrix; for autoencoders, the errors of reconstruction. Several
    runs, or a sweep, are evaluated as a committee: the mean of their probabilities.
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
    file_format: Annotated[
        Format, typer.Option("--format", metavar="png|svg|pdf", help="File format (default: png).")
    ] = Format.PNG,
    weights: Weights = None,
    augment: Annotated[
        Path | None,
        config_option("--augment", "Draw how this config changes its training images, before any run."),
    ] = None,
) -> None:
    """Draw curves, confusion matrix, mistakes, weights.

    Also the ridge path of an ELM, and the reconstructions, codes and samples of an autoencoder; several runs are drawn
    together.
    """
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
            autocompletion=complete.run_or_file,
            help="Run directory of an autoencoder (default: the newest run), then files, folders or glob patterns"
            " (default: a split of the run's config).",
        ),
    ] = None,
    config: ConfigFile = None,
    out: Annotated[Path, path("--out", "FILE", "NumPy file for codes, file names and labels.")] = Path("codes.npz"),
    split: Annotated[
        Split | None, typer.Option(metavar=SPLITS, help="Split of the config to encode (default: test).")
    ] = None,
    prepare: Annotated[
        Prepare, typer.Option(metavar=PREPARE, help="Prepare photos, as predict does (default: auto).")
    ] = Prepare.AUTO,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Write an autoencoder's codes to a file."""
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.evaluate import run_encode

    with shown() as sinks:
        n, k = run_encode(words or [], out, split and split.value, device, config, sinks, prepare.value, which(weights))
    streams.write(sys.stdout, f"{out}: {counted(n, 'code')} of {counted(k, 'value')}")


app.command(epilog=runs.EXAMPLE)(runs.runs)
app.command(epilog=compare.EXAMPLE)(compare.compare)
app.command(epilog=export.EXAMPLE)(export.export)
app.command(epilog=report.EXAMPLE)(report.report)
