"""The logs that a config asks for."""

from pathlib import Path

from fcnet import schema
from fcnet.errors import ConfigError
from fcnet.rundir import own_files
from fcnet.rundir.logs import events
from fcnet.rundir.logs.base import RunLog
from fcnet.rundir.logs.events import Events
from fcnet.rundir.logs.lines import Lines
from fcnet.rundir.logs.table import Table
from fcnet.schema import Config

FILES = {"csv": own_files.TABLE, "text": own_files.LINES, "tensorboard": own_files.EVENTS}


def check(settings: Config, run: Path | None) -> None:
    """Raise ConfigError if the logs of a config cannot be written.

    Args:
        settings: the config.
        run: an existing run directory that is to be used; None for a new one.
    """
    wanted = settings.log or []
    if "tensorboard" in wanted:
        events.check()
    if run is not None and (found := own_files.foreign_logs(run, [FILES[name] for name in wanted])):
        raise ConfigError(own_files.refusal(f"log: {run}", found))


def of(settings: Config, run: Path, epochs: int) -> list[RunLog]:
    """Return the logs that a config asks for, in a run directory, of a training of so many epochs."""
    return [_log(name, settings, run, epochs) for name in settings.log or []]


def _log(name: str, settings: Config, run: Path, epochs: int) -> RunLog:
    match name:
        case "csv":
            return Table(run, epochs)
        case "text":
            return Lines(run, epochs)
    return Events(run, epochs, schema.dump(settings), events.flat(schema.values(settings)))
