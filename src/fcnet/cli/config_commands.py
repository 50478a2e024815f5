"""``fcnet config``: commands that inspect configs without training."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from fcnet.errors import ConfigError
from fcnet.system import paths, streams

app = typer.Typer(help="Inspect configs: show, check, schema.", rich_markup_mode=None)

Settings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE] [KEY=VALUE]...", help="Config, and settings that override it, such as train.optimizer.lr=3e-4."
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", hidden=True, parser=paths.option("--config"), help="FILE.")
]


@app.command(epilog="Example: fcnet config show configs/mnist.yaml train.epochs=5")
def show(words: Settings = None, config: ConfigFile = None) -> None:
    """Print the resolved config: defaults, extends, file and override settings merged."""
    from fcnet import schema

    file, overrides = _config_and_settings(config, words)
    streams.write(sys.stdout, schema.dump(schema.load(file, overrides)).rstrip())


@app.command(epilog="Example: fcnet config check configs/mnist.yaml")
def check(words: Settings = None, config: ConfigFile = None) -> None:
    """Check a config or a sweep file without running it; report every mistake with its line."""
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
    from fcnet.cli import options

    if config is None and words and not options.is_setting(words[0]):
        config, words = paths.option("FILE")(words[0]), words[1:]
    file, overrides = options.split(config, words)
    if file is None:
        raise ConfigError(f"FILE: is missing; give the YAML file to read{options.example()}")
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
