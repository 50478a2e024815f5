"""The front door for programs: the commands as functions. ``fcnet`` exports them."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from fcnet import schema
from fcnet.config.named import find
from fcnet.config.names import Prepare, Which
from fcnet.errors import ConfigError
from fcnet.schema import Config

if TYPE_CHECKING:
    from fcnet.commands.train import RunResult
    from fcnet.families.common.family import Result
    from fcnet.system.sinks import Sink, Sinks

PathName = str | PathLike[str]


def load_config(path: PathName, *overrides: str) -> Config:
    """Read, merge and check a config.

    Args:
        path: YAML file, or the name of a config that comes with fcnet, such as ``mnist`` or ``elm/rf-ciw``; its
            ``extends`` names the file that it inherits from.
        overrides: ``KEY=VALUE`` words, KEY a dotted path, such as ``train.epochs=5``.

    Raises:
        ConfigError: with one line per mistake.
    """
    return schema.load(find.existing(path), overrides)


def train(
    config: Config,
    out: PathName | None = None,
    *,
    name: str = "run",
    resume: bool = False,
    overwrite: bool = False,
    sinks: Sequence["Sink"] = (),
) -> "RunResult":
    """Train what a config describes, into a run directory, as ``fcnet train`` does.

    Args:
        config: from ``load_config``.
        out: the run directory; ``checkpoints/NAME``, ``NAME-2``, ... by default.
        name: name of the run if ``out`` is not given.
        resume: resume the run, or the newest of that name with these settings; start one if there is none.
        overwrite: replace the run at ``out``.
        sinks: receive the training records and messages; without any, nothing is printed.

    Returns:
        The run directory, and the metrics as in result.json.

    Raises:
        FcnetError: one per exit code of ``fcnet train``: ConfigError, DataError, DivergedError, ResourceError, ...
    """
    from fcnet.commands.train import run_train  # imported here: importing torch is slow
    from fcnet.rundir.target import Target
    from fcnet.system.sinks import Sinks

    target, told = Target(name, None if out is None else Path(out), overwrite, resume), Sinks(sinks)
    result = run_train(config, target, sinks=told)
    if config.report:
        from fcnet.report.write import at_end

        at_end(result.path, told)
    return result


def evaluate(
    run: PathName | Sequence[PathName],
    split: str = "test",
    *,
    images: PathName | None = None,
    labels: PathName | None = None,
    prepare: Prepare = "auto",
    weights: Which | None = None,
    device: str = "auto",
    sinks: Sequence["Sink"] = (),
) -> "Result":
    """Evaluate a trained model over a split of its config, or over other images.

    Args:
        run: run directory, or model file in one; several, or the directory of a sweep, for the committee of them: the
            mean of their probabilities.
        split: train, validation or test.
        images: another folder of images, instead of ``split``.
        labels: their labels, .txt or .csv; without it, class folders.
        prepare: whether photos among them are prepared, as for ``predict``.
        weights: of a run: best, of the best epoch by validation, or last; by default best if it has validation images.
        device: auto, cpu, cuda or cuda:N.
        sinks: for notices and warnings.

    Returns:
        Metrics, with ``text()``, ``json()`` and ``csv()``; for a classifier ``loss``, ``accuracy``, ``per_class``, ...;
        for a committee also ``members``, each with its own, and their ``mean``.

    Raises:
        FcnetError: no such run, or images that cannot be read.
    """
    from fcnet.commands.evaluate import run_eval
    from fcnet.config.data import located
    from fcnet.system.sinks import Sinks

    folder = None if images is None else located(str(images), None if labels is None else str(labels))
    told = Sinks(sinks)
    return run_eval(_runs(run, told), None, split, folder, device, told, prepare, weights)


def predict(
    run: PathName | Sequence[PathName],
    images: Sequence[PathName],
    *,
    prepare: Prepare = "auto",
    weights: Which | None = None,
    device: str = "auto",
    sinks: Sequence["Sink"] = (),
) -> "Result":
    """Classify image files and photos, or reconstruct them with an autoencoder.

    Args:
        run: run directory, or model file in one; several, or that of a sweep, for their committee.
        images: files, folders of them, or glob patterns.
        prepare: auto prepares photos and drawings as the training images are, and leaves images alone that are made
            like them; always prepares all; off only resizes (docs/photos.md).
        weights: as for ``evaluate``.
        device: auto, cpu, cuda or cuda:N.
        sinks: for notices and warnings.

    Returns:
        The model's result for each image, as ``images``, with ``text()``, ``json()`` and ``csv()``.

    Raises:
        FcnetError: no such run, or images that cannot be found or read.
    """
    from fcnet.commands.predict.answers import run_predict
    from fcnet.system.sinks import Sinks

    told = Sinks(sinks)
    words = [*map(str, _runs(run, told)), *map(str, images)]
    return run_predict(words, device, sinks=told, prepare=prepare, weights=weights)


def _runs(named: PathName | Sequence[PathName], sinks: "Sinks") -> list[Path]:
    """Return the runs that are named, those of sweeps among them. Raises ConfigError if there are none."""
    from fcnet.sweep.committee import expand

    runs = [named] if isinstance(named, str | PathLike) else list(named)
    if not runs:
        raise ConfigError("run: the list of runs is empty; name one or more")
    return [Path(word) for word in expand([str(run) for run in runs], sinks)]
