"""``fcnet plot``: draw the figures of one run, or compare several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fcnet import schema
from fcnet.commands.plot.albums import album
from fcnet.commands.plot.beside import draw_beside
from fcnet.commands.plot.one import draw_augmented, draw_metrics, draw_model
from fcnet.commands.trained import locate
from fcnet.config.names import Which
from fcnet.errors import ConfigError
from fcnet.rundir import directory, find, log
from fcnet.rundir.foreign import tensors
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import few


def run_plot(
    runs: Sequence[Path],
    out: Path | None = None,
    file_format: str = "png",
    sinks: Sinks = SILENT,
    weights: Which | None = None,
) -> list[Path]:
    """Draw the figures of runs.

    For one run, all its figures are drawn into its ``plots/``. Several runs are compared, in ``plots/`` beside the
    first of them. Figures that need no images are drawn first, so that they exist even if the images are gone.

    Args:
        runs: run directories, and folders and patterns that contain some; none for the newest run.
        out: another folder for the figures.
        file_format: png, svg or pdf.
        sinks: for notices and warnings.
        weights: of the runs: best or last; the best of each that has them, when None.

    Returns:
        The files written.
    """
    if len(runs) == 1 and not find.is_run(runs[0].parent) and tensors.config_of(runs[0]) is not None:
        return _of_file(runs[0], out, file_format, sinks)
    named: list[Path | None] = [*choose(runs, sinks)] or [None]
    if len(named) == len(runs) == 1 and runs[0].name in (directory.MODEL, directory.BEST):
        named = [runs[0]]  # these weights are meant
    found = [locate(run, sinks=sinks, weights=weights) for run in named]
    folders = [one.run for one in found if one.run is not None]
    beside = folders[0].parent if len(folders) > 1 else folders[0]
    in_run, out = out is None and len(folders) == 1, out or beside / directory.PLOTS
    with album(out, file_format, in_run, sinks) as pictures:
        if len(folders) > 1:
            draw_beside(folders, pictures, sinks, weights)
        else:
            draw_metrics(folders[0], pictures, sinks)
            found[0].tell(sinks)
            draw_model(found[0], pictures, sinks)
            if found[0].settings.data.augment is not None:
                draw_augmented(found[0].settings, found[0].path.parent.resolve().name, pictures, sinks)
    return pictures.files


def _of_file(path: Path, out: Path | None, file_format: str, sinks: Sinks) -> list[Path]:
    """Draw the figures of a model file with a config in it, outside any run; it has no curves."""
    with album(out or Path(directory.PLOTS), file_format, False, sinks) as pictures:
        draw_model(locate(path, sinks=sinks), pictures, sinks)
    return pictures.files


def run_plot_augment(
    config: Path, runs: Sequence[Path], out: Path | None = None, file_format: str = "png", sinks: Sinks = SILENT
) -> list[Path]:
    """Draw how a config changes its training images, before any run.

    Args:
        config: the file.
        runs: none may be named.
        out: folder for the figure; ``plots/`` by default.
        file_format: png, svg or pdf.
        sinks: for notices and warnings.

    Returns:
        The file written.

    Raises:
        ConfigError: the config does not change them, or runs are named too.
    """
    if runs:
        raise ConfigError("--augment: draws images of a config, before any run; leave out RUN, or --augment")
    settings = schema.load(config)
    if settings.data.augment is None:
        raise ConfigError(f"{config}: data.augment: is not set; add for example augment: {{rotation: 15}} to data")
    with album(out or Path(directory.PLOTS), file_format, False, sinks) as pictures:
        draw_augmented(settings, config.stem, pictures, sinks)
    return pictures.files


def choose(words: Sequence[Path], sinks: Sinks) -> list[Path]:
    """Return the runs to draw; leave out, with a warning, words that mean no run, and runs without a finished epoch.

    Raises:
        ConfigError: one of the words means nothing that exists, or no word means a run.
    """
    if not words:
        return []
    runs, others = find.several(words)
    if others:
        sinks.warn(f"{few(others, 5)}: left out: {'not a run' if len(others) == 1 else 'not runs'}")
    if len(runs) > 1:
        begun = [run for run in runs if any(record.get("kind") == "epoch" for record in log.read(run)[0])]
        if begun and (early := [run for run in runs if run not in begun]):
            sinks.warn(f"{few(early, 5)}: left out: no finished epoch to draw")
        runs = begun or runs
    if runs != list(words):
        sinks.notice(f"run{'s' if len(runs) > 1 else ''}: {few(runs, 10)}")
    return runs
