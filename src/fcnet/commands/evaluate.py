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
from fcnet.training.evaluate import EVALUATION_BATCH


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
        config_file: of a model file that lies in no run directory.
        split: train, validation or test of its config.
        folder: other images, in place of ``split``.
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


def run_predict(
    words: Sequence[str],
    device: str = "auto",
    out: Path | None = None,
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
) -> Result:
    """Classify image files, or reconstruct them with an autoencoder, with what lies in a run directory alone.

    Args:
        words: a run directory or model file, without which the newest run is meant; and files, folders (the images in
            them) and glob patterns.
        device: where to compute.
        out: folder for what an autoencoder reconstructs.
        config_file: of a model file that lies in no run directory.
        sinks: for notices and warnings.

    Raises:
        DataError: naming all that cannot be found or read, or would be overwritten; nothing is computed then.
        ConfigError: ``out``, of a classifier; or no images.
    """
    run, wanted = image_files.split(words)
    found = locate(run, config_file, sinks)
    if not wanted:
        raise ConfigError(f"IMAGE: is missing; give files, folders or patterns behind {run}")
    classifies = found.settings.model.classifies
    if out is not None and classifies:
        raise ConfigError(
            f"--out: is for the images that an autoencoder reconstructs; {found.path} is a classifier"
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
        found: the model that is to look at them.
        wanted: files, folders and patterns.
        classes: that the model tells apart.
        sinks: for notices and warnings.

    Raises:
        DataError: naming all that cannot be found or read.
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
    """The file in a folder for the reconstruction of each image. Raises DataError where images would be lost."""
    paths = [out / f"{Path(name).stem}.png" for name in names]
    doubled = sorted(str(path) for path, count in Counter(paths).items() if count > 1)
    if doubled:
        raise DataError(f"--out {out}: two images would be written to {', '.join(doubled[:3])}; give them apart")
    given = {os.path.realpath(name) for name in names}
    lost = [str(path) for path in paths if os.path.realpath(path) in given]
    if lost:
        raise DataError(
            f"--out {out}: would write over {', '.join(lost[:3])}, which {'is' if len(lost) == 1 else 'are'} among the"
            " images given; name another folder"
        )
    return paths


def run_encode(
    words: Sequence[str],
    out: Path,
    split: str | None = None,
    device: str = "auto",
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
) -> tuple[int, int]:
    """Write the codes of images: arrays ``codes`` (N, K), ``files`` (N,), and of a config's images ``labels`` (N,).

    Args:
        words: a run directory or model file, without which the newest run is meant; and files, folders and patterns,
            without which a split of the run's config is.
        out: the .npz file.
        split: of the config; test where it is None.
        device: where to compute.
        config_file: of a model file that lies in no run directory.
        sinks: for notices and warnings.

    Returns:
        Images, and values of a code.
    """
    if out.suffix != ".npz":
        raise ConfigError(f"--out {out}: codes are written as NumPy's .npz; give a name that ends so")
    if (out.exists() or out.is_symlink()) and not _holds_codes(out):
        raise ConfigError(f"--out {out}: is there already and holds no codes of fcnet's; name another file")
    run, wanted = image_files.split(words)
    if split is not None and wanted:
        raise ConfigError("--split, IMAGE: choose one of the two")
    found = locate(run, config_file, sinks)
    where = choose_device(device)
    trained = found.load(len(found.settings.data.classes or ()), where, sinks)
    if not isinstance(trained.net, Encodes):
        others = find.of_kind("autoencoder", found.run)
        raise ConfigError(
            f"{found.path}: is of kind {found.settings.model.kind}; only an autoencoder has codes{others}"
        )
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
    """Return whether a file is one that ``run_encode`` has written."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not path.is_symlink() and {"codes.npy", "files.npy"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
