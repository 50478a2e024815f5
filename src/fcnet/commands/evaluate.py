"""``fcnet eval`` and ``encode``, for every family of models."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcnet.commands import committee, image_files
from fcnet.commands.predict import files as as_trained
from fcnet.commands.read import choose_device, read_folder, read_split
from fcnet.commands.trained import locate
from fcnet.config.data import ImageSplit
from fcnet.config.names import Prepare, Which
from fcnet.data.dataset import ImageFolder
from fcnet.data.folder.listing import UNLABELLED
from fcnet.errors import ConfigError
from fcnet.families.common.classify import check_finite
from fcnet.families.common.family import Encodes, Result
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.files import naming
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits
from fcnet.training.evaluate import EVALUATION_BATCH


@limits.chosen()
def run_eval(
    runs: Sequence[Path],
    config_file: Path | None = None,
    split: str = "test",
    folder: ImageSplit | None = None,
    device: str = "auto",
    sinks: Sinks = SILENT,
    prepare: Prepare = "auto",
    weights: Which | None = None,
) -> Result:
    """Evaluate a model, or a committee of several: the mean of their probabilities.

    Args:
        runs: a run directory or model file (default: the newest run); several, or a pattern that means several, for
            their committee.
        config_file: for a model file outside any run directory.
        split: train, validation or test of its config.
        folder: other images, instead of ``split``.
        device: where to compute.
        sinks: for notices and warnings.
        prepare: whether photos in ``folder`` are prepared as the training images are.
        weights: of each run: best or last; the best if it has them, when None.
    """
    several = committee.expanded(runs, config_file)
    if len(several) > 1:
        members = committee.members(several, sinks, weights)
        return committee.evaluate(members, split, folder, choose_device(device), sinks, prepare)
    found = locate(several[0] if several else None, config_file, sinks, weights)
    where = choose_device(device)
    if folder is not None:
        preparing = as_trained.how(found, prepare, sinks)
        together = None if preparing is None else replace(preparing, single=False)
        images = read_folder(found.settings, folder, sinks=sinks, prepare=together)
        name = str(images.origin)
    else:
        images = read_split(found.settings, split, sinks)
        name = f"{split} ({images.origin})"
    trained = found.load(len(images.classes), where, sinks)
    return found.family.evaluate(trained, images.to(where), name)


@limits.chosen()
def run_encode(
    words: Sequence[str],
    out: Path,
    split: str | None = None,
    device: str = "auto",
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
    prepare: Prepare = "auto",
    weights: Which | None = None,
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
        prepare: whether photos are prepared as the training images are.
        weights: of a run: best or last; the best if it has them, when None.

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
    found = locate(run, config_file, sinks, weights)
    found.tell(sinks)
    where = choose_device(device)
    trained = found.load(len(found.settings.data.classes or ()), where, sinks)
    if not isinstance(trained.net, Encodes):
        others = find.of_kind("autoencoder", found.run)
        raise ConfigError(f"{found.path}: is of kind {found.settings.model.kind}; only autoencoders have codes{others}")
    if wanted:
        images, told = as_trained.read_files(found, wanted, (), sinks, prepare)
        as_trained.warn_of_problems(images.names, told, sinks)
    else:
        images = read_split(found.settings, split or "test", sinks)
    codes = codes_of(trained.net, images.to(where), found.path)
    _write_codes(out, codes, images, labelled=not wanted)
    return codes.shape[0], codes.shape[1]


def _write_codes(out: Path, codes: NDArray[np.float32], images: ImageFolder, labelled: bool) -> None:
    """Write codes (N, K), the files of their images, and, if these are of a config's split, their labels."""
    classes = np.array(images.classes)[images.labels.numpy()] if images.classes and labelled else np.array([])
    labels = {} if (classes == UNLABELLED).all() else {"labels": classes}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, codes=codes, files=np.array(list(images.names)), **labels)
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    files.write_bytes(out, buffer.getvalue())


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
