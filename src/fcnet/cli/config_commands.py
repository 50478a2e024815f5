"""``fcnet config``: commands that inspect configs without training."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from fcnet.cli.help import complete, page
from fcnet.cli.help.commands import App
from fcnet.cli.words import path
from fcnet.config.named import find, shipped, start
from fcnet.errors import ConfigError
from fcnet.system import streams
from fcnet.system.text import shortened

app = App(
    help="Find, write and check configs.",
    epilog="Examples: fcnet config list elm; fcnet config init own-images; fcnet config show mnist train.epochs=5",
)

FIRST = "digits"  # what init writes if no name is given

Settings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CONFIG] [KEY=VALUE]...",
        autocompletion=complete.config_or_setting,
        help="Config, a file or a name such as mnist (see fcnet config list), and settings that override it, such as"
        " train.optimizer.lr=3e-4.",
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", hidden=True, parser=find.option("--config"), help="CONFIG.")
]


@app.command("list", epilog="Example: fcnet config list elm/")
def list_all(
    prefix: Annotated[
        str, typer.Argument(metavar="[PREFIX]", help="Only names that begin with it, such as elm/ (default: all).")
    ] = "",
) -> None:
    """List the configs that come with fcnet.

    Each has a name, which may stand wherever a config is expected; those below sweeps/ are for fcnet sweep run.
    """
    rows = list(shipped.summaries(prefix))
    if not rows:
        raise ConfigError(f"{prefix}: no config that comes with fcnet begins so; fcnet config list shows all")
    longest = max(len(name) for name, _ in rows)
    columns = page.terminal(sys.stdout)
    for name, text in rows:
        streams.write(sys.stdout, shortened(f"{name.ljust(longest)}  {text}", columns))


@app.command(epilog="Example: fcnet config init own-images -o mine.yaml")
def init(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]",
            autocompletion=complete.shipped_configs,
            help="Config to start from (default: digits); own-images is for your own.",
        ),
    ] = FIRST,
    out: Annotated[Path | None, path("--out", "FILE", "File to write (default: NAME.yaml).", "-o")] = None,
) -> None:
    """Write a config to start from, with comments.

    It is a copy of one that comes with fcnet and has the same settings. An existing file is left alone.
    """
    file = start.write(name, out)
    verb = "sweep run" if name.startswith("sweeps/") else "train"
    streams.write(sys.stdout, f"{file}: written; change it, then: fcnet {verb} {shlex.quote(str(file))}")


@app.command(epilog="Example: fcnet config show mnist train.epochs=5")
def show(words: Settings = None, config: ConfigFile = None) -> None:
    """Print all settings of a config.

    Defaults, what it extends, the file and the settings of the command line are merged.
    """
    from fcnet import schema

    file, overrides = _config_and_settings(config, words)
    streams.write(sys.stdout, schema.dump(schema.load(file, overrides)).rstrip())


@app.command(epilog="Example: fcnet config check mine.yaml")
def check(words: Settings = None, config: ConfigFile = None) -> None:
    """Check a config or a sweep file, without running it.

    Every mistake is reported with its line.
    """
    from fcnet import schema
    from fcnet.config import load

    file, overrides = _config_and_settings(config, words)
    plan = ""
    try:
        schema.load(file, overrides, needed=True)
    except ConfigError:
        if not load.is_sweep_file(file):
            raise
        plan = f"; {_check_sweep(file, overrides)}"
    streams.write(sys.stdout, f"{file}: fine{plan}")


def _check_sweep(file: Path, overrides: list[str]) -> str:
    """Check a sweep file; return what it plans. Raises ConfigError."""
    from fcnet.sweep.plan import load

    plan = load.from_file(file, overrides, yes=True)
    return plan.size if plan.settings.search is not None else f"a sweep of {plan.size}"


def _config_and_settings(config: Path | None, words: list[str] | None) -> tuple[Path, list[str]]:
    """Return the file to inspect, with whatever suffix, and the settings. Raises ConfigError."""
    from fcnet.cli.advice import options

    if config is None and words and not options.is_setting(words[0]):
        config, words = find.option("CONFIG")(words[0]), words[1:]
    file, overrides = options.split(config, words)
    if file is None:
        raise ConfigError(f"CONFIG: is missing; give a YAML file, or a name{options.example()}")
    return file, overrides


@app.command(epilog="Example: fcnet config schema > fcnet.schema.json")
def schema(
    sweep: Annotated[bool, typer.Option("--sweep", help="That of sweep files, for fcnet sweep.")] = False,
) -> None:
    """Print the JSON Schema of configs, for editors."""
    import json

    from fcnet.schema import Config
    from fcnet.sweep.plan.section import Sweep

    streams.write(sys.stdout, json.dumps((Sweep if sweep else Config).model_json_schema(), indent=2))
