"""``fcnet plot``: the pictures of runs, of one or of several beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fcnet import schema
from fcnet.commands import loading
from fcnet.errors import ConfigError
from fcnet.families.autoencoder import plots
from fcnet.families.autoencoder.config import AutoencoderModel
from fcnet.families.autoencoder.pictures import figures as autoencoder_pictures
from fcnet.families.common.classify import by_class, logits_of
from fcnet.families.elm.config import ELMModel
from fcnet.families.elm.weights import LocalWeights
from fcnet.plots import compare, curves, style
from fcnet.plots.compare import Point
from fcnet.rundir import directory, find, log, own_files
from fcnet.system import console, files
from fcnet.system.text import few
from fcnet.training.optim.parameters import weight_matrices

if TYPE_CHECKING:  # what imports matplotlib first is ``style``
    from matplotlib.figure import Figure


class Album:
    """The pictures of a command, in a folder.

    Args:
        out: the folder.
        file_format: png, svg or pdf.

    Attributes:
        files: that are written.
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
def album(out: Path, file_format: str = "png", in_run: bool = True) -> Iterator[Album]:
    """An album; when it is full, one warning tells of all the characters that no installed font has.

    Raises:
        ConfigError: the folder is refused, as ``check_pictures`` says.
    """
    check_pictures(out, file_format, in_run)
    pictures = Album(out, file_format)
    try:
        yield pictures
    finally:
        if pictures.missing:
            console.warn(style.advice(pictures.missing))


def run_plot(runs: Sequence[Path], out: Path | None = None, file_format: str = "png") -> list[Path]:
    """Draw the pictures of runs.

    One run gets all that there are of it in its ``plots/``. Several are laid over each other, in ``plots/`` beside the
    first of them. What needs no data comes first: it is there even when the images are not.

    Args:
        runs: run directories, and folders and patterns that have some; the newest run when there is none.
        out: another folder for the pictures.
        file_format: png, svg or pdf.

    Returns:
        The files written.
    """
    trained = [loading.locate(run) for run in choose(runs)] or [loading.locate(None)]
    folders = [one.run for one in trained if one.run is not None]
    beside = folders[0].parent if len(folders) > 1 else folders[0]
    in_run, out = out is None and len(folders) == 1, out or beside / directory.PLOTS
    with album(out, file_format, in_run) as pictures:
        if len(folders) > 1:
            draw_beside(folders, pictures)
        else:
            draw_metrics(folders[0], pictures)
            _draw_model(trained[0], pictures)
    return pictures.files


def choose(words: Sequence[Path]) -> list[Path]:
    """The runs to draw: those that words mean, but what is no run and what has not begun, of which a warning tells.

    Raises:
        ConfigError: nothing is there by one of the words, or no word means a run.
    """
    if not words:
        return []
    runs, others = find.several(words)
    if others:
        console.warn(f"{few(others, 5)}: left out, which {'is no run' if len(others) == 1 else 'are no runs'}")
    if len(runs) > 1:
        begun = [run for run in runs if any(record.get("kind") == "epoch" for record in log.read(run)[0])]
        if begun and (early := [run for run in runs if run not in begun]):
            console.warn(f"{few(early, 5)}: left out, without a finished epoch to draw")
        runs = begun or runs
    if runs != list(words):
        console.notice(f"run{'s' if len(runs) > 1 else ''}: {few(runs, 10)}")
    return runs


def check_pictures(out: Path, file_format: str, in_run: bool) -> None:
    """Refuse a folder for pictures in which others would be lost.

    Args:
        out: the folder.
        file_format: of the pictures.
        in_run: whether it is that of a run, and nobody has named it.

    Raises:
        ConfigError: it is a link that a run has in place of its folder; or it holds pictures under the names of
            fcnet's that fcnet has not drawn.
    """
    if in_run and out.is_symlink():
        raise ConfigError(f"{out}: is a link to {out.readlink()}; name a folder for the pictures with --out")
    if files.look(out) is not None and not files.is_folder(out):
        raise ConfigError(f"--out {out}: is no folder; name one for the pictures")
    drawn = [path for path in sorted(out.glob(f"*.{file_format}")) if own_files.is_drawn(path.stem)]
    if others := [path.name for path in drawn if not own_files.is_picture(path, in_run)]:
        raise ConfigError(own_files.refusal(str(out), others, "was not drawn by fcnet", "were not drawn by fcnet"))


def draw_metrics(run: Path, pictures: Album) -> None:
    """What the metrics of one run show: loss and accuracy over the epochs, parts of a loss, or ridge paths."""
    curve = _curves([run])[0]
    model = schema.load(run / directory.CONFIG).model
    if isinstance(model, AutoencoderModel):
        pictures.save({"loss": plots.losses(curve, model.unit)})
        return
    stages = [record["figures"] for record in curve.of("stage")]
    if not stages:
        pictures.save({"loss": curves.loss([curve]), "accuracy": curves.accuracy([curve])})
        return
    last = {_file_name(stage): stage for stage in stages}  # of each stage
    paths = {name: stage for name, stage in last.items() if "path" in stage}
    run_name = curves.run_name(curve.name)
    pictures.save({name: compare.ridge_path(stage, f"{run_name}, {stage['stage']}") for name, stage in paths.items()})


def _file_name(stage: dict[str, Any]) -> str:
    """``ridge`` for the hidden layer's path, ``ridge-machine-ciw`` for that of a machine."""
    name = str(stage["stage"])
    return "ridge" if name == "hidden layer" else "ridge-" + name.replace(" ", "-")


def draw_beside(runs: Sequence[Path], pictures: Album) -> None:
    """Several runs: several of those trained by gradients, and accuracy against time and units."""
    several = _curves(runs)
    models = [schema.load(run / directory.CONFIG).model for run in runs]
    units = [model.unit if isinstance(model, AutoencoderModel) else "" for model in models]
    if set(units) != {""}:
        if len(set(units)) > 1:
            alike = [[str(run) for run, one in zip(runs, units, strict=True) if one == unit] for unit in set(units)]
            commands = " and ".join(f"fcnet plot {' '.join(words)}" for words in sorted(alike))
            raise ConfigError(f"plot: the losses of these runs are of different things; draw them apart: {commands}")
        pictures.save({"loss": curves.loss(several, units[0])})
        return
    by_gradients = [curve for curve in several if not curve.of("stage")]
    figures: dict[str, Figure] = {}
    if by_gradients:
        figures |= {"loss": curves.loss(by_gradients), "accuracy": curves.accuracy(by_gradients)}
    points = [_point(run, curve) for run, curve in zip(runs, several, strict=True)]
    if len({point.split for point in points}) == 1:
        figures["trade"] = compare.trade(points)
        machines = [point for point in points if point.units is not None]
        if len({point.units for point in machines}) > 1:
            figures["units"] = compare.units(machines)
    else:
        console.notice("accuracy and time are not drawn: these accuracies are of different splits")
    pictures.save(figures)


def _curves(runs: Sequence[Path]) -> list[curves.Curve]:
    """The records of runs. Raises ConfigError where one has no finished epoch."""
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run) for run in runs]
    several = [curves.Curve(name, _records(run)) for name, run in zip(names, runs, strict=True)]
    empty = [str(run) for run, curve in zip(runs, several, strict=True) if not curve.of("epoch")]
    if empty:
        raise ConfigError(f"{empty[0]}: has no finished epoch to draw; let it train, or leave it out")
    return several


def _records(run: Path) -> list[dict[str, Any]]:
    records, damaged = log.read(run)
    if damaged:
        console.warn(damaged)
    return records


def _point(run: Path, curve: curves.Curve) -> Point:
    """A run's last accuracy, on test images where there are some, and the seconds of training up to there."""
    settings = schema.load(run / directory.CONFIG)
    model = settings.model
    epochs = curve.of("epoch")
    last = epochs[-1]
    split = next(name for name in ("test", "validation", "train") if last[name] is not None)
    accuracy = float(last[split]["accuracy"])
    if not isinstance(model, ELMModel):
        seconds = sum(float(record["seconds"]) for record in epochs)
        return Point(curve.name, model.kind, seconds, accuracy, split)
    ways = "+".join(way.name for way in model.all_weights)
    behind = "".join(f"{one.hidden}-" for one in model.encoders)
    combined = "" if model.combiner is None else f", {model.combiner.hidden} to combine"
    after = "" if isinstance(model.weights, LocalWeights) else f", {model.activation.name}"
    series = f"{behind and f'behind {behind[:-1]}: '}{ways}{after}{combined}, {settings.solve.solver.name}"
    return Point(curve.name, model.kind, float(last["seconds"]), accuracy, split, model.hidden, series)


def _draw_model(trained: loading.Trained, pictures: Album) -> None:
    """What the weights look like, and what the model does on its test images."""
    settings = trained.settings
    if isinstance(settings.model, AutoencoderModel):
        pictures.save(autoencoder_pictures(trained))
        return
    name = curves.run_name(trained.path.parent.resolve().name)
    if settings.data.classes is not None:  # the weights can be drawn even where the images are gone
        _draw_weights(trained, settings.data.classes, name, pictures)
    part = loading.held_out(settings)
    if part is None:
        console.notice("confusion and mistakes are not drawn: this config holds out no images")
        return
    split = loading.read_split(settings, part)
    logits, labels = logits_of(trained, split, torch.device("cpu"))
    _, confusion = by_class(labels.numpy(), logits.argmax(1).numpy(), split.classes)
    probabilities = logits.double().softmax(1).numpy()
    share = float((logits.argmax(1) == labels).double().mean())
    title = f"{name}: {100 * share:.2f} % of {len(labels)} {part} images right"
    figures = {
        "confusion": curves.confusion(np.asarray(confusion), split.classes, title),
        "mistakes": curves.mistakes(split.images.numpy(), labels.numpy(), probabilities, split.classes, name),
    }
    pictures.save(figures)


def _draw_weights(trained: loading.Trained, classes: Sequence[str], name: str, pictures: Album) -> None:
    model = trained.model(len(classes), torch.device("cpu"))
    first = weight_matrices(model)[0].detach().double().numpy()
    spec = trained.settings.model
    names = None if spec.hidden else classes
    title = f"{name}, weights of {'fc1' if spec.kind == 'fcnet' else 'the first layer'}"
    size = loading.image_size(trained.settings)
    what = "units"
    if isinstance(spec, ELMModel) and isinstance(spec.weights, LocalWeights):
        size, what = (spec.weights.side, spec.weights.side), "filters"
    pictures.save({"weights": curves.weights(first, size, names, title, what)})
