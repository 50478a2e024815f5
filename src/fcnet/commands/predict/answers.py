"""``fcnet predict``: the answers of a model to image files."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fcnet.commands import committee, image_files
from fcnet.commands.predict import certainty
from fcnet.commands.predict import files as as_trained
from fcnet.commands.predict import show as figures
from fcnet.commands.read import choose_device, class_names
from fcnet.commands.trained import Located, locate
from fcnet.config.names import Prepare, Which
from fcnet.data.images.png import encode_png
from fcnet.errors import ConfigError, DataError
from fcnet.families.common.family import Pictures, Result, Tells
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits


@limits.chosen()
def run_predict(
    words: Sequence[str],
    device: str = "auto",
    out: Path | None = None,
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
    prepare: Prepare = "auto",
    show: Path | None = None,
    weights: Which | None = None,
) -> Result:
    """Classify image files, or reconstruct them with an autoencoder; only the run directory is needed.

    Args:
        words: a run directory or model file (default: the newest run), or several for their committee, then files,
            folders (the images in them) and glob patterns.
        device: where to compute.
        out: folder for an autoencoder's reconstructions.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.
        prepare: whether photos and drawings are prepared as the training images are (docs/photos.md).
        show: file of a figure of each image, of what the model saw of it, and of its answer.
        weights: of each run: best or last; the best if it has them, when None.

    Raises:
        DataError: naming all files that cannot be found or read, or would be overwritten; nothing is computed then.
        ConfigError: ``out`` is given for a classifier; or there are no images.
    """
    words_of_runs, wanted = image_files.split_runs(words)
    runs = committee.expanded(words_of_runs, config_file)
    if len(runs) > 1:
        members = committee.members(runs, sinks, weights)
        _check(members[0], runs[-1], wanted, out, show)
        images, answers = committee.predict(members, wanted, choose_device(device), sinks, prepare)
        if show is not None:
            figures.draw(show, images, answers, sinks)
        return answers
    found = locate(runs[0] if runs else None, config_file, sinks, weights)
    return _of_one(found, wanted, device, out, sinks, prepare, show)


def _of_one(
    found: Located,
    wanted: Sequence[str],
    device: str,
    out: Path | None,
    sinks: Sinks,
    prepare: Prepare,
    show: Path | None,
) -> Result:
    """Return the answers of a single model."""
    _check(found, found.run or found.path, wanted, out, show)
    found.tell(sinks)
    classes = class_names(found.settings) if found.settings.model.classifies else []
    where = choose_device(device)
    images, told = as_trained.read_files(found, wanted, classes, sinks, prepare)
    paths = [] if out is None else output_files(images.names, out)
    trained = found.load(len(classes), where, sinks)
    result = found.family.predict(trained, images.to(where))
    if isinstance(result, Tells):
        result = result.told(told, certainty.threshold_of(found))
    if show is not None:
        figures.draw(show, images, result, sinks)
    return _written(result, out, paths)


def _check(found: Located, run: Path | None, wanted: Sequence[str], out: Path | None, show: Path | None) -> None:
    """Raise ConfigError if there are no images, or what is asked for is not for this model."""
    if not wanted:
        raise ConfigError(f"IMAGE: is missing; give files, folders or patterns after {run}")
    if out is not None and found.settings.model.classifies:
        raise ConfigError(
            f"--out: is for an autoencoder's reconstructions, and {found.path} is a classifier"
            + find.of_kind("autoencoder", found.run)
        )
    if show is not None:
        figures.check(show)


def _written(result: Result, out: Path | None, paths: Sequence[Path]) -> Result:
    """Write an autoencoder's reconstructions into a folder, if it is given; return the result with their files."""
    if out is None or not isinstance(result, Pictures):
        return result
    with naming(out):
        out.mkdir(parents=True, exist_ok=True)
    for path, image in zip(paths, result.pictures(), strict=True):
        files.write_bytes(path, encode_png(image))
    return result.written([str(path) for path in paths])


def output_files(names: Sequence[str], out: Path) -> list[Path]:
    """Return the file in a folder for each image's reconstruction. Raises DataError if any would be overwritten."""
    paths = [out / f"{Path(name).stem}.png" for name in names]
    doubled = sorted(str(path) for path, count in Counter(paths).items() if count > 1)
    if doubled:
        raise DataError(
            f"--out {out}: several images would be written to {', '.join(doubled[:3])}; reconstruct them separately"
        )
    given = {os.path.realpath(name) for name in names}
    lost = [str(path) for path in paths if os.path.realpath(path) in given]
    if lost:
        raise DataError(
            f"--out {out}: would overwrite {', '.join(lost[:3])}, {'one' if len(lost) == 1 else 'some'} of the images"
            " given; choose another folder"
        )
    return paths
