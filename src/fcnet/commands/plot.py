"""``fcnet plot``: draw the figures of one run, or compare several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fcnet import families, schema
from fcnet.commands.read import held_out, read_split
from fcnet.commands.trained import Located, locate
from fcnet.config.names import Which
from fcnet.data.augment.augmented import Augmented
from fcnet.errors import ConfigError
from fcnet.plots import compare, curves, samples, style
from fcnet.plots.compare import Point
from fcnet.rundir import directory, find, log, own_files
from fcnet.rundir.foreign import tensors
from fcnet.schema import Config
from fcnet.system import files
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import few
from fcnet.training.randomness import seed_of

if TYPE_CHECKING:  # ``style`` must be the first to import matplotlib
    from matplotlib.figure import Figure


AUGMENTED_CLASSES, AUGMENTED_EPOCHS = 20, 9  # rows and columns of the figure of augmented images


class Album:
    """The figures that a command draws into a folder.

    Args:
        out: the folder.
        file_format: png, svg or pdf.

    Attributes:
        files: those written so far.
        missing: the characters in them that no installed font has.
    """

    def __init__(self, out: Path, file_format: str = "png") -> None:
        self._out, self._format = out, file_format
        self.files: list[Path] = []
        self.missing: set[str] = set()

    def save(self, figures: dict[str, Figure]) -> None:
        """Write figures, by name."""
        for name, figure in figures.items():
            path = self._out / f"{name}.{self._format}"
            self.missing |= curves.save(figure, path)
            self.files.append(path)


@contextmanager
def album(out: Path, file_format: str = "png", in_run: bool = True, sinks: Sinks = SILENT) -> Iterator[Album]:
    """Yield an album; at the end, warn once of all characters that no installed font has.

    Raises:
        ConfigError: as in ``check_pictures``.
    """
    check_pictures(out, file_format, in_run)
    pictures = Album(out, file_format)
    try:
        yield pictures
    finally:
        if pictures.missing:
            sinks.warn(style.advice(pictures.missing))


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


def check_pictures(out: Path, file_format: str, in_run: bool) -> None:
    """Refuse a folder for figures if other pictures in it would be overwritten.

    Args:
        out: the folder.
        file_format: of the figures.
        in_run: whether it is a run's own folder, not one given by the user.

    Raises:
        ConfigError: it is a link in place of a run's folder; or it contains pictures with the names of fcnet's figures
            that fcnet has not drawn.
    """
    if in_run and out.is_symlink():
        raise ConfigError(f"{out}: is a link to {out.readlink()}; choose a folder for the figures with --out")
    if files.look(out) is not None and not files.is_folder(out):
        raise ConfigError(f"--out {out}: is not a folder; choose a folder for the figures")
    drawn = [path for path in sorted(out.glob(f"*.{file_format}")) if own_files.is_drawn(path.stem)]
    if others := [path.name for path in drawn if not own_files.is_picture(path, in_run)]:
        raise ConfigError(own_files.refusal(str(out), others, "was not drawn by fcnet", "were not drawn by fcnet"))


def draw_metrics(run: Path, pictures: Album, sinks: Sinks) -> None:
    """Draw the metrics of one run: loss and accuracy over the epochs, loss terms, or ridge paths."""
    curve = _curves([run], sinks)[0]
    settings = schema.load(run / directory.CONFIG)
    pictures.save(families.of(settings.model).curves(curve, settings))


def draw_beside(runs: Sequence[Path], pictures: Album, sinks: Sinks, weights: Which | None = None) -> None:
    """Compare several runs: curves of those trained by gradients, and accuracy against time and units.

    The accuracy is that of the weights that other commands take too: see ``trained.locate``.
    """
    several = _curves(runs, sinks)
    settings = [schema.load(run / directory.CONFIG) for run in runs]
    losses = [(one.model.unit, one.model.classifies) for one in settings]
    if len(set(losses)) > 1:
        alike = [[str(run) for run, one in zip(runs, losses, strict=True) if one == loss] for loss in set(losses)]
        commands = " and ".join(f"fcnet plot {' '.join(words)}" for words in sorted(alike))
        raise ConfigError(f"plot: these runs minimise different losses; plot them separately: {commands}")
    unit, classifies = losses[0]
    if not classifies:
        pictures.save({"loss": curves.loss(several, unit)})
        return
    by_gradients = [curve for curve in several if not curve.of("stage")]
    figures: dict[str, Figure] = {}
    if by_gradients:
        figures |= {"loss": curves.loss(by_gradients), "accuracy": curves.accuracy(by_gradients)}
    points = [_point(curve, one, weights) for curve, one in zip(several, settings, strict=True)]
    if len({point.split for point in points}) == 1:
        figures["trade"] = compare.trade(points)
        in_series = [point for point in points if point.units is not None]
        if len({point.units for point in in_series}) > 1:
            figures["units"] = compare.units(in_series)
    else:
        sinks.notice("accuracy against time is not drawn: the runs' accuracies are of different splits")
    pictures.save(figures)


def _curves(runs: Sequence[Path], sinks: Sinks) -> list[curves.Curve]:
    """Return the records of runs. Raises ConfigError if one has no finished epoch."""
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run) for run in runs]
    several = [curves.Curve(name, _records(run, sinks)) for name, run in zip(names, runs, strict=True)]
    empty = [str(run) for run, curve in zip(runs, several, strict=True) if not curve.of("epoch")]
    if empty:
        raise ConfigError(f"{empty[0]}: has no finished epoch to draw; train it further, or leave it out")
    return several


def _records(run: Path, sinks: Sinks) -> list[dict[str, Any]]:
    records, damaged = log.read(run)
    if damaged:
        sinks.warn(damaged)
    return records


def _point(curve: curves.Curve, settings: Config, weights: Which | None) -> Point:
    """Return a run's accuracy, on the test images if there are any, and its seconds of training."""
    epochs = curve.of("epoch")
    shown = _best(epochs) if weights != "last" else epochs[-1]
    split = next(name for name in ("test", "validation", "train") if shown[name] is not None)
    # A solution in closed form takes one pass; its later epochs are for images that were added.
    timed = epochs[-1:] if curve.of("stage") else epochs
    seconds = sum(float(record["seconds"]) for record in timed)
    series, units = settings.model.series(settings) or ("", None)
    kind = settings.model.kind
    return Point(curve.name, kind, seconds, float(shown[split]["accuracy"]), split, units, series)


def _best(epochs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the record of a classifier's best epoch by validation; without validation images, the last one."""
    if epochs[-1]["validation"] is None:
        return epochs[-1]
    return max(epochs, key=lambda record: (record["validation"]["accuracy"], -record["validation"]["loss"]))


def draw_model(found: Located, pictures: Album, sinks: Sinks) -> None:
    """Draw the weights, and the model's results on held-out images; if there are none, on the training images."""
    settings, cpu = found.settings, torch.device("cpu")
    name = curves.run_name(found.path.stem if found.run is None else found.path.parent.resolve().name)
    classifies, classes = settings.model.classifies, settings.data.classes
    trained = None
    if classes is not None or not classifies:  # the weights can be drawn even if the images are gone
        trained = found.load(len(classes or ()), cpu, sinks)
        pictures.save(found.family.pictures(trained, name, None, ""))
    part = held_out(settings) or (None if classifies else "train")
    if part is None:
        sinks.notice("confusion and mistakes are not drawn: this config has no validation or test images")
        return
    images = read_split(settings, part, sinks)
    trained = trained or found.load(len(images.classes), cpu, sinks)
    pictures.save(found.family.pictures(trained, name, images, part))


def draw_augmented(settings: Config, name: str, pictures: Album, sinks: Sinks) -> None:
    """Draw a training image of each class as it is, and as ``data.augment`` changes it, with the name of the config."""
    assert settings.data.augment is not None
    images = read_split(settings, "train", sinks)
    labels = images.labels.tolist()
    shown = sorted(set(labels))[:AUGMENTED_CLASSES]
    first = [labels.index(label) for label in shown]
    some = Augmented(
        images.images[first],
        images.labels[first],
        settings.data.augment,
        seed_of(settings.seed, "augmentation"),
        classes=images.classes,
    )
    plain = some.images.numpy().copy()
    changed = np.stack([some.of_epoch(epoch).numpy().copy() for epoch in range(1, AUGMENTED_EPOCHS + 1)])
    classes = dict(enumerate(images.classes))  # images for an autoencoder may have none
    names = [classes.get(label, "") for label in shown]
    figure = samples.augmented(
        plain, changed, names, f"{curves.run_name(name)}: training images, changed as in training"
    )
    pictures.save({"augmented": figure})
