"""The records of runs, by names that tell the runs apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcnet.errors import ConfigError
from fcnet.plots.curves import Curve
from fcnet.rundir import log
from fcnet.system.sinks import Sinks


def curves_of(runs: Sequence[Path], sinks: Sinks) -> list[Curve]:
    """Return the records of runs. Raises ConfigError if one has no finished epoch."""
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run) for run in runs]
    several = [Curve(name, _records(run, sinks)) for name, run in zip(names, runs, strict=True)]
    empty = [str(run) for run, curve in zip(runs, several, strict=True) if not curve.of("epoch")]
    if empty:
        raise ConfigError(f"{empty[0]}: has no finished epoch to draw; train it further, or leave it out")
    return several


def _records(run: Path, sinks: Sinks) -> list[dict[str, Any]]:
    records, damaged = log.read(run)
    if damaged:
        sinks.warn(damaged)
    return records
