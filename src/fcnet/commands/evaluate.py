"""``fcnet eval``, ``predict`` and ``encode``, for every family of models."""

import io
import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcnet.commands import image_files
from fcnet.commands.read import choose_device, class_names, image_size, read_folder, read_split
from fcnet.commands.trained import Located, locate
from fcnet.config.data import ImageSplit
from fcnet.data.dataset import ImageFolder, tensor
from fcnet.data.folder.listing import UNLABELLED
from fcnet.data.images.deskew import deskewed
from fcnet.data.images.png import encode_png
from fcnet.errors import ConfigError, DataError
from fcnet.families.common.classify import check_finite
from fcnet.families.common.family import Encodes, Pictures, Result
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits
from fcnet.training.evaluate import EVALUATION_BATCH


@limits.chosen()
def run_eval(
    run: Path | None,
    config_file: Path | None = None,
    split: str = "test",
    folder: ImageSplit | None = None,
    device: str = "auto",
    sinks: Sinks = SILENT,
) -> Result:
    """Evaluate a model.

    Args:
        run: run directory or model file; the newest run when None.
        config_file: for a model file outside any run directory.
        split: train, validation or test of its config.
        folder: other images, instead of ``split``.
        device: where to compute.
        sinks: for notices and warnings.
    """
    found = locate(run, config_file, sinks)
    where = choose_device(device)
    if folder is not None:
        images = read_folder(found.settings, folder, sinks=sinks)
        name = str(images.origin)
    else:
        images = read_split(found.settings, split, sinks)
        name = f"{split} ({images.origin})"
    trained = found.load(len(images.classes), where, sinks)
    return found.family.evaluate(trained, images.to(where), name)


@limits.chosen()
def run_predict(
    words: Sequence[str],
    device: str = "auto",
    out: Path | None = None,
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
) -> Result:
    """Classify image files, or reconstruct them with an autoencoder; only the run directory is needed.

    Args:
        words: a run directory or model file (default: the newest run), then files, folders (the images in them) and
            glob patterns.
        device: where to compute.
        out: folder for an autoencoder's reconstructions.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.

    Raises:
        DataError: naming all files that cannot be found or read, or would be overwritten; nothing is computed then.
        ConfigError: ``out`` is given for a classifier; or there are no images.
    """
    run, wanted = image_files.split(words)
    found = locate(run, config_file, sinks)
    if not wanted:
        raise ConfigError(f"IMAGE: is missing; give files, folders or patterns after {run}")
    classifies = found.settings.model.classifies
    if out is not None and classifies:
        raise ConfigError(
            f"--out: is for an autoencoder's reconstructions, and {found.path} is a classifier"
            + find.of_kind("autoencoder", found.run)
        )
    classes = class_names(found.settings) if classifies else []
    where = choose_device(device)
    images = read_files(found, wanted, classes, sinks)
    paths = [] if out is None else output_files(images.names, out)
    trained = found.load(len(classes), where, sinks)
    result = found.family.predict(trained, images.to(where))
    if out is None or not isinstance(result, Pictures):
        return result
    with naming(out):
        out.mkdir(parents=True, exist_ok=True)
    for path, image in zip(paths, result.pictures(), strict=True):
        files.write_bytes(path, encode_png(image))
    return result.written([str(path) for path in paths])


def read_files(found: Located, wanted: Sequence[str], classes: Sequence[str], sinks: Sinks) -> ImageFolder:
    """Read image files, folders and patterns as a split without labels.

    Args:
        found: the model that they are for.
        wanted: files, folders and patterns.
        classes: of the model.
        sinks: for notices and warnings.

    Raises:
        DataError: naming all files that cannot be found or read.
    """
    paths = image_files.find_images(wanted, sinks)
    data = found.settings.data
    pixels = image_files.read_images(paths, image_size(found.settings), data.white, sinks)
    image_files.warn_of_light(paths, pixels, found.run, sinks)
    if data.deskew:
        pixels = tensor(deskewed(pixels.numpy()))
    unlabelled = torch.zeros(len(paths), dtype=torch.int64)
    return ImageFolder(pixels, unlabelled, tuple(classes), Path(), [str(path) for path in paths])


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


@limits.chosen()
def run_encode(
    words: Sequence[str],
    out: Path,
    split: str | None = None,
    device: str = "auto",
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
) -> tuple[int, int]:
    """Write the codes of images: arrays ``codes`` (N, K), ``files`` (N,), and for a config's split ``labels`` (N,).

    Args:
        words: a run directory or model file (default: the newest run), then files, folders and patterns (default: a
            split of the run's config).
        out: the .npz file.
        split: of the config; None for test.
        device: where to compute.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.

    Returns:
        The number of images, and of values per code.
    """
    if out.suffix != ".npz":
        raise ConfigError(f"--out {out}: codes are written in NumPy's .npz format; give a name that ends in .npz")
    if (out.exists() or out.is_symlink()) and not _holds_codes(out):
        raise ConfigError(f"--out {out}: already exists and is not a file of codes from fcnet; choose another name")
    run, wanted = image_files.split(words)
    if split is not None and wanted:
        raise ConfigError("--split, IMAGE: give only one of the two")
    found = locate(run, config_file, sinks)
    where = choose_device(device)
    trained = found.load(len(found.settings.data.classes or ()), where, sinks)
    if not isinstance(trained.net, Encodes):
        others = find.of_kind("autoencoder", found.run)
        raise ConfigError(f"{found.path}: is of kind {found.settings.model.kind}; only autoencoders have codes{others}")
    images = read_files(found, wanted, (), sinks) if wanted else read_split(found.settings, split or "test", sinks)
    codes = codes_of(trained.net, images.to(where), found.path)
    classes = np.array(images.classes)[images.labels.numpy()] if images.classes and not wanted else np.array([])
    labels = {} if (classes == UNLABELLED).all() else {"labels": classes}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, codes=codes, files=np.array(list(images.names)), **labels)
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(out, buffer.getvalue())
    return codes.shape[0], codes.shape[1]


@torch.inference_mode()
def codes_of(net: Encodes, images: ImageFolder, path: Path) -> NDArray[np.float32]:
    """Return the codes (N, K) of images. Raises CheckpointError if they are not finite."""
    codes = torch.cat([net.encode(x).cpu() for x, _ in images.batches(EVALUATION_BATCH)])
    check_finite(path, codes)
    return np.asarray(codes.numpy())


def _holds_codes(path: Path) -> bool:
    """Return whether ``run_encode`` has written a file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not path.is_symlink() and {"codes.npy", "files.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
