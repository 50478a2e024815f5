"""The command line. Commands only parse; this is the one place that prints errors and exits.

Nothing heavy is imported before a command needs it: ``--help`` and a wrong config answer at once.
"""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fcnet import __version__, signals, streams
from fcnet.errors import ConfigError, FcnetError, ResourceError, from_os_error, is_out_of_memory
from fcnet.signals import Stop

INTERRUPTED = 130  # exit code after Ctrl-C, as shells give it
NEWEST = "\0"  # the value of --resume where none was given: no file can have this name

app = typer.Typer(
    help="Train fully-connected networks on folders of digit images: YAML in, checkpoints and pictures out.",
    epilog="Start with: fcnet train --config configs/digits.yaml",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Look at configs: show, check, schema.", rich_markup_mode=None)
app.add_typer(config_app, name="config")

# The error of typer's parser: typer exports this subclass of it alone, in every version.
_UsageError: Any = typer.BadParameter.__mro__[1]


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


class Source(StrEnum):
    """Known data sets."""

    MNIST = "mnist"
    FASHION_MNIST = "fashion-mnist"
    KMNIST = "kmnist"
    DIGITS = "digits"


Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Settings over the file, such as train.optimizer.lr=3e-4."),
]
Run = Annotated[
    Path | None,
    typer.Argument(metavar="[RUN]", help="Run directory, or model file; left out, the newest below checkpoints/."),
]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[RUN]...", help="Run directories; left out, the newest below checkpoints/."),
]
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
        Path | None, typer.Option("--config", "-c", help="YAML file of the run; with --resume RUN, that run's own.")
    ] = None,
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Run directory; left out, checkpoints/NAME, NAME-2, ...")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is at --out.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="[RUN]",
            help="Go on with RUN; left out, with --out or this config's newest run, or begin where there is none.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Take the run over from another host, whose job has ended."),
    ] = False,
    device: Annotated[str | None, typer.Option(help="Short for device=..., over the file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Short for seed=..., over the file.")] = None,
) -> None:
    """Train a net into a run directory: weights, metrics, checkpoints, loss and accuracy plots."""
    from fcnet import config as configs

    if resume == "":
        raise ConfigError("--resume: is followed by an empty name (an unset variable?); name a run, or none")
    insisted = None if resume in (None, NEWEST) else Path(str(resume))
    if config is None:
        if insisted is None:
            raise ConfigError("--config: is missing; give the YAML file of the run, such as configs/mnist.yaml")
        config = insisted / "config.yaml"
    if overwrite and (out is None or resume is not None):
        raise ConfigError("--overwrite: goes with --out DIR, the run to replace, and not with --resume")
    if insisted is not None and out is not None:
        raise ConfigError("--out, --resume RUN: choose one of the two")
    if force and resume is None and not overwrite:
        raise ConfigError("--force: goes with --resume or --overwrite")
    short = [f"{key}={value}" for key, value in (("device", device), ("seed", seed)) if value is not None]
    settings = configs.load(config, [*(overrides or ()), *short])

    from fcnet import runs

    runs.run_train(settings, runs.Place(config.stem, out, overwrite, resume is not None, insisted, force), context.obj)


@app.command("eval", epilog="Example: fcnet eval checkpoints/mnist --split test --json")
def evaluate(
    run: Run = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="YAML file of a bare model file.")] = None,
    split: Annotated[Split | None, typer.Option(help="Which images of the config; left out, test.")] = None,
    images: Annotated[Path | None, typer.Option(help="Other images: a folder, in place of --split.")] = None,
    labels: Annotated[Path | None, typer.Option(help="Their labels, .txt or .csv; without it, class folders.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, figures as fractions and nats.")] = False,
    device: Device = "auto",
) -> None:
    """Evaluate a model: loss, accuracy, precision, recall and F1 per class, confusion matrix."""
    if split is not None and images is not None:
        raise ConfigError("--split, --images: choose one of the two")
    if labels is not None and images is None:
        raise ConfigError("--labels: goes with --images DIR, the images that it labels")

    from fcnet import console, inspection, tables
    from fcnet.schema import ImageSplit

    folder = images and ImageSplit(images=str(images), labels=None if labels is None else str(labels))
    result = inspection.run_eval(run, config, (split or Split.TEST).value, folder or None, device)
    console.say(result.to_json() if json else tables.evaluation(result))


@app.command(epilog="Example: fcnet plot checkpoints/mnist checkpoints/mnist-2 --out plots")
def plot(
    runs: Runs = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the pictures; left out, plots/ in the run.")] = None,
    file_format: Annotated[Format, typer.Option("--format", help="File format.")] = Format.PNG,
) -> None:
    """Draw loss, accuracy, confusion, mistakes and weights; several runs laid over each other."""
    from fcnet import console, inspection

    for path in inspection.run_plot(runs or [], out, file_format.value):
        console.say(str(path))


@app.command(epilog="Example: fcnet predict checkpoints/mnist photo.png 'scans/*.jpg'")
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Files, folders or glob patterns.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with the probability of each class.")] = False,
    device: Device = "auto",
) -> None:
    """Classify image files."""
    if json and csv:
        raise ConfigError("--json, --csv: choose one of the two")

    from fcnet import console, inspection, tables

    results = inspection.run_predict(run, images, device)
    table = tables.predictions_json if json else tables.predictions_csv if csv else tables.predictions
    console.say(table(results))


@app.command(epilog="Example: fcnet data mnist --out data/mnist")
def data(
    source: Annotated[Source, typer.Argument(metavar="mnist|fashion-mnist|kmnist|digits", help="Which data set.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to; left out, data/NAME.")] = None,
) -> None:
    """Write a known data set as an image folder; downloads it where its files are not there."""
    from fcnet import console, runs

    folder = out or Path("data") / source.value
    written = runs.run_data(source.value, folder)
    console.say(f"{folder}: {'written' if written else 'is there already'}")


@config_app.command(epilog="Example: fcnet config show configs/mnist.yaml train.epochs=5")
def show(file: Path, overrides: Overrides = None) -> None:
    """Print the resolved config: defaults, extends, file and settings together."""
    from fcnet import config as configs

    streams.write(sys.stdout, configs.dump(configs.load(file, overrides or ())).rstrip())


@config_app.command(epilog="Example: fcnet config check configs/mnist.yaml")
def check(file: Path, overrides: Overrides = None) -> None:
    """Check a config without running it; names every mistake with its line."""
    from fcnet import config as configs

    configs.load(file, overrides or ())
    streams.write(sys.stdout, f"{file}: fine")


@config_app.command(epilog="Example: fcnet config schema > fcnet.schema.json")
def schema() -> None:
    """Print the JSON Schema of configs, for editors."""
    import json

    from fcnet.schema import Config

    streams.write(sys.stdout, json.dumps(Config.model_json_schema(), indent=2))


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run a command line, and return the exit code (0 done, else as in ``errors``).

    Args:
        argv: its words; those of the process by default.
        stop: whether a signal has asked to stop, where the signals are taken over already.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = _with_values([word for word in words if word != "--debug"])
    if stop is not None or words[:1] != ["train"]:
        return _run(words, debug, stop or Stop())
    with signals.catching() as stop:
        return _run(words, debug, stop)


def _run(words: list[str], debug: bool, stop: Stop) -> int:
    try:
        code = int(app(words or ["--help"], prog_name="fcnet", standalone_mode=False, obj=stop) or 0)
        if code == INTERRUPTED:  # what newer typers make of Ctrl-C
            raise KeyboardInterrupt
        return code
    except _UsageError as error:
        return _fail(ConfigError(f"command line: {error.format_message()} See --help."), debug)
    except FcnetError as error:
        return _fail(error, debug)
    except (KeyboardInterrupt, typer.Abort):
        _tell("fcnet: interrupted")
        return INTERRUPTED
    except OSError as error:
        return _fail(from_os_error(error), debug)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return _fail(ResourceError("memory: not enough is free; use a smaller net, batch or image size"), debug)


def _with_values(words: list[str]) -> list[str]:
    """Give a bare ``--resume`` the value that typer needs: what follows may be its run, or something else."""
    for i, word in enumerate(words):
        if word == "--resume" and (i + 1 == len(words) or re.match(r"-|[A-Za-z_][\w.]*=", words[i + 1])):
            words[i] = f"--resume={NEWEST}"
    return words


def _fail(error: FcnetError, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    for problem in error.problems:
        _tell(f"fcnet: {error.word}: " + " ".join(problem.splitlines()))
    return error.exit_code


def _tell(text: str) -> None:
    """A last line on stderr; where it cannot be written, the exit code tells."""
    with contextlib.suppress(OSError):
        streams.write(sys.stderr, text)


def entry(stop: Stop | None = None) -> None:
    """The ``fcnet`` script; ``stop`` as for ``main``."""
    streams.prepare()
    os.environ["MPLBACKEND"] = "agg"  # pictures go to files, whatever a notebook's shell asks matplotlib for
    try:
        code = main(stop=stop)
    except KeyboardInterrupt:  # while it was told of another end
        code = INTERRUPTED
    except Exception:  # a bug
        with contextlib.suppress(OSError):
            traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # its reader may have gone
            stream.flush()
    # All files are written and closed by now. Unloading torch in good order would take another half second.
    os._exit(code)
