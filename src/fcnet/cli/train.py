"""``fcnet train``: its options, and the call."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcnet.cli import config_commands
from fcnet.cli.help import complete
from fcnet.cli.results import report
from fcnet.cli.words import config as config_option
from fcnet.errors import ConfigError
from fcnet.system import paths, signals, streams

if TYPE_CHECKING:
    from fcnet.rundir.target import Target
    from fcnet.schema import Config

NEWEST = "\0"  # the value of --resume without a RUN: no file can have this name

EXAMPLE = "Examples: fcnet train -c digits; fcnet train -c mnist train.epochs=5 seed=1 --out checkpoints/mine"


def train(
    context: typer.Context,
    config: Annotated[
        Path | None,
        config_option("--config", "The config, if it is not the first word; with --resume RUN, another.", "-c"),
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
            autocompletion=complete.runs,
            help="Resume RUN, or without a name --out, or else the newest run of this config; start one if there is"
            " none.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="With --resume or --overwrite: take over a run that another host holds."),
    ] = False,
    device: Annotated[str | None, typer.Option(metavar="D", help="cpu, cuda or cuda:N; the same as device=D.")] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of all that is random; the same as seed=N.")
    ] = None,
) -> None:
    """Train a model.

    The run directory gets weights, metrics, checkpoints, and plots of loss and accuracy.
    """
    from fcnet.cli.advice import options

    if "" in (resume, out):
        raise ConfigError("--resume, --out: the name is empty (an unset variable?); name a run directory")
    config, overrides = options.split(config, overrides)
    overrides += [f"{key}={value}" for key, value in (("device", device), ("seed", seed)) if value is not None]
    settings, target = _job(config, overrides, out, overwrite, resume, force)
    with signals.importing():
        from fcnet.cli.console import shown
        from fcnet.commands.train import run_train

    with shown() as sinks:
        report.after_training(settings, run_train(settings, target, context.obj, sinks).path, sinks)


def _job(
    config: Path | None, overrides: list[str], out: str | None, overwrite: bool, resume: str | None, force: bool
) -> tuple["Config", "Target"]:
    """Return what is to be trained and where, from the words of the command line."""
    from fcnet import schema
    from fcnet.cli.advice import options
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
